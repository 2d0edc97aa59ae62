//! Connecting in a browser: the popup, hidden frame or redirect of `connect()`. The token is in the form or the query.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{RawQuery, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use http_body_util::{BodyExt, Limited};
use membrane_engine::{Caller, Engine, FlowMessage, FlowOutcome, PageGrant, PageScope, StartSession, Whose};
use membrane_model::{AppKey, ErrorCode, Fault, RequestId, SearchOutcome, Session, SessionState};
use serde_json::{Map, Value, json};

use super::connect::{is_yes, values};
use crate::error::ApiError;
use crate::extract::{BODY_MAX, BODY_TIME, Guest};
use crate::html::{Boot, Report, Theme, View, connect_page, report_page};

/// What a form or query says, as the official clients write it.
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    /// Reads a query, a form, and the JSON in their `payload`; the payload goes before the rest.
    pub(super) async fn read(request: Request) -> Result<(Self, HeaderMap), Fault> {
        let (parts, body) = request.into_parts();
        let mut all = Map::new();
        let mut pairs: Vec<(String, String)> = Vec::new();
        let decode = |text: &[u8]| url::form_urlencoded::parse(text).into_owned().collect::<Vec<_>>();
        pairs.extend(decode(parts.uri.query().unwrap_or_default().as_bytes()));
        if parts.method == Method::POST {
            let broken = || Fault::new(ErrorCode::UnsupportedBody, "the form is larger than 1 MiB, slow, or broke off");
            let reading = tokio::time::timeout(BODY_TIME, Limited::new(body, BODY_MAX).collect());
            let bytes = reading.await.map_err(|_| broken())?.map_err(|_| broken())?.to_bytes();
            pairs.extend(decode(&bytes));
        }
        let mut payload = None;
        for (name, value) in pairs {
            if name == "payload" {
                payload = Some(value);
            } else {
                all.insert(name, Value::String(value));
            }
        }
        if let Some(payload) = payload {
            match serde_json::from_str::<Value>(&payload) {
                Ok(Value::Object(object)) => all.extend(object),
                Ok(_) | Err(_) => {
                    return Err(Fault::new(ErrorCode::BadRequest, "payload is no JSON object"));
                }
            }
        }
        Ok((Self(all), parts.headers))
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        let text = match self.0.get(name)? {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
        };
        (!text.is_empty()).then_some(text)
    }

    /// Returns the app that is named, under any of the wire's names.
    pub(super) fn app(&self) -> Result<Option<AppKey>, Fault> {
        let names =
            ["integrationKey", "integrationId", "connectorKey", "connectorId", "externalAppKey", "externalAppId"];
        let named = names.iter().find_map(|name| self.text(name));
        named.map(|text| text.parse::<AppKey>().map_err(Fault::from)).transpose()
    }

    /// Returns the values of form fields, under their name and their older one.
    fn input(&self) -> Result<BTreeMap<String, String>, Fault> {
        let mut all = BTreeMap::new();
        for name in ["connectionParameters", "input"] {
            let object = match self.0.get(name) {
                Some(Value::Object(object)) => object.clone(),
                Some(Value::String(text)) => serde_json::from_str(text).unwrap_or_default(),
                _ => continue,
            };
            all.extend(values(name, object).map_err(|error| error.0)?);
        }
        Ok(all)
    }

    /// Returns what a page that is opened for a caller may do.
    pub(super) fn grant(&self, engine: &Engine, caller: &Caller, headers: &HeaderMap) -> Result<PageGrant, Fault> {
        let request = self.text("connectionRequestId").map(|text| text.parse::<RequestId>()).transpose()?;
        if let Some(id) = &request {
            engine.request(caller, id)?;
        }
        let connection = self.text("connectionId").map(|id| engine.resolve(caller, &id)).transpose()?;
        let redirect_uri = self.text("redirectUri").map(|uri| engine.check_redirect(&uri)).transpose()?;
        Ok(PageGrant {
            tenant: Whose(caller.tenant()),
            asked_by: caller.name(),
            scope: match &connection {
                Some(connection) => PageScope::Connection(connection.id.clone()),
                None => PageScope::Connect,
            },
            name: self.text("name"),
            key: self.text("connectionKey"),
            auth_method: self.text("authOptionKey"),
            allow_multiple: self.0.get("allowMultipleConnections").is_some_and(is_yes),
            app: match connection {
                Some(connection) => Some(connection.app),
                None => self.app()?,
            },
            flow: self.text("requestId").filter(|id| id.len() <= 100),
            connection_request: request,
            redirect_uri,
            opener: opener(headers),
            ..PageGrant::default()
        })
    }
}

