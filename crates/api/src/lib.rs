//! The contract: routes, authentication, event stream, browser-facing pages.
