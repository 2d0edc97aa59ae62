//! What happened on this computer, newest first.

use axum::Json;
use axum::extract::State;
use membrane_engine::{ActivityFilter, Engine, read_activity_cursor};
use membrane_model::{Activity, ActivityKind, ListPage};
use serde::Deserialize;

use crate::error::ApiError;
use crate::extract::{Params, Person};

/// What to list.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Query {
    connection_id: Option<String>,
    kind: Option<ActivityKind>,
    client_id: Option<String>,
    cursor: Option<String>,
    limit: Option<u32>,
}

/// `GET /activity?connectionId&kind&clientId&cursor&limit`.
pub(super) async fn list(
    State(engine): State<Engine>,
    _: Person,
    Params(query): Params<Query>,
) -> Result<Json<ListPage<Activity>>, ApiError> {
    let connection = query
        .connection_id
        .map(|id| id.parse())
        .transpose()
        .map_err(|_| ApiError::bad("connectionId is no id of a connection"))?;
    let before = match query.cursor.as_deref() {
        None => None,
        Some(text) => {
            Some(read_activity_cursor(text).ok_or_else(|| ApiError::bad("the cursor is not one of this list"))?)
        }
    };
    let filter = ActivityFilter { connection, kind: query.kind, client: query.client_id, before };
    Ok(Json(engine.activity(filter, query.limit).await?))
}
