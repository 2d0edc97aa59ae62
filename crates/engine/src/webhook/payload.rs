//! What a webhook is told, and the rows that will tell it: written in the transaction of the change itself.

use membrane_model::{
    AppKey, Connection, ConnectionId, ConnectionState, Delivery, DeliveryId, DeliveryState, DisconnectReason, EventId,
    EventKind, LifecycleEvent, TenantId, Timestamp, WebhookId,
};
use membrane_store::{StoreError, Tx, WebhookRow};
use serde::Serialize;

/// The body of a delivery. Holds ids, app key, time and reason; an account only where the webhook asks for it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Payload<'a> {
    event_type: &'static str,
    id: &'a EventId,
    timestamp: Timestamp,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    test: bool,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    connection: Subject<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Subject<'a> {
    id: &'a ConnectionId,
    integration_id: &'a AppKey,
    integration_key: &'a AppKey,
    name: &'a str,
    disconnected: bool,
    customer_id: &'a TenantId,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<DisconnectReason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<&'a str>,
}

/// Queues an event for everyone who wants to hear of it.
pub(crate) fn queue(tx: &Tx<'_>, connection: &Connection, event: &LifecycleEvent) -> Result<(), StoreError> {
    for webhook in tx.webhooks_for(&event.tenant_id, event.kind)? {
        let payload = payload(connection, event, &webhook, Purpose::Real)?;
        tx.insert_delivery(&waiting(&webhook.id, event, payload))?;
    }
    Ok(())
}

/// Why something is sent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// It happened.
    Real,
    /// Somebody tries the receiver.
    Test,
}

/// Makes the delivery of an event, due now.
pub(crate) fn waiting(webhook: &WebhookId, event: &LifecycleEvent, payload: String) -> Delivery {
    Delivery {
        id: DeliveryId::generate(),
        webhook_id: webhook.clone(),
        event_id: event.id.clone(),
        kind: event.kind,
        connection_id: event.connection_id.clone(),
        state: DeliveryState::Waiting,
        attempts: 0,
        next_attempt_at: Some(event.created_at),
        last_status: None,
        last_error: None,
        payload,
        created_at: event.created_at,
        finished_at: None,
    }
}

/// Writes the body of a delivery.
pub(crate) fn payload(
    connection: &Connection,
    event: &LifecycleEvent,
    webhook: &WebhookRow,
    purpose: Purpose,
) -> Result<String, StoreError> {
    let account = connection.account.as_ref().map(|account| account.label.as_str());
    // A name may be an address of the person's: it goes out only with the account.
    let telling = connection.name.contains('@') || account.is_some_and(|label| connection.name.contains(label));
    let name = if telling && !webhook.include_account { connection.app.as_str() } else { &connection.name };
    let payload = Payload {
        event_type: event.kind.name(),
        id: &event.id,
        timestamp: event.created_at,
        test: purpose == Purpose::Test,
        data: Data {
            connection: Subject {
                id: &connection.id,
                integration_id: &connection.app,
                integration_key: &connection.app,
                name,
                disconnected: event.kind == EventKind::Disconnected
                    || matches!(connection.state, ConnectionState::Disconnected { .. }),
                customer_id: &event.tenant_id,
                reason: event.reason,
                account: account.filter(|_| webhook.include_account),
            },
        },
    };
    serde_json::to_string(&payload).map_err(|_| StoreError::Damaged("delivery"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use membrane_model::Account;
    use membrane_vault::Sealed;
    use serde_json::{Value, json};

    fn told(name: &str, include_account: bool) -> Value {
        let now: Timestamp = "2026-03-04T10:00:00Z".parse().unwrap();
        let connection = Connection {
            id: "con_1".parse().unwrap(),
            key: Some("canary-key".into()),
            tenant: TenantId::own(),
            app: "hubspot".parse().unwrap(),
            auth_method: "oauth".into(),
            name: name.into(),
            account: Some(Account { id: "canary-id".into(), label: "ada@acme.example".into() }),
            state: ConnectionState::Disconnected { reason: DisconnectReason::Revoked, since: now },
            fields: [("site".to_owned(), "canary-field".to_owned())].into(),
            scopes: vec!["canary-scope".into()],
            meta: json!({ "canary": "canary-meta" }).as_object().unwrap().clone(),
            generation: 1,
            created_at: now,
            updated_at: now,
            last_used_at: None,
            archived_at: None,
        };
        let event = LifecycleEvent {
            id: "evt_1".parse().unwrap(),
            kind: EventKind::Disconnected,
            tenant_id: TenantId::own(),
            connection_id: connection.id.clone(),
            app_key: connection.app.clone(),
            reason: Some(DisconnectReason::Revoked),
            created_at: now,
        };
        let webhook = WebhookRow {
            id: WebhookId::generate(),
            url: String::new(),
            events: Vec::new(),
            tenant: None,
            allow_local: false,
            include_account,
            off: None,
            secret: Sealed { key_id: String::new(), bytes: Vec::new() },
            previous: None,
            created_at: now,
            updated_at: now,
        };
        let text = payload(&connection, &event, &webhook, Purpose::Real).unwrap();
        assert!(!text.contains("canary"), "{text}");
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn r83_ids_app_time_and_reason_and_nothing_more() {
        let expected = json!({
            "eventType": "connection.disconnected", "id": "evt_1", "timestamp": "2026-03-04T10:00:00Z",
            "data": { "connection": {
                "id": "con_1", "integrationId": "hubspot", "integrationKey": "hubspot", "name": "My CRM",
                "disconnected": true, "customerId": "default", "reason": "revoked",
            } },
        });
        assert_eq!(told("My CRM", false), expected);
    }

    #[test]
    fn r83_no_address_leaves_unless_it_is_asked_for() {
        for name in ["ada@acme.example", "CRM of ada@acme.example", "x@y"] {
            assert_eq!(told(name, false)["data"]["connection"]["name"], "hubspot");
        }
        let asked = told("ada@acme.example", true);
        assert_eq!(asked["data"]["connection"]["name"], "ada@acme.example");
        assert_eq!(asked["data"]["connection"]["account"], "ada@acme.example");
    }
}
