//! Pages inside other people's pages, and pages that a link leads to: connect, one connection, all, a request.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use membrane_engine::{Engine, PageGrant, PageScope};
use membrane_model::{ErrorCode, Fault, SessionId};

use super::pages::{Fields, picked, shown};
use crate::extract::Segment;
use crate::html::{Boot, Theme, View, connect_page};

/// Shows a page, or on a page why it can't be shown.
fn or_problem(engine: &Engine, shown: Result<Response, Fault>) -> Response {
    shown.unwrap_or_else(|fault| {
        let status = StatusCode::from_u16(fault.code.http_status()).unwrap_or(StatusCode::BAD_REQUEST);
        let view = View::Problem { error: Box::new(fault.to_wire()) };
        let boot = Boot { token: None, view, theme: Theme::Auto, redirect_uri: None, flow: None, opener: None };
        connect_page(engine, status, &boot)
    })
}

/// What a page that is asked for is about.
enum Asked {
    Connect,
    Connection,
    Reconnect,
    Connections,
}

async fn open(engine: &Engine, request: Request, asked: Asked, key: Option<String>) -> Result<Response, Fault> {
    let (fields, headers) = Fields::read(request).await?;
    let theme = Theme::read(fields.text("theme").as_deref());
    if let Some(code) = fields.text("code") {
        let grant = engine.follow_page_link(&code).await?;
        let view = view_of_link(&grant, fields.text("intent"));
        return shown(engine, grant, view, theme);
    }
    let Some(token) = fields.text("token") else {
        return Err(Fault::new(ErrorCode::NotAuthenticated, "this page needs a link that is still good")
            .hint("Ask for a new link, or open Membrane on this computer."));
    };
    let caller = engine.authenticate(&token)?;
    let mut grant = fields.grant(engine, &caller, &headers)?;
    let (view, grant) = match asked {
        Asked::Connect => {
            if let Some(key) = key {
                grant.app = Some(key.parse()?);
            }
            let intent = fields.text("intent").unwrap_or_default();
            match (&grant.scope, &grant.app) {
                (PageScope::Connection(id), _) => (View::Reconnect { id: id.clone() }, grant),
                (_, Some(app)) => {
                    engine.app_detail(app)?;
                    (View::App { key: app.to_string() }, grant)
                }
                (_, None) => match picked(engine, &intent)? {
                    Some(app) => (View::App { key: app.to_string() }, grant),
                    None => (View::Search { intent }, grant),
                },
            }
        }
        Asked::Connection | Asked::Reconnect => {
            if let Some(key) = key {
                let connection = engine.resolve(&caller, &key)?;
                grant.app = Some(connection.app);
                grant.scope = PageScope::Connection(connection.id);
            }
            let PageScope::Connection(id) = grant.scope.clone() else {
                return Err(Fault::new(ErrorCode::BadRequest, "connectionId is missing"));
            };
            let view = match asked {
                Asked::Reconnect => View::Reconnect { id },
                Asked::Connection | Asked::Connect | Asked::Connections => View::Connection { id },
            };
            (view, grant)
        }
        Asked::Connections => match grant.connection_request.clone() {
            Some(id) => {
                // What was asked for counts, and not what the link says.
                let request = engine.request(&caller, &id)?;
                grant.app = request.integration_key;
                grant.name = request.name;
                grant.key = request.connection_key;
                grant.allow_multiple = request.allow_multiple_connections.unwrap_or(false);
                grant.flow = Some(id.to_string());
                (View::Request { id }, grant)
            }
            // Who sees them all and connects one more means one more.
            None => (View::Connections, PageGrant { scope: PageScope::All, app: None, allow_multiple: true, ..grant }),
        },
    };
    shown(engine, grant, view, theme)
}

fn view_of_link(grant: &PageGrant, intent: Option<String>) -> View {
    if let Some(id) = &grant.connection_request {
        return View::Request { id: id.clone() };
    }
    if let Some(id) = &grant.session {
        return View::Session { id: id.clone() };
    }
    match &grant.scope {
        PageScope::Connection(id) => View::Connection { id: id.clone() },
        PageScope::All => View::Connections,
        PageScope::Connect => View::Search { intent: intent.unwrap_or_default() },
    }
}

/// `GET` and `POST /screens/connect`, `GET /embed/connect`.
pub(super) async fn connect(State(engine): State<Engine>, request: Request) -> Response {
    or_problem(&engine, open(&engine, request, Asked::Connect, None).await)
}

/// `POST /screens/integrations/:key/connect`, `GET /embed/integrations/:key/connect`.
pub(super) async fn connect_app(
    State(engine): State<Engine>,
    Segment(key): Segment<String>,
    request: Request,
) -> Response {
    or_problem(&engine, open(&engine, request, Asked::Connect, Some(key)).await)
}

/// `GET` and `POST /screens/connection`.
pub(super) async fn connection(State(engine): State<Engine>, request: Request) -> Response {
    or_problem(&engine, open(&engine, request, Asked::Connection, None).await)
}

/// `GET /embed/connections/:id/refresh`.
pub(super) async fn reconnect(
    State(engine): State<Engine>,
    Segment(id): Segment<String>,
    request: Request,
) -> Response {
    or_problem(&engine, open(&engine, request, Asked::Reconnect, Some(id)).await)
}

/// `GET` and `POST /screens/connections`, `GET /embed/main`.
pub(super) async fn connections(State(engine): State<Engine>, request: Request) -> Response {
    or_problem(&engine, open(&engine, request, Asked::Connections, None).await)
}

/// `GET /screens/return?session=`: where the browser comes back to; the page's token is behind the `#`.
pub(super) async fn returned(State(engine): State<Engine>, request: Request) -> Response {
    let read = Fields::read(request).await;
    let id = read.and_then(|(fields, _)| Ok(fields.text("session").unwrap_or_default().parse::<SessionId>()?));
    let page = id.map(|id| {
        let view = View::Return { id };
        let boot = Boot { token: None, view, theme: Theme::Auto, redirect_uri: None, flow: None, opener: None };
        connect_page(&engine, StatusCode::OK, &boot)
    });
    or_problem(&engine, page)
}
