//! Desktop notifications: their texts in one place, one per incident, and several within a minute together.

use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use membrane_model::{Connection, ConnectionId, ConnectionRequest, DisconnectReason, RequestId, Timestamp};

use crate::host::{Notification, Screen};
use crate::refresh::plan::between;
use crate::{Engine, Texts, text};

/// Incidents that come within this time of the first are told together.
const TOGETHER: Duration = Duration::from_secs(60);
/// An outage that is shorter is nobody's concern.
const OUTAGE: Duration = Duration::from_secs(10 * 60);
/// A connection that was used this long before an outage is in use.
const IN_USE: Duration = Duration::from_secs(60 * 60);
/// How many apps a notification names.
const NAMED: usize = 3;

/// What the person was told of and has not mended yet.
#[derive(Default)]
pub(crate) struct Notices {
    groups: Mutex<VecDeque<Group>>,
    /// Connections whose app has been silent for long.
    outages: Mutex<HashSet<ConnectionId>>,
}

/// Incidents that are told in one notification.
struct Group {
    id: String,
    since: Timestamp,
    incidents: Vec<Incident>,
}

/// A connection that needs the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Incident {
    /// Which.
    pub connection: ConnectionId,
    /// The app's name.
    pub app: String,
    /// What is told of it alone.
    pub alone: Notification,
}

/// What is to be done on the screen.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// Raise this one, in the place of one with the same id.
    Raise(Notification),
    /// Withdraw the one with this id.
    Withdraw(String),
}

impl Notices {
    /// Adds an incident; one that comes soon after another joins it.
    pub(crate) fn add(&self, incident: Incident, texts: Texts, now: Timestamp) -> Change {
        let mut groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
        let joins = groups.back().is_some_and(|group| between(group.since, now) < TOGETHER && now >= group.since);
        if !joins {
            let group = Group { id: incident.alone.id.clone(), since: now, incidents: Vec::new() };
            groups.push_back(group);
        }
        match groups.back_mut() {
            Some(group) => {
                group.incidents.retain(|known| known.connection != incident.connection);
                group.incidents.push(incident);
                Change::Raise(group.notification(texts))
            }
            None => Change::Raise(incident.alone),
        }
    }

    /// Takes an incident away that is over; `None` where nothing was told of it.
    pub(crate) fn end(&self, connection: &ConnectionId, texts: Texts) -> Option<Change> {
        let mut groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
        let place = groups.iter().position(|group| group.incidents.iter().any(|one| one.connection == *connection))?;
        let group = groups.get_mut(place)?;
        group.incidents.retain(|one| one.connection != *connection);
        if !group.incidents.is_empty() {
            return Some(Change::Raise(group.notification(texts)));
        }
        groups.remove(place).map(|group| Change::Withdraw(group.id))
    }
}

impl Group {
    fn notification(&self, texts: Texts) -> Notification {
        if let [only] = self.incidents.as_slice() {
            return Notification { id: self.id.clone(), ..only.alone.clone() };
        }
        let mut apps: Vec<&str> = self.incidents.iter().map(|incident| incident.app.as_str()).collect();
        apps.sort_unstable();
        apps.dedup();
        let more = apps.len().saturating_sub(NAMED);
        let named = apps.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
        let named =
            if more > 0 { texts.get("notice.more", &[("apps", &named), ("n", &more.to_string())]) } else { named };
        Notification {
            id: self.id.clone(),
            title: texts.get("notice.many.title", &[("n", &self.incidents.len().to_string())]),
            body: texts.get("notice.many.body", &[("apps", &named)]),
            action: Some(texts.get("notice.review", &[])),
            screen: Screen::Home,
        }
    }
}

impl Engine {
    /// Tells the person that a connection needs them.
    pub(crate) fn tell(&self, connection: &Connection, reason: DisconnectReason) {
        let settings = self.settings().unwrap_or_default();
        if !settings.notifications {
            return;
        }
        let app = self.app_name(&connection.app);
        let texts = self.texts();
        let alone = needs_you(connection, &app, reason, settings.notification_accounts, texts);
        let incident = Incident { connection: connection.id.clone(), app, alone };
        self.show(self.inner().notices.add(incident, texts, Timestamp::now()));
    }

