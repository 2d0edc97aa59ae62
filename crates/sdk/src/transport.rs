//! One HTTP/1.1 request to the engine: over a fresh connection to this computer, or to a router in the same process.

use std::convert::Infallible;
use std::fmt::Display;
use std::future::Future;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http::{Extensions, Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpStream, UnixStream};
use tower::{Service, ServiceExt};

use crate::SdkError;

/// The body of an answer, wherever it comes from.
pub type Incoming = UnsyncBoxBody<Bytes, SdkError>;

type Reply = Pin<Box<dyn Future<Output = Response<Incoming>> + Send>>;

/// A router in the same process.
type Router = Arc<dyn Fn(Request<Full<Bytes>>) -> Reply + Send + Sync>;

/// Where the engine listens.
#[derive(Clone)]
pub(crate) enum Place {
    /// The Unix socket.
    Socket(PathBuf),
    /// `127.0.0.1:PORT`.
    Tcp(String),
    /// In this process; the extensions say on whose behalf.
    Process { router: Router, caller: Extensions },
}

impl Place {
    /// Reaches a router in this process.
    pub(crate) fn process<S, B>(service: S) -> Self
    where
        S: Service<Request<Full<Bytes>>, Response = Response<B>, Error = Infallible> + Clone + Send + Sync + 'static,
        S::Future: Send,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Display,
    {
        let router = move |request: Request<Full<Bytes>>| -> Reply {
            let service = service.clone();
            Box::pin(async move {
                match service.oneshot(request).await {
                    Ok(response) => response.map(erased),
                    Err(never) => match never {},
                }
            })
        };
        Self::Process { router: Arc::new(router), caller: Extensions::new() }
    }

    /// Sends a request.
    pub(crate) async fn send(&self, mut request: Request<Full<Bytes>>) -> Result<Response<Incoming>, SdkError> {
        match self {
            Self::Socket(path) => {
                let stream = UnixStream::connect(path).await.map_err(|error| unreachable(&error))?;
                converse(TokioIo::new(stream), request).await
            }
            Self::Tcp(address) => {
                let stream = TcpStream::connect(address).await.map_err(|error| unreachable(&error))?;
                converse(TokioIo::new(stream), request).await
            }
            Self::Process { router, caller } => {
                request.extensions_mut().extend(caller.clone());
                Ok(router(request).await)
            }
        }
    }

    /// Returns what goes into the `Host` header.
    pub(crate) fn host(&self) -> &str {
        match self {
            Self::Socket(_) | Self::Process { .. } => "localhost",
            Self::Tcp(address) => address,
        }
    }
}

async fn converse<I>(io: I, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, SdkError>
where
    I: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::handshake(io).await.map_err(|error| SdkError::Broken(error.to_string()))?;
    tokio::spawn(async move {
        // What ends the connection early is seen by the reader of the answer.
        let _ended = connection.await;
    });
    let response = sender.send_request(request).await.map_err(|error| SdkError::Broken(error.to_string()))?;
    Ok(response.map(erased))
}

fn erased<B>(body: B) -> Incoming
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Display,
{
    body.map_err(|error| SdkError::Broken(error.to_string())).boxed_unsync()
}

fn unreachable(error: &std::io::Error) -> SdkError {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::ConnectionRefused => SdkError::NotRunning,
        kind => SdkError::Broken(kind.to_string()),
    }
}
