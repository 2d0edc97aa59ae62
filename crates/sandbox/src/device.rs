//! The device flow (RFC 8628): a device gets two codes, a person types one of them here.

use axum::{
    Json,
    extract::{RawQuery, State},
    http::{HeaderMap, header},
    response::{IntoResponse as _, Response},
};
use jiff::Timestamp;
use serde_json::json;

use crate::{
    authorize::question,
    client::Client,
    form::{Form, Params},
    page::{Page, stale},
    people::Person,
    problem::Problem,
    server::Shared,
    state::{Answer, Ask, DEVICE_INTERVAL, DEVICE_LIFETIME},
    token::client,
};

pub(crate) async fn start(
    State(app): State<Shared>,
    headers: HeaderMap,
    Form(params): Form,
) -> Result<Response, Problem> {
    let client = match client(&headers, &params)? {
        Client::Desktop => Client::Desktop,
        Client::Service => return Err(Problem::UnauthorizedClient),
    };
    let codes = app.store.touch(|state| state.start_device(client, params.get("scope"), Timestamp::now()))?;
    let page = format!("{}/device", app.origin());
    let body = json!({
        "device_code": codes.device.reveal(),
        "user_code": codes.typed.reveal(),
        "verification_uri": page,
        "verification_uri_complete": format!("{page}?user_code={}", codes.typed.reveal()),
        "expires_in": DEVICE_LIFETIME.as_secs(),
        "interval": DEVICE_INTERVAL.as_secs(),
    });
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response())
}

pub(crate) async fn ask(State(app): State<Shared>, RawQuery(query): RawQuery) -> Response {
    let params = Params::read(query.unwrap_or_default().as_bytes()).unwrap_or_default();
    let Some(typed) = params.get("user_code") else { return type_it("Your app or device shows it.").into_response() };
    let now = Timestamp::now();
    let waiting = app.store.touch(|state| {
        let device = state.waiting_device(typed, now)?;
        let (client, scopes) = (device.client(), device.scopes().to_vec());
        let ticket = state.ticket(Ask::Device { typed: typed.to_owned() }, now).ok()?;
        Some((client, scopes, ticket))
    });
    match waiting {
        Some((client, scopes, ticket)) => question("/device", client, &scopes, ticket.reveal(), None).into_response(),
        None => type_it("No device waits for that code. Check it, or start again on the device.").into_response(),
    }
}

pub(crate) async fn answer(State(app): State<Shared>, Form(params): Form) -> Response {
    let now = Timestamp::now();
    let asked = params.get("ticket").and_then(|ticket| app.store.touch(|state| state.take_ticket(ticket, now)));
    let Some(Ask::Device { typed }) = asked else { return stale().into_response() };
    let person = params.get("person").and_then(Person::find);
    let answer = match (params.get("answer"), person) {
        (Some("allow"), Some(person)) => Answer::Allowed(person),
        (Some(_) | None, _) => Answer::Denied,
    };
    if !app.store.touch(|state| state.answer_device(&typed, answer, now)) {
        return stale().into_response();
    }
    let text = match answer {
        Answer::Allowed(_) => "<p>Done. The device goes on by itself; you can close this page.</p>",
        Answer::Denied | Answer::Waiting => "<p>The device gets no access; you can close this page.</p>",
    };
    Page::new("Thank you", text.to_owned()).into_response()
}

fn type_it(hint: &'static str) -> Page {
    let body = format!(
        "<p>{hint}</p>\n<form method=\"get\" action=\"/device\">\n<label>Code\n\
         <input type=\"text\" name=\"user_code\" autocomplete=\"off\" autocapitalize=\"characters\" \
         placeholder=\"BCDF-GHJK\" required autofocus></label>\n\
         <p class=\"buttons\"><button>Continue</button></p>\n</form>"
    );
    Page::new("Type the code", body)
}