    /// Withdraws what the person was told of a connection.
    pub(crate) fn untell(&self, connection: &ConnectionId) {
        self.inner().host.clear_notification(&end_id(connection));
        self.untell_outage(connection);
        if let Some(change) = self.inner().notices.end(connection, self.texts()) {
            self.show(change);
        }
    }

    /// Tells of an app that has been silent for long, once for each outage and only where somebody uses the connection.
    pub(crate) fn tell_of_outage(&self, id: &ConnectionId, since: Timestamp, now: Timestamp) {
        let Ok(connection) = self.find(id) else { return };
        let in_use = connection.last_used_at.is_some_and(|at| between(at, since) < IN_USE);
        if between(since, now) < OUTAGE || !in_use || !self.settings().unwrap_or_default().notifications {
            return;
        }
        if self.inner().notices.outages.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone()) {
            self.inner().host.notify(silent(id, &self.app_name(&connection.app), self.texts()));
        }
    }

    /// Withdraws what the person was told of an outage that is over.
    pub(crate) fn untell_outage(&self, id: &ConnectionId) {
        if self.inner().notices.outages.lock().unwrap_or_else(PoisonError::into_inner).remove(id) {
            self.inner().host.clear_notification(&outage_id(id));
        }
    }

    fn show(&self, change: Change) {
        match change {
            Change::Raise(notification) => self.inner().host.notify(notification),
            Change::Withdraw(id) => self.inner().host.clear_notification(&id),
        }
    }
}

/// Returns the id of the notification that tells that a connection needs the person.
fn id(connection: &ConnectionId) -> String {
    format!("connection:{connection}")
}

/// Returns the id of the notification that tells of an end to come.
pub(crate) fn end_id(connection: &ConnectionId) -> String {
    format!("end:{connection}")
}

/// Returns the id of the notification that tells of an outage.
fn outage_id(connection: &ConnectionId) -> String {
    format!("outage:{connection}")
}

/// Tells that an app has not answered for long; nothing is to be done about it.
fn silent(connection: &ConnectionId, app_name: &str, texts: Texts) -> Notification {
    Notification {
        id: outage_id(connection),
        title: texts.get("notice.outage.title", &[("app", app_name)]),
        body: texts.get("notice.outage.body", &[]),
        action: None,
        screen: Screen::Connection(connection.clone()),
    }
}

/// Tells that a connection needs the person; names the account only where the person asked for it.
fn needs_you(
    connection: &Connection,
    app_name: &str,
    reason: DisconnectReason,
    with_account: bool,
    texts: Texts,
) -> Notification {
    let what = match reason {
        DisconnectReason::Revoked | DisconnectReason::Expired | DisconnectReason::RotationLost => "notice.revoked",
        DisconnectReason::KeyRejected => "notice.key-rejected",
        DisconnectReason::ClientInvalid => "notice.client-invalid",
        DisconnectReason::SecretLost => "notice.secret-lost",
        DisconnectReason::OtherComputer => "notice.other-computer",
        DisconnectReason::OldCopy => "notice.old-copy",
    };
    Notification {
        id: id(&connection.id),
        title: texts.get("notice.needsYou", &[("app", app_name)]),
        body: texts.get(what, &[("who", &who(connection, with_account, texts))]),
        action: Some(texts.get("notice.reconnect", &[])),
        screen: Screen::Reconnect(connection.id.clone()),
    }
}

/// Tells of an end that is days away.
pub(crate) fn ends_soon(
    connection: &Connection,
    app_name: &str,
    end: Timestamp,
    with_account: bool,
    texts: Texts,
) -> Notification {
    let day = text::day(end, &jiff::tz::TimeZone::system());
    Notification {
        id: end_id(&connection.id),
        title: texts.get("notice.ends.title", &[("app", app_name), ("day", &day)]),
        body: texts.get("notice.ends.body", &[("who", &who(connection, with_account, texts))]),
        action: Some(texts.get("notice.reconnect", &[])),
        screen: Screen::Reconnect(connection.id.clone()),
    }
}

