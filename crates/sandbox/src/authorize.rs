//! The authorization endpoint (RFC 6749 section 3.1): asks the person, and sends the answer back to the app.

use std::fmt::Write as _;

use axum::{
    extract::{RawQuery, State},
    response::{IntoResponse as _, Redirect, Response},
};
use jiff::Timestamp;
use url::form_urlencoded;

use crate::{
    client::{Client, Scope},
    form::{Form, Params},
    page::{ALLOW_OR_NOT, Page, Text, people, stale},
    people::Person,
    problem::Problem,
    server::{App, Shared},
    state::{Ask, Request},
};

pub(crate) async fn ask(State(app): State<Shared>, RawQuery(query): RawQuery) -> Response {
    let params = match Params::read(query.unwrap_or_default().as_bytes()) {
        Ok(params) => params,
        Err(problem) => return Page::wrong("This link doesn’t work", problem.text()).into_response(),
    };
    // Until both are known to be right, an answer could go to a stranger: the person is told instead.
    let Some(client) = params.get("client_id").and_then(Client::find) else {
        return Page::wrong("This link doesn’t work", "It names no app that the sandbox knows.").into_response();
    };
    let Some(back) = params.get("redirect_uri").filter(|uri| client.accepts_redirect(uri)) else {
        let text = "It would lead to a place that isn’t registered for the app.";
        return Page::wrong("This link doesn’t work", text).into_response();
    };
    let state = params.get("state").map(str::to_owned);
    let request = match request(client, back, &params) {
        Ok(request) => request,
        Err(problem) => return refuse(&app, back, state.as_deref(), problem),
    };
    let ask = Ask::Authorize { request: request.clone(), state: state.clone() };
    match app.store.touch(|state| state.ticket(ask, Timestamp::now())) {
        Ok(ticket) => {
            let chosen = params.get("login_hint").and_then(Person::find);
            question("/authorize", client, &request.scopes, ticket.reveal(), chosen).into_response()
        }
        Err(problem) => refuse(&app, back, state.as_deref(), problem),
    }
}

pub(crate) async fn answer(State(app): State<Shared>, Form(params): Form) -> Response {
    let now = Timestamp::now();
    let asked = params.get("ticket").and_then(|ticket| app.store.touch(|state| state.take_ticket(ticket, now)));
    let Some(Ask::Authorize { request, state }) = asked else { return stale().into_response() };
    let back = request.redirect_uri.clone();
    let person = params.get("person").and_then(Person::find);
    let code = match (params.get("answer"), person) {
        (Some("allow"), Some(person)) => app.store.touch(|state| state.allow(request, person, now)),
        (Some(_) | None, _) => Err(Problem::AccessDenied),
    };
    match code {
        Ok(code) => go_back(&app, &back, state.as_deref(), &[("code", code.reveal())]),
        Err(problem) => refuse(&app, &back, state.as_deref(), problem),
    }
}

/// The page that asks whether a client may have access.
pub(crate) fn question(action: &str, client: Client, scopes: &[Scope], ticket: &str, chosen: Option<Person>) -> Page {
    let name = Text(client.name());
    let mut body = format!("<p><strong>{name}</strong> would like to:</p>\n<ul>\n");
    for scope in scopes {
        let _ = writeln!(body, "<li>{}</li>", Text(scope.text()));
    }
    let _ = write!(
        body,
        "</ul>\n<form method=\"post\" action=\"{}\">\n<input type=\"hidden\" name=\"ticket\" value=\"{}\">\n{}{}\n</form>",
        Text(action),
        Text(ticket),
        people("Who are you today?", chosen),
        ALLOW_OR_NOT,
    );
    Page::new("Allow access?", body)
}

fn request(client: Client, back: &str, params: &Params) -> Result<Request, Problem> {
    if params.need("response_type", "response_type is missing.")? != "code" {
        return Err(Problem::UnsupportedResponseType);
    }
    let challenge = params.need("code_challenge", "PKCE is needed: code_challenge is missing.")?;
    let well_formed =
        challenge.len() == 43 && challenge.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if params.get("code_challenge_method") != Some("S256") || !well_formed {
        return Err(Problem::InvalidRequest("PKCE is needed with code_challenge_method=S256."));
    }
    Ok(Request {
        client,
        redirect_uri: back.to_owned(),
        challenge: challenge.to_owned(),
        scopes: Scope::read_list(params.get("scope"))?,
    })
}

fn refuse(app: &App, back: &str, state: Option<&str>, problem: Problem) -> Response {
    go_back(app, back, state, &[("error", problem.code()), ("error_description", problem.text())])
}

/// Sends the browser back, with the issuer (RFC 9207).
fn go_back(app: &App, back: &str, state: Option<&str>, answer: &[(&str, &str)]) -> Response {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(answer);
    if let Some(state) = state {
        query.append_pair("state", state);
    }
    query.append_pair("iss", &app.origin());
    Redirect::to(&format!("{back}?{}", query.finish())).into_response()
}