/// Returns the origin of the page that a navigation started at.
fn opener(headers: &HeaderMap) -> Option<String> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let origin = text(header::ORIGIN).filter(|origin| *origin != "null");
    let page = origin.or_else(|| text(header::REFERER)).and_then(|page| url::Url::parse(page).ok())?;
    Some(page.origin().ascii_serialization()).filter(|origin| origin != "null")
}

/// `GET /connect`, `GET` and `POST /connection-popup`.
pub(super) async fn connect(State(engine): State<Engine>, request: Request) -> Response {
    connect_form(engine, request).await
}

/// The popup, hidden frame or window of a page that connects.
pub(super) async fn connect_form(engine: Engine, request: Request) -> Response {
    let (fields, headers) = match Fields::read(request).await {
        Ok(read) => read,
        Err(fault) => return failed(&engine, &fault, None, None),
    };
    let token = fields.text("token").unwrap_or_default();
    let caller = match engine.authenticate(&token) {
        Ok(caller) => caller,
        Err(fault) => return failed(&engine, &fault, None, opener(&headers)),
    };
    let flow = fields.text("requestId").filter(|id| id.len() <= 100);
    let hidden = headers.get("sec-fetch-dest").is_some_and(|dest| dest == "iframe" || dest == "frame");
    match begin(&engine, &caller, &fields, &headers, hidden).await {
        Ok(response) => response,
        Err(fault) => failed(&engine, &fault, flow, opener(&headers)),
    }
}

async fn begin(
    engine: &Engine,
    caller: &Caller,
    fields: &Fields,
    headers: &HeaderMap,
    hidden: bool,
) -> Result<Response, Fault> {
    let mut grant = fields.grant(engine, caller, headers)?;
    let input = fields.input()?;
    let theme = Theme::read(fields.text("theme").as_deref());
    let intent = fields.text("intent").unwrap_or_default();
    let picked = if grant.app.is_none() && !intent.is_empty() { picked(engine, &intent)? } else { None };
    let app = grant.app.clone().or(picked);
    let Some(app) = app else {
        return shown(engine, grant, View::Search { intent }, theme);
    };
    let detail = engine.app_detail(&app)?;
    // With several ways and none chosen the person chooses; the same for an app that needs a set-up first.
    let repair = matches!(grant.scope, PageScope::Connection(_));
    let chosen =
        grant.auth_method.clone().or((detail.auth_methods.len() == 1).then(|| detail.auth_methods[0].key.clone()));
    let set_up = detail
        .auth_methods
        .iter()
        .any(|method| Some(&method.key) == chosen.as_ref() && method.needs_client && method.client.is_none());
    if !hidden && !repair && (chosen.is_none() || set_up) {
        grant.app = fields.app()?;
        return shown(engine, grant, View::App { key: app.to_string() }, theme);
    }
    let connection = match &grant.scope {
        PageScope::Connection(id) => Some(id.clone()),
        PageScope::Connect | PageScope::All => None,
    };
    let (token, page) = engine.open_page(grant.clone())?;
    let start = StartSession {
        app: Some(app),
        connection,
        auth_method: grant.auth_method.clone(),
        input,
        ..StartSession::default()
    };
    let session = engine.start_session_as(&Caller::Page(page), start).await?;
    next(engine, &session, grant, token, theme, hidden).await
}

/// Leads on to where the attempt stands: its end, the provider, or our page.
async fn next(
    engine: &Engine,
    session: &Session,
    grant: PageGrant,
    token: String,
    theme: Theme,
    hidden: bool,
) -> Result<Response, Fault> {
    // Where another account signed in the person decides, if there is one to see the page.
    let undecided =
        matches!(&session.state, SessionState::Failed { error } if error.data.code == ErrorCode::AccountMismatch);
    if let Some(outcome) = engine.outcome(&session.id).filter(|_| hidden || !undecided) {
        return Ok(reported(engine, outcome, grant.flow, grant.opener, grant.redirect_uri));
    }
    if let SessionState::AwaitingUser { authorization_url, fields, problem, .. } = &session.state {
        if hidden {
            engine.cancel_session(&session.id).await?;
            let missing = fields.iter().map(|field| field.label.as_str()).collect::<Vec<_>>().join(", ");
            return Err(match problem {
                Some(problem) => problem.clone().into_fault(),
                None if fields.is_empty() => Fault::new(ErrorCode::BadRequest, "this way to connect needs a window"),
                None => Fault::new(ErrorCode::InvalidField, format!("missing: {missing}")),
            });
        }
        if let Some(url) = authorization_url {
            return Ok(Redirect::to(url).into_response());
        }
    }
    let boot = Boot {
        token: Some(token),
        view: View::Session { id: session.id.clone() },
        theme,
        redirect_uri: grant.redirect_uri,
        flow: grant.flow,
        opener: grant.opener,
    };
    Ok(connect_page(engine, StatusCode::OK, &boot))
}