fn who(connection: &Connection, with_account: bool, texts: Texts) -> String {
    match &connection.account {
        Some(account) if with_account => account.label.clone(),
        Some(_) | None => texts.get("notice.connection", &[]),
    }
}

/// Returns the id of the notification that tells of a request to connect.
pub(crate) fn request_id(request: &RequestId) -> String {
    format!("request:{request}")
}

/// Tells that a program asks to connect something; a banner in the window says the same.
pub(crate) fn asks_to_connect(request: &ConnectionRequest, texts: Texts) -> Notification {
    let title = match (&request.app_name, &request.connection_id) {
        (None, _) => "request.any",
        (Some(_), None) => "request.connect",
        (Some(_), Some(_)) => "request.reconnect",
    };
    let app = request.app_name.as_deref().unwrap_or_default();
    Notification {
        id: request_id(&request.request_id),
        title: texts.get(title, &[("who", &request.client_name), ("app", app)]),
        body: match &request.prompt {
            Some(prompt) => texts.get("request.says", &[("text", prompt)]),
            None => texts.get("request.nothing", &[]),
        },
        action: Some(texts.get("notice.review", &[])),
        screen: Screen::Request(request.request_id.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn incident(app: &str) -> Incident {
        let connection = ConnectionId::generate();
        let alone = Notification {
            id: id(&connection),
            title: format!("{app} needs you"),
            body: String::new(),
            action: None,
            screen: Screen::Reconnect(connection.clone()),
        };
        Incident { connection, app: app.to_owned(), alone }
    }

    fn english() -> Texts {
        Texts::of("en")
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn raised(change: Change) -> Notification {
        match change {
            Change::Raise(notification) => notification,
            Change::Withdraw(id) => panic!("{id} was withdrawn"),
        }
    }

    #[test]
    fn r39_incidents_within_a_minute_are_one_notification() {
        let notices = Notices::default();
        let (slack, jira, late) = (incident("Slack"), incident("Jira"), incident("Notion"));
        let first = raised(notices.add(slack.clone(), english(), at(0)));
        assert_eq!(first.title, "Slack needs you");
        let both = raised(notices.add(jira.clone(), english(), at(59)));
        assert_eq!((both.title.as_str(), &both.id), ("2 connections need you", &first.id));
        assert_eq!(both.body, "Jira, Slack: tools can’t use them until you reconnect.");
        let alone = raised(notices.add(late, english(), at(60)));
        assert_eq!(alone.title, "Notion needs you");
        assert_ne!(alone.id, first.id);
    }

    #[test]
    fn r39_a_notification_goes_with_the_last_of_its_incidents() {
        let notices = Notices::default();
        let (slack, jira) = (incident("Slack"), incident("Jira"));
        let id = raised(notices.add(slack.clone(), english(), at(0))).id;
        notices.add(jira.clone(), english(), at(1));
        let left = raised(notices.end(&slack.connection, english()).unwrap());
        assert_eq!((left.title.as_str(), &left.id), ("Jira needs you", &id));
        assert_eq!(notices.end(&jira.connection, english()), Some(Change::Withdraw(id)));
        assert_eq!(notices.end(&jira.connection, english()), None);
    }

    #[test]
    fn r84_many_apps_are_not_all_named_and_one_incident_is_not_told_twice() {
        let notices = Notices::default();
        let again = incident("Acme");
        notices.add(again.clone(), english(), at(0));
        assert_eq!(raised(notices.add(again, english(), at(1))).title, "Acme needs you");
        for app in ["Box", "Confluence", "Discord", "Box"] {
            notices.add(incident(app), english(), at(2));
        }
        let all = raised(notices.add(incident("Etsy"), english(), at(3)));
        assert_eq!(all.title, "6 connections need you");
        assert_eq!(all.body, "Acme, Box, Confluence and 2 more: tools can’t use them until you reconnect.");
    }

    #[test]
    fn a_clock_that_was_set_back_starts_a_new_notification() {
        let notices = Notices::default();
        let first = raised(notices.add(incident("Slack"), english(), at(7200)));
        assert_ne!(raised(notices.add(incident("Jira"), english(), at(0))).id, first.id);
    }
}
