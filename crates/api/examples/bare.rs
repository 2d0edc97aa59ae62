//! The least that axum takes to answer with given bytes on a Unix socket: what the API's own answers are measured beside.

use axum::Router;
use axum::body::Bytes;
use axum::http::header;
use axum::routing::get;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(socket), Some(file)) = (arguments.next(), arguments.next()) else {
        return Err(std::io::Error::other("usage: bare SOCKET FILE"));
    };
    let body = Bytes::from(std::fs::read(file)?);
    let answer = move || std::future::ready(([(header::CONTENT_TYPE, "application/json")], body.clone()));
    let router = Router::new().route("/connections", get(answer));
    axum::serve(tokio::net::UnixListener::bind(socket)?, router).await
}
