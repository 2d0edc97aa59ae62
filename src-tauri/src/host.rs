//! The desktop as the engine's surroundings: the default browser, notifications, the window.

use membrane_engine::{Host, Notification, Screen};
use tauri::AppHandle;
use tauri_plugin_opener::OpenerExt;
use url::Url;

use crate::notifications::Notifications;
use crate::window;

/// The desktop.
pub(crate) struct Desktop {
    app: AppHandle,
    notifications: Notifications,
}

impl Desktop {
    /// Makes it.
    pub(crate) fn new(app: AppHandle) -> Self {
        Self { notifications: Notifications::new(app.clone()), app }
    }
}

impl Host for Desktop {
    fn open_url(&self, url: &Url) -> Result<(), String> {
        self.app.opener().open_url(url.as_str(), None::<&str>).map_err(|_| "no browser took the page".to_owned())
    }

    fn notify(&self, notification: Notification) {
        // Whoever looks at the window sees it there.
        if !window::has_focus(&self.app) {
            self.notifications.raise(notification);
        }
    }

    fn clear_notification(&self, id: &str) {
        self.notifications.withdraw(id);
    }

    fn reveal(&self, screen: &Screen) {
        window::reveal(&self.app, screen);
    }
}
