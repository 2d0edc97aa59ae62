//! One HTTP/1.1 request over a fresh connection to this computer.

use std::io::ErrorKind;
use std::path::PathBuf;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpStream, UnixStream};

use crate::SdkError;

/// Where the engine listens.
#[derive(Clone)]
pub(crate) enum Place {
    /// The Unix socket.
    Socket(PathBuf),
    /// `127.0.0.1:PORT`.
    Tcp(String),
}

impl Place {
    /// Sends a request.
    pub(crate) async fn send(&self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, SdkError> {
        match self {
            Self::Socket(path) => {
                let stream = UnixStream::connect(path).await.map_err(|error| unreachable(&error))?;
                converse(TokioIo::new(stream), request).await
            }
            Self::Tcp(address) => {
                let stream = TcpStream::connect(address).await.map_err(|error| unreachable(&error))?;
                converse(TokioIo::new(stream), request).await
            }
        }
    }

    /// Returns what goes into the `Host` header.
    pub(crate) fn host(&self) -> &str {
        match self {
            Self::Socket(_) => "localhost",
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
    sender.send_request(request).await.map_err(|error| SdkError::Broken(error.to_string()))
}

fn unreachable(error: &std::io::Error) -> SdkError {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::ConnectionRefused => SdkError::NotRunning,
        kind => SdkError::Broken(kind.to_string()),
    }
}
