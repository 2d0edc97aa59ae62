//! Apps as data: the file format, its validation, and intent search.

mod app;
mod auth;
pub mod capability;
mod catalog;
pub mod draft;
mod error;
mod fields;
pub mod lint;
mod login;
mod parse;
mod request;
mod search;
pub mod template;
mod text;

pub use app::{Api, App, Checked, Source};
pub use auth::{
    AuthMethod, ClientSource, ErrorCodes, Loopback, OauthFacts, Pkce, Redirects, Rotation, Scope, Setup, TokenAuth,
    TokenBody, TokenFacts,
};
pub use catalog::{Catalog, parse_app};
pub use error::AppFileError;
pub use fields::{FieldProblem, check_field};
pub use login::{Choose, Keep, Login, LoginBody};
pub use request::{AccountPointers, HttpCheck, HttpMethod, Identity, ReplyCheck, Send, Verdict};
pub use template::Template;
pub use text::TextTemplate;
