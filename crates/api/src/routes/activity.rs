//! What happened on this computer, newest first.

use axum::Json;
use axum::extract::State;
use membrane_engine::{ActivityFilter, Engine, read_activity_cursor};
use membrane_model::{Activity, ActivityKind, ListPage};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::error::ApiError;
use crate::extract::{Params, Person};

/// What to list.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(super) struct Query {
    /// Only of this connection.
    connection_id: Option<String>,
    /// Only of this kind.
    kind: Option<ActivityKind>,
    /// Only by this program.
    client_id: Option<String>,
    /// Where the page before ended.
    cursor: Option<String>,
    /// How many at most.
    limit: Option<u32>,
}

/// Lists what happened, newest first; the person only.
#[utoipa::path(get, path = "/activity", tag = "Engine", params(Query), responses((status = 200, body = ListPage<Activity>)))]
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
