//! Webhooks: the person only, since whoever may make one may send events anywhere.

use axum::Json;
use axum::extract::{Path, State};
use membrane_engine::{Engine, NewWebhookRequest, TestOutcome, WebhookChange};
use membrane_model::{
    Delivery, DeliveryId, DeliveryState, EventKind, ListPage, NewWebhook, TenantId, Webhook, WebhookId,
};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

use crate::error::ApiError;
use crate::extract::{Body, Params, Person, Segment, filled, number};

/// A webhook to be made.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Create {
    /// Where events are sent: https, or http on this computer with `allowLocal`.
    url: String,
    /// Which events; all unless told.
    #[serde(default)]
    events: Vec<EventKind>,
    /// Only of this tenant's connections.
    #[serde(default)]
    tenant_id: Option<TenantId>,
    /// May be an address of this computer.
    #[serde(default)]
    allow_local: bool,
    /// Name the account, and the connection as the person calls it, whatever that is.
    #[serde(default)]
    include_account: bool,
}

/// Makes a webhook. The answer is the one time its secret is shown; the person only.
#[utoipa::path(post, path = "/webhooks", tag = "Webhooks", request_body = Create,
    responses((status = 200, body = NewWebhook)))]
pub(super) async fn create(
    State(engine): State<Engine>,
    _: Person,
    Body(create): Body<Create>,
) -> Result<Json<NewWebhook>, ApiError> {
    let request = NewWebhookRequest {
        url: create.url,
        events: create.events,
        tenant: create.tenant_id,
        allow_local: create.allow_local,
        include_account: create.include_account,
    };
    Ok(Json(engine.create_webhook(request).await?))
}

/// Lists the webhooks; the person only.
#[utoipa::path(get, path = "/webhooks", tag = "Webhooks", responses((status = 200, body = ListPage<Webhook>)))]
pub(super) async fn list(State(engine): State<Engine>, _: Person) -> Result<Json<ListPage<Webhook>>, ApiError> {
    Ok(Json(engine.webhooks()?))
}

/// Shows a webhook; the person only.
#[utoipa::path(get, path = "/webhooks/{id}", tag = "Webhooks", params(("id" = String, Path, description = "Its id")),
    responses((status = 200, body = Webhook)))]
pub(super) async fn read(
    State(engine): State<Engine>,
    _: Person,
    Segment(id): Segment<WebhookId>,
) -> Result<Json<Webhook>, ApiError> {
    Ok(Json(engine.webhook(&id)?))
}

/// What to change of a webhook; the rest stays.
#[derive(Deserialize, Default, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Change {
    /// Where events are sent.
    url: Option<String>,
    /// Which events.
    events: Option<Vec<EventKind>>,
    /// May be an address of this computer.
    allow_local: Option<bool>,
    /// Name the account.
    include_account: Option<bool>,
    /// Send events, or don't.
    enabled: Option<bool>,
}

/// Changes a webhook, or turns it on or off; the person only.
#[utoipa::path(patch, path = "/webhooks/{id}", tag = "Webhooks", params(("id" = String, Path, description = "Its id")),
    request_body = Change, responses((status = 200, body = Webhook)))]
pub(super) async fn change(
    State(engine): State<Engine>,
    _: Person,
    Segment(id): Segment<WebhookId>,
    Body(change): Body<Change>,
) -> Result<Json<Webhook>, ApiError> {
    let change = WebhookChange {
        url: change.url,
        events: change.events,
        allow_local: change.allow_local,
        include_account: change.include_account,
        enabled: change.enabled,
    };
    Ok(Json(engine.change_webhook(&id, change).await?))
}

/// Removes a webhook with its history; the person only.
#[utoipa::path(delete, path = "/webhooks/{id}", tag = "Webhooks", params(("id" = String, Path, description = "Its id")),
    responses((status = 200, body = Object)))]
pub(super) async fn remove(
    State(engine): State<Engine>,
    _: Person,
    Segment(id): Segment<WebhookId>,
) -> Result<Json<Value>, ApiError> {
    engine.delete_webhook(&id).await?;
    Ok(Json(json!({ "removed": true })))
}

