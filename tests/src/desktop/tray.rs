//! The desktop's tray: takes the icons that ask for a place, reads their menus and clicks.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use zbus::object_server::SignalEmitter;
use zbus::zvariant::{OwnedValue, Structure, Value};

use super::Desktop;
use crate::wait;

const WATCHER: &str = "org.kde.StatusNotifierWatcher";
const ITEM: &str = "org.kde.StatusNotifierItem";
const MENU: &str = "com.canonical.dbusmenu";

/// Who asked for a place: bus name and path.
type Places = Arc<Mutex<Vec<(String, String)>>>;

struct Watcher(Places);

#[zbus::interface(name = "org.kde.StatusNotifierWatcher")]
impl Watcher {
    async fn register_status_notifier_item(
        &self,
        service: String,
        #[zbus(header)] header: zbus::message::Header<'_>,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) {
        let sender = header.sender().map(ToString::to_string).unwrap_or_default();
        let (name, path) =
            if service.starts_with('/') { (sender, service) } else { (service, "/StatusNotifierItem".to_owned()) };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((name.clone(), path.clone()));
        let _told = Self::status_notifier_item_registered(&emitter, &format!("{name}{path}")).await;
    }

    fn register_status_notifier_host(&self, _service: String) {}

    #[zbus(property)]
    fn registered_status_notifier_items(&self) -> Vec<String> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .map(|(name, path)| format!("{name}{path}"))
            .collect()
    }

    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        true
    }

    #[zbus(property)]
    fn protocol_version(&self) -> i32 {
        0
    }

    #[zbus(signal)]
    async fn status_notifier_item_registered(emitter: &SignalEmitter<'_>, service: &str) -> zbus::Result<()>;

    #[zbus(signal)]
    async fn status_notifier_host_registered(emitter: &SignalEmitter<'_>) -> zbus::Result<()>;
}

/// The tray.
pub struct Tray {
    bus: zbus::blocking::Connection,
    places: Places,
}

impl Tray {
    /// Starts it.
    ///
    /// # Errors
    /// Fails when there is one already.
    pub fn start(desktop: &Desktop) -> Result<Self> {
        let places = Places::default();
        let builder = desktop.bus_builder()?.serve_at("/StatusNotifierWatcher", Watcher(Arc::clone(&places)))?;
        Ok(Self { bus: builder.name(WATCHER)?.build()?, places })
    }

    fn item(&self) -> Result<(String, String)> {
        wait::until("an icon", Duration::from_secs(10), || {
            Ok(self.places.lock().unwrap_or_else(PoisonError::into_inner).last().cloned())
        })
    }

    fn property(&self, name: &str) -> Result<OwnedValue> {
        let (owner, path) = self.item()?;
        let properties = Some("org.freedesktop.DBus.Properties");
        let reply = self.bus.call_method(Some(owner.as_str()), path.as_str(), properties, "Get", &(ITEM, name))?;
        Ok(reply.body().deserialize()?)
    }

    /// Returns the bytes of the icon's image.
    ///
    /// # Errors
    /// Fails when there is no icon.
    pub fn image(&self) -> Result<Vec<u8>> {
        let name = String::try_from(self.property("IconName")?)?;
        let file = if name.starts_with('/') {
            name
        } else {
            format!("{}/{name}.png", String::try_from(self.property("IconThemePath")?)?)
        };
        std::fs::read(&file).with_context(|| format!("no icon at {file}"))
    }

    /// Lists the menu's entries: id and label, those of submenus too.
    ///
    /// # Errors
    /// Fails when there is no menu.
    pub fn menu(&self) -> Result<Vec<(i32, String)>> {
        let (owner, _) = self.item()?;
        let path: zbus::zvariant::OwnedObjectPath = self.property("Menu")?.try_into()?;
        let arguments = (0_i32, -1_i32, vec!["label"]);
        let reply = self.bus.call_method(Some(owner.as_str()), path.as_str(), Some(MENU), "GetLayout", &arguments)?;
        let body = reply.body();
        let layout: Structure<'_> = body.deserialize()?;
        let mut entries = Vec::new();
        collect(layout.fields().get(1).context("no layout")?, &mut entries);
        Ok(entries)
    }

    /// Waits until an entry has a text in it, and returns its id.
    ///
    /// # Errors
    /// Fails with the menu when none has.
    pub fn entry(&self, text: &str) -> Result<i32> {
        let found = || Ok(self.menu()?.into_iter().find(|(_, label)| label.contains(text)).map(|(id, _)| id));
        wait::until(text, Duration::from_secs(10), found).with_context(|| format!("{:?}", self.menu()))
    }

    /// Waits until no entry has a text in it.
    ///
    /// # Errors
    /// Fails with the menu when one keeps it.
    pub fn no_entry(&self, text: &str) -> Result<()> {
        let gone = || Ok(!self.menu()?.iter().any(|(_, label)| label.contains(text)));
        wait::until_true(&format!("{text:?} to go"), Duration::from_secs(10), gone)
            .with_context(|| format!("{:?}", self.menu()))
    }

    /// Clicks an entry.
    ///
    /// # Errors
    /// Fails when there is none.
    pub fn click(&self, text: &str) -> Result<()> {
        let entry = self.entry(text)?;
        let (owner, _) = self.item()?;
        let path: zbus::zvariant::OwnedObjectPath = self.property("Menu")?.try_into()?;
        let arguments = (entry, "clicked", Value::from(0_i32), 0_u32);
        self.bus.call_method(Some(owner.as_str()), path.as_str(), Some(MENU), "Event", &arguments)?;
        Ok(())
    }
}

/// Collects entries out of `(id, properties, children)`, which may be wrapped in variants.
fn collect(value: &Value<'_>, entries: &mut Vec<(i32, String)>) {
    let value = match value {
        Value::Value(inner) => inner,
        other => other,
    };
    let Value::Structure(structure) = value else { return };
    let [Value::I32(id), Value::Dict(properties), Value::Array(children)] = structure.fields() else { return };
    if let Ok(Some(label)) = properties.get::<&str, String>(&"label") {
        entries.push((*id, label.replace('_', "")));
    }
    for child in children.inner() {
        collect(child, entries);
    }
}
