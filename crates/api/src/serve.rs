//! The listeners: a Unix socket for the person's own processes, TCP on loopback for programs with a token.

use std::convert::Infallible;
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use membrane_engine::{Caller, Engine, Paths};
use membrane_model::{ErrorCode, Fault};
use serde_json::json;
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::guard::{self, Door};

/// The port that is tried first; the next ones follow.
const FIRST_PORT: u16 = 4780;
/// The ports that redirects are registered with.
const CALLBACK_PORTS: std::ops::RangeInclusive<u16> = FIRST_PORT..=FIRST_PORT + 2;
/// How many ports are tried before the system picks one.
const PORTS_TRIED: u16 = 20;
/// The most that a request's head may be, in bytes.
const HEAD_MAX: usize = 16 * 1024;
/// How long a client may take to send a request's head.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// How many TCP connections may be open at once, streams that live long among them.
const CONNECTIONS_MAX: usize = 256;
/// How long requests that are under way may take to end.
const DRAIN: Duration = Duration::from_secs(3);

/// What is chosen at start.
#[derive(Clone, Default)]
pub struct ServeOptions {
    /// A port to insist on.
    pub port: Option<u16>,
    /// What is served beside the API, behind the same door.
    pub beside: Beside,
}

/// Endpoints beside the API's own, each with a path of its own. Token, host and origin are checked for them as for
/// any route, and the request says who calls.
#[derive(Clone, Default)]
pub struct Beside(Router);

impl Beside {
    /// Adds an endpoint.
    #[must_use]
    pub fn with<S>(self, path: &str, service: S) -> Self
    where
        S: tower::Service<Request, Error = Infallible> + Clone + Send + Sync + 'static,
        S::Response: IntoResponse,
        S::Future: Send + 'static,
    {
        Self(self.0.route_service(path, service))
    }
}

/// The running listeners.
pub struct Serving {
    /// `http://127.0.0.1:4780`; none when no port could be had.
    pub api_uri: Option<String>,
    tasks: JoinSet<()>,
    stop: tokio_util::sync::CancellationToken,
    paths: Paths,
}

impl Serving {
    /// Stops listening, lets requests that are under way end, and removes the socket.
    pub async fn stop(mut self) {
        self.stop.cancel();
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(DRAIN, ended).await.is_err() {
            self.tasks.abort_all();
        }
        for file in [self.paths.socket.clone(), self.paths.endpoint()] {
            if let Err(error) = std::fs::remove_file(&file)
                && error.kind() != ErrorKind::NotFound
            {
                tracing::debug!("failed to remove {}: {error}", file.display());
            }
        }
    }
}

/// Starts listening and tells the engine where.
///
/// # Errors
/// `UnsafeDataFolder` when the runtime folder isn't private, `AlreadyRunning` when somebody listens on the socket, and
/// `BadRequest` when a port that was insisted on is taken.
pub async fn serve(engine: &Engine, options: ServeOptions) -> Result<Serving, Fault> {
    let paths = engine.paths().clone();
    let socket = bind_socket(&paths).await?;
    let (tcp, note) = bind_tcp(engine, options.port).await?;
    let port = tcp.as_ref().and_then(|listener| listener.local_addr().ok()).map(|address| address.port());
    let api_uri = port.map(|port| format!("http://127.0.0.1:{port}"));
    write_endpoint(&paths, api_uri.as_deref())?;
    // Said before anybody is answered, so that the first one who asks hears it.
    engine.listening(api_uri.clone(), port.filter(|port| CALLBACK_PORTS.contains(port)), note);
    let stop = tokio_util::sync::CancellationToken::new();
    let mut tasks = JoinSet::new();
    let router = crate::router(engine.clone()).merge(options.beside.0);
    tasks.spawn(serve_unix(socket, router.clone(), stop.clone()));
    if let (Some(listener), Some(port)) = (tcp, port) {
        let door = Door { engine: engine.clone(), port, limits: Arc::default() };
        tasks.spawn(serve_tcp(listener, router.layer(from_fn_with_state(door, guard::tcp)), stop.clone()));
    }
    Ok(Serving { api_uri, tasks, stop, paths })
}

/// Binds the socket; a stale one is told by nobody answering.
async fn bind_socket(paths: &Paths) -> Result<UnixListener, Fault> {
    let folder = paths.socket.parent().unwrap_or(&paths.runtime);
    private_folder(&paths.runtime)?;
    private_folder(folder)?;
    match UnixListener::bind(&paths.socket) {
        Ok(listener) => return Ok(private(listener, &paths.socket)),
        Err(error) if error.kind() == ErrorKind::AddrInUse => {}
        Err(error) => return Err(failed("listen on the socket", &error)),
    }
    if tokio::net::UnixStream::connect(&paths.socket).await.is_ok() {
        return Err(Fault::new(ErrorCode::AlreadyRunning, "another process answers on the API's socket"));
    }
    std::fs::remove_file(&paths.socket).map_err(|e| failed("remove a stale socket", &e))?;
    let listener = UnixListener::bind(&paths.socket).map_err(|e| failed("listen on the socket", &e))?;
    Ok(private(listener, &paths.socket))
}