/// What to send.
#[derive(Deserialize, Default, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Test {
    /// Which event to make up; `connection.created` unless told.
    event_type: Option<EventKind>,
}

/// Sends an event that did not happen, with `"test": true` in it, and says what the receiver answered; the person only.
#[utoipa::path(post, path = "/webhooks/{id}/test", tag = "Webhooks",
    params(("id" = String, Path, description = "Its id")), request_body = Test,
    responses((status = 200, body = TestOutcome)))]
pub(super) async fn test(
    State(engine): State<Engine>,
    _: Person,
    Segment(id): Segment<WebhookId>,
    Body(test): Body<Test>,
) -> Result<Json<TestOutcome>, ApiError> {
    Ok(Json(engine.test_webhook(&id, test.event_type.unwrap_or(EventKind::Created)).await?))
}

/// How to rotate.
#[derive(Deserialize, Default, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Rotate {
    /// For how many hours the secret before signs too, 0 to 168; 24 unless told.
    overlap_hours: Option<u64>,
}

/// Gives a webhook a new secret. The answer is the one time it is shown; the person only.
#[utoipa::path(post, path = "/webhooks/{id}/rotate-secret", tag = "Webhooks",
    params(("id" = String, Path, description = "Its id")), request_body = Rotate,
    responses((status = 200, body = NewWebhook)))]
pub(super) async fn rotate(
    State(engine): State<Engine>,
    _: Person,
    Segment(id): Segment<WebhookId>,
    Body(rotate): Body<Rotate>,
) -> Result<Json<NewWebhook>, ApiError> {
    Ok(Json(engine.rotate_webhook_secret(&id, rotate.overlap_hours).await?))
}

#[derive(Deserialize, Default, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(super) struct DeliveryParams {
    /// Only those that are `waiting`, `delivered` or `dead`.
    #[param(value_type = Option<DeliveryState>)]
    state: Option<String>,
    /// 1 to 1000; 100 unless told.
    #[param(value_type = Option<u16>, minimum = 1, maximum = 1000)]
    limit: Option<String>,
    /// Where the page starts, from the page before; `0` = the start.
    cursor: Option<String>,
}

/// Lists what was delivered to a webhook and what was not, the newest first; the person only.
#[utoipa::path(get, path = "/webhooks/{id}/deliveries", tag = "Webhooks",
    params(("id" = String, Path, description = "Its id"), DeliveryParams),
    responses((status = 200, body = ListPage<Delivery>)))]
pub(super) async fn deliveries(
    State(engine): State<Engine>,
    _: Person,
    Segment(id): Segment<WebhookId>,
    Params(params): Params<DeliveryParams>,
) -> Result<Json<ListPage<Delivery>>, ApiError> {
    let limit = number("limit", params.limit.as_deref(), 1..=1000)?.unwrap_or(100);
    let wrong = |_| ApiError::bad("state is waiting, delivered or dead");
    let state =
        filled(params.state).map(|text| serde_json::from_value(Value::String(text)).map_err(wrong)).transpose()?;
    let cursor = filled(params.cursor).filter(|cursor| cursor != "0");
    let cursor = cursor.map(|text| text.parse::<DeliveryId>()).transpose()?;
    Ok(Json(engine.webhook_deliveries(&id, state, u32::try_from(limit).unwrap_or(100), cursor.as_ref())?))
}

/// Delivers something again, with the same event id; the person only.
#[utoipa::path(post, path = "/webhooks/{id}/deliveries/{delivery}/redeliver", tag = "Webhooks",
    params(("id" = String, Path, description = "The webhook's id"),
        ("delivery" = String, Path, description = "The delivery's id")),
    responses((status = 200, body = Delivery)))]
pub(super) async fn redeliver(
    State(engine): State<Engine>,
    _: Person,
    Path((id, delivery)): Path<(String, String)>,
) -> Result<Json<Delivery>, ApiError> {
    Ok(Json(engine.redeliver(&id.parse()?, &delivery.parse()?).await?))
}
