//! All that the engine may ask of its surroundings.

use membrane_model::{AppKey, ConnectionId, RequestId, SessionId, WebhookId};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

/// The desktop shell, a process without a screen, or a test recorder.
///
/// No call may block for long: a host hands the work on and returns.
pub trait Host: Send + Sync {
    /// Opens a page in the person's browser. `Err` holds a reason without the URL.
    fn open_url(&self, url: &Url) -> Result<(), String>;
    /// Raises a desktop notification; one with the same id is replaced.
    fn notify(&self, notification: Notification);
    /// Withdraws a notification that is no longer true.
    fn clear_notification(&self, id: &str);
    /// Brings a screen to the front.
    fn reveal(&self, screen: &Screen);
}

/// A desktop notification: at most two lines, plain text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// Names the incident.
    pub id: String,
    /// Names the app: "Slack needs you".
    pub title: String,
    /// Names the consequence.
    pub body: String,
    /// The label of the one button, which leads to `screen`.
    pub action: Option<String>,
    /// Where a click leads.
    pub screen: Screen,
}

/// A place in the console.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Screen {
    /// The list of connections.
    Home,
    /// Search and connect, perhaps with something to start from.
    Connect {
        /// What the person wants to connect, in their words.
        intent: Option<String>,
        /// The app, if known.
        app: Option<AppKey>,
    },
    /// A connection's own page.
    Connection(ConnectionId),
    /// The repair of a connection.
    Reconnect(ConnectionId),
    /// An attempt that is under way.
    Session(SessionId),
    /// A request to connect that waits for an answer.
    Request(RequestId),
    /// A webhook's own page.
    Webhook(WebhookId),
    /// Settings.
    Settings,
}

impl Screen {
    /// Returns the console's path: `/connections/con_1/reconnect`.
    #[must_use]
    pub fn path(&self) -> String {
        match self {
            Self::Home => "/".to_owned(),
            Self::Connect { intent, app } => {
                let mut query = Vec::new();
                if let Some(intent) = intent {
                    query.push(format!("intent={}", utf8_percent_encode(intent, NON_ALPHANUMERIC)));
                }
                if let Some(app) = app {
                    query.push(format!("app={app}"));
                }
                if query.is_empty() { "/connect".to_owned() } else { format!("/connect?{}", query.join("&")) }
            }
            Self::Connection(id) => format!("/connections/{id}"),
            Self::Reconnect(id) => format!("/connections/{id}/reconnect"),
            Self::Session(id) => format!("/sessions/{id}"),
            Self::Request(id) => format!("/requests/{id}"),
            Self::Webhook(id) => format!("/webhooks/{id}"),
            Self::Settings => "/settings".to_owned(),
        }
    }
}
