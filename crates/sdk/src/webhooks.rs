//! Webhooks and calls to apps, typed.

use crate::transport::Incoming;
use http::{Method, Response};
use membrane_model::{Delivery, ListPage, NewWebhook, Webhook};
use serde_json::Value;

use crate::client::failure;
use crate::routes::{query, segment};
use crate::{Client, SdkError};

const NOTHING: Option<&Value> = None;
/// What the engine says of an answer that is an app's.
const ANSWERED_BY: &str = "membrane-answered-by";

/// Webhooks.
impl Client {
    /// `POST /webhooks {url, events?, tenantId?, allowLocal?, includeAccount?}`.
    ///
    /// # Errors
    /// [`SdkError`].
    pub async fn create_webhook(&self, webhook: &Value) -> Result<NewWebhook, SdkError> {
        self.call(Method::POST, "/webhooks", Some(webhook)).await
    }

    /// `GET /webhooks`.
    ///
    /// # Errors
    /// [`SdkError`].
    pub async fn webhooks(&self) -> Result<Vec<Webhook>, SdkError> {
        let page: ListPage<Webhook> = self.call(Method::GET, "/webhooks", NOTHING).await?;
        Ok(page.items)
    }

    /// `GET /webhooks/:id`.
    ///
    /// # Errors
    /// [`SdkError`].
    pub async fn webhook(&self, id: &str) -> Result<Webhook, SdkError> {
        self.call(Method::GET, &format!("/webhooks/{}", segment(id)), NOTHING).await
    }

    /// `PATCH /webhooks/:id {url?, events?, allowLocal?, includeAccount?, enabled?}`.
    ///
    /// # Errors
    /// [`SdkError`].
    pub async fn change_webhook(&self, id: &str, change: &Value) -> Result<Webhook, SdkError> {
        self.call(Method::PATCH, &format!("/webhooks/{}", segment(id)), Some(change)).await
    }

    /// `DELETE /webhooks/:id`.
    ///
    /// # Errors
    /// [`SdkError`].
    pub async fn delete_webhook(&self, id: &str) -> Result<(), SdkError> {
        self.call::<Value>(Method::DELETE, &format!("/webhooks/{}", segment(id)), NOTHING).await.map(|_| ())
    }

    /// `POST /webhooks/:id/test {eventType?}`: `{delivered, delivery}`.
    ///
    /// # Errors
    /// [`SdkError`].
    pub async fn test_webhook(&self, id: &str, event: Option<&str>) -> Result<Value, SdkError> {
        let body = serde_json::json!({ "eventType": event });
        self.call(Method::POST, &format!("/webhooks/{}/test", segment(id)), Some(&body)).await
    }

    /// `POST /webhooks/:id/rotate-secret {overlapHours?}`.
    ///
    /// # Errors
    /// [`SdkError`].
    pub async fn rotate_webhook(&self, id: &str, overlap_hours: Option<u64>) -> Result<NewWebhook, SdkError> {
        let body = serde_json::json!({ "overlapHours": overlap_hours });
        self.call(Method::POST, &format!("/webhooks/{}/rotate-secret", segment(id)), Some(&body)).await
    }

    /// `GET /webhooks/:id/deliveries`, the newest first.
    ///
    /// # Errors
    /// [`SdkError`].
    pub async fn webhook_deliveries(
        &self,
        id: &str,
        state: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Delivery>, SdkError> {
        let query = query(&[("state", state.map(str::to_owned)), ("limit", Some(limit.to_string()))]);
        let path = format!("/webhooks/{}/deliveries?{query}", segment(id));
        let page: ListPage<Delivery> = self.call(Method::GET, &path, NOTHING).await?;
        Ok(page.items)
    }

    /// `POST /webhooks/:id/deliveries/:delivery/redeliver`.
    ///
    /// # Errors
    /// [`SdkError`].
    pub async fn redeliver(&self, webhook: &str, delivery: &str) -> Result<Delivery, SdkError> {
        let path = format!("/webhooks/{}/deliveries/{}/redeliver", segment(webhook), segment(delivery));
        self.call(Method::POST, &path, NOTHING).await
    }
}

/// Calls to apps.
impl Client {
    /// `POST /connections/:id/proxy {path, method?, pathParameters?, query?, headers?, data?}`: makes a call to an app
    /// with a connection's credential and returns the app's answer, whatever its status.
    ///
    /// # Errors
    /// [`SdkError`] when the app was not reached.
    pub async fn call_app(&self, connection: &str, call: &Value) -> Result<Response<Incoming>, SdkError> {
        let path = format!("/connections/{}/proxy", segment(connection));
        let answer = self.exchange(Method::POST, &path, Some(call)).await?;
        if answer.headers().contains_key(ANSWERED_BY) { Ok(answer) } else { Err(failure(answer).await) }
    }
}
