//! The client: an address, a token where one is needed, and how a call is made.

use std::convert::Infallible;
use std::fmt::Display;
use std::path::PathBuf;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{Extensions, HeaderValue, Method, Request, Response};
use http_body_util::{BodyExt, Full};
use membrane_model::WireError;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::SdkError;
use crate::transport::{Incoming, Place};

/// The engine reads no longer request target.
const TARGET_MAX: usize = 8 * 1024;

/// A client of one engine. Cheap to clone; each call uses a connection of its own.
#[derive(Clone)]
pub struct Client {
    place: Place,
    token: Option<HeaderValue>,
    controls: bool,
}

impl Client {
    /// Reaches the engine over its Unix socket, as the person.
    #[must_use]
    pub fn unix(socket: impl Into<PathBuf>) -> Self {
        Self { place: Place::Socket(socket.into()), token: None, controls: false }
    }

    /// Reaches the engine over HTTP with a client's token (`pat-…`).
    ///
    /// # Errors
    /// `Address` for anything but `http://127.0.0.1:PORT` or `http://localhost:PORT`, or a token that can't be one.
    pub fn http(origin: &str, token: &str) -> Result<Self, SdkError> {
        let url = url::Url::parse(origin).map_err(|_| SdkError::Address)?;
        let local = matches!(url.host_str(), Some("127.0.0.1" | "localhost"));
        let port = url.port().filter(|_| url.scheme() == "http" && local).ok_or(SdkError::Address)?;
        let mut token = HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| SdkError::Address)?;
        token.set_sensitive(true);
        Ok(Self { place: Place::Tcp(format!("127.0.0.1:{port}")), token: Some(token), controls: false })
    }

    /// Reaches an engine's router in the same process. Every call is made by nobody in particular until
    /// [`Self::acting_for`] says on whose behalf.
    #[must_use]
    pub fn in_process<S, B>(router: S) -> Self
    where
        S: tower::Service<Request<Full<Bytes>>, Response = Response<B>, Error = Infallible>
            + Clone
            + Send
            + Sync
            + 'static,
        S::Future: Send,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Display,
    {
        Self { place: Place::process(router), token: None, controls: false }
    }

    /// Makes calls in the same process on behalf of whoever made another request: what its extensions say of the caller
    /// goes with every call. Elsewhere it changes nothing: there the token or the socket says who calls.
    #[must_use]
    pub fn acting_for(mut self, extensions: &Extensions) -> Self {
        if let Place::Process { caller, .. } = &mut self.place {
            *caller = extensions.clone();
        }
        self
    }

    /// Calls any route and reads the answer's JSON.
    ///
    /// # Errors
    /// [`SdkError`].
    pub async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&(impl Serialize + ?Sized)>,
    ) -> Result<T, SdkError> {
        let response = self.open(method, path, body).await?;
        let body = response.collect().await?.to_bytes();
        serde_json::from_slice(&body).map_err(|error| SdkError::Broken(error.to_string()))
    }

    /// Makes a request and returns the body of a good answer, unread.
    pub(crate) async fn open(
        &self,
        method: Method,
        path: &str,
        body: Option<&(impl Serialize + ?Sized)>,
    ) -> Result<Incoming, SdkError> {
        let response = self.exchange(method, path, body).await?;
        if response.status().is_success() { Ok(response.into_body()) } else { Err(failure(response).await) }
    }

    /// Makes a request and returns the answer, whatever it is.
    pub(crate) async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: Option<&(impl Serialize + ?Sized)>,
    ) -> Result<Response<Incoming>, SdkError> {
        if path.len() > TARGET_MAX {
            return Err(SdkError::TooLong);
        }
        let bytes = match body {
            Some(body) => serde_json::to_vec(body).map_err(|error| SdkError::Broken(error.to_string()))?,
            None => Vec::new(),
        };
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, self.place.host())
            .header(ACCEPT, "application/json");
        if body.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        if self.controls {
            request = request.header("x-sandbox-control", "1");
        }
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, token.clone());
        }
        let request =
            request.body(Full::new(Bytes::from(bytes))).map_err(|error| SdkError::Broken(error.to_string()))?;
        self.place.send(request).await
    }
}

/// Reads why the engine did not do what was asked.
pub(crate) async fn failure(response: Response<Incoming>) -> SdkError {
    let status = response.status();
    match response.into_body().collect().await {
        Ok(body) => match serde_json::from_slice::<WireError>(&body.to_bytes()) {
            Ok(error) => SdkError::Wire(Box::new(error)),
            Err(_) => SdkError::Broken(format!("status {status}")),
        },
        Err(error) => error,
    }
}

impl Client {
    /// Reaches the sandbox's controls (`/control/…`), which answer requests that no web page can make.
    ///
    /// # Errors
    /// `Address` for anything but an origin on this computer.
    pub fn sandbox(origin: &str) -> Result<Self, SdkError> {
        let mut client = Self::http(origin, "")?;
        client.token = None;
        client.controls = true;
        Ok(client)
    }
}
