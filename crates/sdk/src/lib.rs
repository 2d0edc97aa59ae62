//! Typed Rust client of the local API over HTTP and the Unix socket.
