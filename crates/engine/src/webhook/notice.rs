//! What the person is told of a webhook.

use membrane_model::{WebhookId, WebhookOff};
use url::Url;

use crate::Texts;
use crate::host::{Notification, Screen};

/// Returns the id of the notification that tells of a webhook.
pub(crate) fn id(webhook: &WebhookId) -> String {
    format!("webhook:{webhook}")
}

/// Tells that a webhook was turned off. Only its host is named: the rest of an address may be a secret.
pub(crate) fn turned_off(webhook: &WebhookId, url: &str, off: WebhookOff, texts: Texts) -> Notification {
    let host = Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    let why = match off {
        WebhookOff::Gone => "notice.webhook.gone",
        WebhookOff::Failing => "notice.webhook.failing",
        WebhookOff::SecretLost => "notice.webhook.secretLost",
        WebhookOff::ByYou => "notice.webhook.byYou",
    };
    Notification {
        id: id(webhook),
        title: texts.get("notice.webhook.title", &[]),
        body: texts.get(why, &[("host", &host)]),
        action: Some(texts.get("notice.open", &[])),
        screen: Screen::Webhook(webhook.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r84_only_the_host_of_a_webhook_is_named() {
        for language in ["en", "de"] {
            for off in [WebhookOff::Gone, WebhookOff::Failing, WebhookOff::SecretLost, WebhookOff::ByYou] {
                let told = turned_off(
                    &WebhookId::generate(),
                    "https://hooks.example.com/canary?key=canary",
                    off,
                    Texts::of(language),
                );
                assert!(told.body.contains("hooks.example.com"), "{told:?}");
                assert!(!format!("{told:?}").contains("canary") && !told.title.starts_with("notice."), "{told:?}");
                assert!(told.screen.path().starts_with("/webhooks/whk_"), "{told:?}");
            }
        }
    }
}
