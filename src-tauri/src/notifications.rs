//! Desktop notifications: raised, withdrawn, and followed when the person clicks. A daemon that is slow or not there
//! holds up nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use membrane_engine::Notification;
use notify_rust::NotificationResponse;
use tauri::AppHandle;
use tokio_util::sync::CancellationToken;

use crate::window;

/// How long a daemon may take to show one.
const PATIENCE: Duration = Duration::from_secs(2);
/// The action of a click on the notification itself, by the desktop's specification.
const CLICK: &str = "default";

/// The notifications that are up.
#[derive(Clone)]
pub(crate) struct Notifications {
    app: AppHandle,
    up: Arc<Mutex<HashMap<String, CancellationToken>>>,
}

impl Notifications {
    /// Makes it, with none up.
    pub(crate) fn new(app: AppHandle) -> Self {
        Self { app, up: Arc::default() }
    }

    /// Raises one in place of the one with the same id.
    pub(crate) fn raise(&self, notification: Notification) {
        self.withdraw(&notification.id);
        let gone = CancellationToken::new();
        let id = notification.id.clone();
        self.up.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone(), gone.clone());
        let this = self.clone();
        tauri::async_runtime::spawn(async move {
            this.show(notification, &gone).await;
            // One that was raised since under the same id is not ours to forget.
            if !gone.is_cancelled() {
                this.up.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
            }
        });
    }

    /// Withdraws one that is no longer true.
    pub(crate) fn withdraw(&self, id: &str) {
        if let Some(gone) = self.up.lock().unwrap_or_else(PoisonError::into_inner).remove(id) {
            gone.cancel();
        }
    }

    async fn show(&self, notification: Notification, gone: &CancellationToken) {
        let mut message = notify_rust::Notification::new();
        message
            .appname("Membrane")
            .summary(&notification.title)
            .body(&escape(&notification.body))
            .icon(membrane_engine::IDENTIFIER)
            .hint(notify_rust::Hint::DesktopEntry(membrane_engine::IDENTIFIER.to_owned()))
            .hint(notify_rust::Hint::Category("network".to_owned()))
            .timeout(notify_rust::Timeout::Never)
            .action(CLICK, "Open");
        if let Some(label) = &notification.action {
            message.action(&label.to_lowercase(), label);
        }
        let handle = match tokio::time::timeout(PATIENCE, message.show_async()).await {
            Ok(Ok(handle)) => handle,
            Ok(Err(error)) => return tracing::info!("no notification could be raised: {error}"),
            Err(_) => return tracing::info!("the notification daemon did not answer in time"),
        };
        let mut followed = false;
        tokio::select! {
            () = handle.wait_for_action_async(|answer: &NotificationResponse| {
                followed = matches!(answer, NotificationResponse::Default | NotificationResponse::Action(_));
            }) => {}
            () = gone.cancelled() => handle.close_async().await,
        }
        if followed {
            window::reveal(&self.app, &notification.screen);
        }
    }
}

/// Servers that read markup show the text as it is.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
