//! The texts of desktop notifications, in one place.

use membrane_model::{Connection, ConnectionId, ConnectionRequest, DisconnectReason, RequestId};

use crate::host::{Notification, Screen};

/// Returns the id of the notification that tells of a connection.
pub(crate) fn id(connection: &ConnectionId) -> String {
    format!("connection:{connection}")
}

/// Tells that a connection needs the person; names the account only where the person asked for it.
pub(crate) fn needs_you(
    connection: &Connection,
    app_name: &str,
    reason: DisconnectReason,
    with_account: bool,
) -> Notification {
    let what = match reason {
        DisconnectReason::Revoked | DisconnectReason::Expired | DisconnectReason::RotationLost => "was signed out",
        DisconnectReason::KeyRejected => "has a key that no longer works",
        DisconnectReason::ClientInvalid => "has an OAuth client that is refused",
        DisconnectReason::SecretLost => "has no credential here any more",
    };
    let who = match &connection.account {
        Some(account) if with_account => account.label.clone(),
        _ => "The connection".to_owned(),
    };
    Notification {
        id: id(&connection.id),
        title: format!("{app_name} needs you"),
        body: format!("{who} {what}. Tools can't use it until you reconnect."),
        action: Some("Reconnect".to_owned()),
        screen: Screen::Reconnect(connection.id.clone()),
    }
}

/// Returns the id of the notification that tells of a request to connect.
pub(crate) fn request_id(request: &RequestId) -> String {
    format!("request:{request}")
}

/// Tells that a program asks to connect something.
pub(crate) fn asks_to_connect(request: &ConnectionRequest) -> Notification {
    let body = match &request.prompt {
        Some(prompt) => format!("It says: {prompt}"),
        None => "Connect it if you want to; nothing happens until you answer.".to_owned(),
    };
    Notification {
        id: request_id(&request.request_id),
        title: request.title.clone(),
        body,
        action: Some("Answer".to_owned()),
        screen: Screen::Request(request.request_id.clone()),
    }
}