/// The folder is private already; the socket's own mode is the second lock.
fn private(listener: UnixListener, socket: &Path) -> UnixListener {
    use std::os::unix::fs::PermissionsExt;
    if let Err(error) = std::fs::set_permissions(socket, std::fs::Permissions::from_mode(0o600)) {
        tracing::warn!("failed to make the socket private: {error}");
    }
    listener
}

fn private_folder(folder: &Path) -> Result<(), Fault> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|e| failed("make the runtime folder", &e))?;
    let found = std::fs::metadata(folder).map_err(|e| failed("look at the runtime folder", &e))?;
    let ours = found.uid() == rustix::process::geteuid().as_raw();
    if !ours || found.mode() & 0o077 != 0 {
        let what = if ours { "open to others" } else { "somebody else's" };
        return Err(Fault::new(
            ErrorCode::UnsafeDataFolder,
            format!("the runtime folder {} is {what}", folder.display()),
        ));
    }
    Ok(())
}

/// Binds the port that was saved, else the first free one. Without any port the socket still works.
async fn bind_tcp(engine: &Engine, insisted: Option<u16>) -> Result<(Option<TcpListener>, Option<String>), Fault> {
    let bind = |port: u16| TcpListener::bind(("127.0.0.1", port));
    if let Some(port) = insisted {
        let listener = bind(port).await.map_err(|error| {
            Fault::new(ErrorCode::BadRequest, format!("port {port} can't be used: {}", error.kind()))
                .hint("Choose another with --port, or leave it out to take the next free one.")
        })?;
        return Ok((Some(listener), None));
    }
    if let Some(port) = engine.saved_port()? {
        if let Ok(listener) = bind(port).await {
            return Ok((Some(listener), None));
        }
        let note =
            format!("port {port} is taken by another program; clients of this API use the socket or the port shown");
        return Ok((bind(0).await.ok(), Some(note)));
    }
    for port in FIRST_PORT..FIRST_PORT + PORTS_TRIED {
        if let Ok(listener) = bind(port).await {
            engine.save_port(port)?;
            return Ok((Some(listener), None));
        }
    }
    Ok((bind(0).await.ok(), None))
}

fn write_endpoint(paths: &Paths, api_uri: Option<&str>) -> Result<(), Fault> {
    use std::io::Write;
    let endpoint = paths.endpoint();
    let draft = endpoint.with_extension("new");
    let text = json!({ "apiUri": api_uri, "socket": paths.socket, "pid": std::process::id() }).to_string();
    let write = || -> std::io::Result<()> {
        let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
        file.write_all(text.as_bytes())?;
        std::fs::rename(&draft, &endpoint)
    };
    write().map_err(|e| failed("write the endpoint file", &e))
}

async fn serve_unix(listener: UnixListener, router: Router, stop: tokio_util::sync::CancellationToken) {
    let own = rustix::process::geteuid().as_raw();
    // Once for all: it goes through every route.
    let router = router.layer(axum::Extension(Caller::Terminal));
    let mut open = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        while open.try_join_next().is_some() {}
        let Ok((stream, _)) = accepted else { continue };
        // The folder and the mode keep others out; this holds even where they are wrong.
        match stream.peer_cred() {
            Ok(peer) if peer.uid() == own => {}
            Ok(_) | Err(_) => continue,
        }
        open.spawn(converse(TokioIo::new(stream), router.clone(), stop.clone()));
    }
    while open.join_next().await.is_some() {}
}

async fn serve_tcp(listener: TcpListener, router: Router, stop: tokio_util::sync::CancellationToken) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut open = JoinSet::new();
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { break };
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        while open.try_join_next().is_some() {}
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let (router, stop) = (router.clone(), stop.clone());
        open.spawn(async move {
            let _place = place;
            converse(TokioIo::new(stream), router, stop).await;
        });
    }
    while open.join_next().await.is_some() {}
}

async fn converse<I>(io: I, router: Router, stop: tokio_util::sync::CancellationToken)
where
    I: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
{
    let service = TowerToHyperService::new(router);
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(HEAD_MAX)
        .serve_connection(io, service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!("a client's connection ended: {error}");
    }
}

fn failed(what: &str, error: &std::io::Error) -> Fault {
    Fault::new(ErrorCode::StorageError, format!("failed to {what}: {}", error.kind()))
}