/// Opens a page for a grant and shows it.
pub(super) fn shown(engine: &Engine, grant: PageGrant, view: View, theme: Theme) -> Result<Response, Fault> {
    let (redirect_uri, flow, opener) = (grant.redirect_uri.clone(), grant.flow.clone(), grant.opener.clone());
    let (token, _page) = engine.open_page(grant)?;
    let boot = Boot { token: Some(token), view, theme, redirect_uri, flow, opener };
    Ok(connect_page(engine, StatusCode::OK, &boot))
}

/// Returns the app that an intent means, where it means one.
pub(super) fn picked(engine: &Engine, intent: &str) -> Result<Option<AppKey>, Fault> {
    let result = engine.search(intent)?;
    Ok(match result.outcome {
        SearchOutcome::Pick => result.items.into_iter().next().map(|item| item.key),
        SearchOutcome::Choose | SearchOutcome::None => None,
    })
}

/// Reports a failure to whoever waits for it.
fn failed(engine: &Engine, fault: &Fault, flow: Option<String>, opener: Option<String>) -> Response {
    let outcome = FlowOutcome::Failed {
        error: fault.message.clone(),
        error_data: Box::new(fault.to_wire()),
        connection_id: None,
    };
    reported(engine, outcome, flow, opener, None)
}

/// Answers with the page that tells the opener, and tells the stream.
fn reported(
    engine: &Engine,
    outcome: FlowOutcome,
    flow: Option<String>,
    opener: Option<String>,
    redirect_uri: Option<String>,
) -> Response {
    if let Some(flow) = &flow {
        engine.tell_flow(flow, outcome.clone());
    }
    let (status, title, text) = match &outcome {
        FlowOutcome::Created { connection } => {
            (StatusCode::OK, format!("{} is connected", connection.app_name), "You can close this window.".to_owned())
        }
        FlowOutcome::Failed { error_data, .. } => {
            let status = StatusCode::from_u16(error_data.data.code.http_status()).unwrap_or(StatusCode::BAD_REQUEST);
            (status, "Not connected".to_owned(), format!("{}. {}", error_data.message, error_data.data.hint))
        }
    };
    let redirect = redirect_uri.and_then(|uri| landing(&uri, &outcome));
    let message = FlowMessage { source: "integration.app", request_id: flow.unwrap_or_default(), outcome };
    // A failure without an id would reach whatever the opener waits for.
    let message = Some(message).filter(|message| !message.request_id.is_empty());
    report_page(status, &Report { message, opener, redirect }, &title, &text)
}

/// Returns where the browser goes after an attempt: the page that was named, with what came of it.
fn landing(redirect_uri: &str, outcome: &FlowOutcome) -> Option<String> {
    let mut url = url::Url::parse(redirect_uri).ok()?;
    match outcome {
        FlowOutcome::Created { connection } => {
            url.query_pairs_mut().append_pair("connectionId", connection.id.as_str());
        }
        FlowOutcome::Failed { error, error_data, .. } => {
            let data = serde_json::to_string(error_data).unwrap_or_default();
            url.query_pairs_mut().append_pair("error", error).append_pair("errorData", &data);
        }
    }
    Some(url.into())
}

/// `GET /page`: what a page of ours tells whom at its end, for the window that a browser comes back to.
pub(super) async fn facts(Guest(caller): Guest) -> Result<Json<Value>, ApiError> {
    let Some(page) = Engine::as_page(&caller) else {
        return Err(ApiError(Fault::new(ErrorCode::AccessDenied, "this route is for pages of Membrane")));
    };
    let grant = &page.grant;
    Ok(Json(json!({ "flow": grant.flow, "opener": grant.opener, "redirectUri": grant.redirect_uri })))
}

/// `GET /oauth-callback`.
pub(super) async fn oauth_callback(
    State(engine): State<Engine>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    use membrane_engine::{CallbackAnswer, pages};
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let redirect_uri = format!("http://{host}/oauth-callback");
    let (id, page) = match engine.callback(&redirect_uri, query.as_deref().unwrap_or_default()).await {
        Ok(CallbackAnswer::Accepted(id)) => (id, pages::done()),
        Ok(CallbackAnswer::Ended(id)) => (id, pages::ended()),
        Err(_) => return (StatusCode::BAD_REQUEST, pages::HEADERS, pages::refused()).into_response(),
    };
    match engine.way_back(&id) {
        Some(way_back) => Redirect::to(&way_back).into_response(),
        None => (StatusCode::OK, pages::HEADERS, page).into_response(),
    }
}
