//! The API: who am I, contacts, deals.

use axum::{
    Json,
    extract::{State, rejection::JsonRejection},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    bearer::caller,
    client::{Client, Scope},
    problem::ApiProblem,
    records::NewContact,
    server::Shared,
    state::Who,
};

pub(crate) async fn me(State(app): State<Shared>, headers: HeaderMap) -> Result<Json<Value>, ApiProblem> {
    let caller = caller(&app, &headers, Scope::Profile)?;
    let scopes = Scope::write_list(&caller.scopes);
    Ok(Json(match caller.who {
        Who::Person(person) => json!({
            "id": person.id(), "name": person.name(), "email": person.email(), "scopes": scopes,
        }),
        Who::Service => json!({ "id": Client::Service.id(), "name": Client::Service.name(), "scopes": scopes }),
    }))
}

pub(crate) async fn contacts(State(app): State<Shared>, headers: HeaderMap) -> Result<Json<Value>, ApiProblem> {
    caller(&app, &headers, Scope::CrmRead)?;
    Ok(Json(app.store.read(|state| json!({ "items": state.records.contacts }))))
}

pub(crate) async fn deals(State(app): State<Shared>, headers: HeaderMap) -> Result<Json<Value>, ApiProblem> {
    caller(&app, &headers, Scope::CrmRead)?;
    Ok(Json(app.store.read(|state| json!({ "items": state.records.deals }))))
}

pub(crate) async fn add_contact(
    State(app): State<Shared>,
    headers: HeaderMap,
    body: Result<Json<NewContact>, JsonRejection>,
) -> Result<Response, ApiProblem> {
    caller(&app, &headers, Scope::CrmWrite)?;
    let bad = |text: &str| ApiProblem::new(StatusCode::BAD_REQUEST, "invalid_contact", text);
    let Json(new) =
        body.map_err(|_| bad("Send JSON with name, and email and company if you like: {\"name\": \"Vera Holm\"}."))?;
    let added = app.store.change(|state| state.records.add_contact(new, Timestamp::now())).map_err(bad)?;
    Ok((StatusCode::CREATED, Json(added)).into_response())
}
