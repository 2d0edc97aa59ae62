//! How attempts to connect ended, in the words of the official clients.

use axum::Json;
use axum::extract::State;
use membrane_engine::{Attempt, AttemptFilter, Engine};
use membrane_model::{AppKey, ConnectionId, ListPage, SessionId, TenantId, Timestamp, WireError};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::error::ApiError;
use crate::extract::{From, Params, filled, number};

#[derive(Deserialize, Default, IntoParams)]
#[serde(rename_all = "camelCase", default)]
#[into_params(parameter_in = Query)]
pub(super) struct Query {
    /// 1 to 1000; 100 unless told.
    #[param(value_type = Option<u16>, minimum = 1, maximum = 1000)]
    limit: Option<String>,
    /// Where the page starts, from the page before; `0` = the start.
    cursor: Option<String>,
    /// Only of this connection, by its id.
    connection_id: Option<String>,
    /// Only of this app.
    integration_id: Option<String>,
    /// Only those that ended so.
    #[param(value_type = Option<AttemptStatus>)]
    status: Option<String>,
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum AttemptStatus {
    /// There is a connection.
    Success,
    /// There is none, or it stayed as it was.
    Error,
}

/// An attempt that is over.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct AttemptLog {
    id: SessionId,
    /// Whose, under the wire's two names.
    user_id: TenantId,
    tenant_id: TenantId,
    /// Which app, under the wire's three names.
    integration_id: AppKey,
    connector_id: AppKey,
    external_app_id: AppKey,
    auth_option_key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    connection_id: Option<ConnectionId>,
    status: AttemptStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<WireError>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl AttemptLog {
    fn of(attempt: Attempt) -> Self {
        Self {
            id: attempt.id,
            user_id: attempt.tenant.clone(),
            tenant_id: attempt.tenant,
            integration_id: attempt.app.clone(),
            connector_id: attempt.app.clone(),
            external_app_id: attempt.app,
            auth_option_key: attempt.auth_method,
            connection_id: attempt.connection,
            status: if attempt.error.is_none() { AttemptStatus::Success } else { AttemptStatus::Error },
            error: attempt.error,
            created_at: attempt.created_at,
        }
    }
}

/// Lists how attempts to connect ended in the last day, newest first.
#[utoipa::path(get, path = "/connection-attempt-logs", tag = "Connect", params(Query),
    responses((status = 200, body = ListPage<AttemptLog>)))]
pub(super) async fn list(
    State(engine): State<Engine>,
    From(caller): From,
    Params(query): Params<Query>,
) -> Result<Json<ListPage<AttemptLog>>, ApiError> {
    let limit = number("limit", query.limit.as_deref(), 1..=1000)?.unwrap_or(100);
    let limit = usize::try_from(limit).unwrap_or(100);
    let before = match filled(query.cursor) {
        Some(text) if text != "0" => {
            Some(text.parse().map_err(|_| ApiError::bad("the cursor is not one of this list"))?)
        }
        _ => None,
    };
    let filter = AttemptFilter {
        connection: filled(query.connection_id).map(|id| id.parse()).transpose()?,
        app: filled(query.integration_id).map(|key| key.parse()).transpose()?,
        succeeded: match filled(query.status).as_deref() {
            None => None,
            Some("success") => Some(true),
            Some("error") => Some(false),
            Some(_) => return Err(ApiError::bad("status is success or error")),
        },
        before,
    };
    let found = engine.attempts(&caller, &filter, limit)?;
    let cursor = (found.len() == limit).then(|| found.last().map(|last| last.id.to_string())).flatten();
    Ok(Json(ListPage { items: found.into_iter().map(AttemptLog::of).collect(), cursor }))
}
