//! NetworkManager and logind, over the system bus. Neither is started for us, and neither has to be there.

use std::time::Duration;

use futures_util::{StreamExt, stream::select};
use membrane_model::Network;
use zbus::fdo::DBusProxy;
use zbus::message::Type;
use zbus::names::BusName;
use zbus::zvariant::OwnedFd;
use zbus::{Connection, MatchRule, MessageStream};

use crate::Engine;

const NETWORK: &str = "org.freedesktop.NetworkManager";
const NETWORK_PATH: &str = "/org/freedesktop/NetworkManager";
const LOGIN: &str = "org.freedesktop.login1";
const LOGIN_PATH: &str = "/org/freedesktop/login1";
const LOGIN_INTERFACE: &str = "org.freedesktop.login1.Manager";
/// How long until a bus that is not there is looked for again.
const LOOK_AGAIN: Duration = Duration::from_secs(5 * 60);

/// Listens as long as the engine lives.
pub(super) async fn listen_for_ever(engine: &Engine) {
    loop {
        let ended = listen(engine).await;
        *engine.weather().bus.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = None;
        // Nobody who could say that the network is back is no reason to wait for it.
        engine.weather().network(Network::Unknown);
        if engine.weather().now().sleeping {
            engine.weather().woke();
        }
        if let Err(error) = ended {
            tracing::debug!("nobody tells of network and sleep: {error}");
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

async fn listen(engine: &Engine) -> zbus::Result<()> {
    let bus = Connection::system().await?;
    let rule = || MatchRule::builder().msg_type(Type::Signal);
    let network =
        MessageStream::for_match_rule(rule().sender(NETWORK)?.path(NETWORK_PATH)?.build(), &bus, None).await?;
    let sleep = MessageStream::for_match_rule(
        rule().sender(LOGIN)?.path(LOGIN_PATH)?.interface(LOGIN_INTERFACE)?.member("PrepareForSleep")?.build(),
        &bus,
        None,
    )
    .await?;
    let owners = MessageStream::for_match_rule(
        rule().sender("org.freedesktop.DBus")?.member("NameOwnerChanged")?.arg(0, NETWORK)?.build(),
        &bus,
        None,
    )
    .await?;
    let peer = DBusProxy::new(&bus).await?;
    if peer.name_has_owner(BusName::try_from(LOGIN)?).await? {
        *engine.weather().bus.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(bus.clone());
    }
    look(engine, &bus, &peer).await?;
    let mut all = select(
        select(network.map(|m| (Told::Network, m)), owners.map(|m| (Told::Network, m))),
        sleep.map(|m| (Told::Sleep, m)),
    );
    while let Some((told, message)) = all.next().await {
        match told {
            Told::Network => look(engine, &bus, &peer).await?,
            Told::Sleep => match message?.body().deserialize::<bool>() {
                Ok(true) => {
                    tracing::info!("the computer is about to sleep");
                    engine.weather().falling_asleep();
                }
                Ok(false) => {
                    tracing::info!("the computer woke");
                    engine.weather().woke();
                }
                Err(error) => tracing::debug!("an odd word about sleep: {error}"),
            },
        }
    }
    Ok(())
}

enum Told {
    Network,
    Sleep,
}

/// Reads how the network stands now.
async fn look(engine: &Engine, bus: &Connection, peer: &DBusProxy<'_>) -> zbus::Result<()> {
    let network = if peer.name_has_owner(BusName::try_from(NETWORK)?).await? {
        let state = property(bus, "State").await?;
        let connectivity = property(bus, "Connectivity").await?;
        read(state, connectivity)
    } else {
        Network::Unknown
    };
    if engine.weather().network(network) {
        tracing::info!("the network is {}", network.name());
        engine.publish_status();
    }
    Ok(())
}

async fn property(bus: &Connection, name: &str) -> zbus::Result<u32> {
    let reply = bus
        .call_method(Some(NETWORK), NETWORK_PATH, Some("org.freedesktop.DBus.Properties"), "Get", &(NETWORK, name))
        .await?;
    let value: zbus::zvariant::OwnedValue = reply.body().deserialize()?;
    Ok(u32::try_from(value).unwrap_or_default())
}

/// Reads NetworkManager's `NMState` and `NMConnectivityState`; the latter is 0 where it doesn't check.
fn read(state: u32, connectivity: u32) -> Network {
    match (connectivity, state) {
        (1, _) => Network::Down,
        (2, _) => Network::SignInPage,
        (3, _) => Network::Limited,
        (4, _) => Network::Up,
        (_, 10..=40) => Network::Down,
        (_, 50 | 60) => Network::Limited,
        (_, 70) => Network::Up,
        _ => Network::Unknown,
    }
}

/// Asks logind to wait with the computer's sleep until the answer is closed.
pub(super) async fn inhibit(bus: &Connection) -> zbus::Result<OwnedFd> {
    let words = ("sleep", "Membrane", "Renewing a connection", "delay");
    let reply = bus.call_method(Some(LOGIN), LOGIN_PATH, Some(LOGIN_INTERFACE), "Inhibit", &words).await?;
    reply.body().deserialize()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r33_what_the_system_says_of_the_network_is_read() {
        for (state, connectivity, expected) in [
            (70, 4, Network::Up),
            (70, 1, Network::Down),
            (70, 2, Network::SignInPage),
            (60, 3, Network::Limited),
            (70, 0, Network::Up),
            (50, 0, Network::Limited),
            (60, 0, Network::Limited),
            (10, 0, Network::Down),
            (20, 0, Network::Down),
            (40, 0, Network::Down),
            (0, 0, Network::Unknown),
            (99, 9, Network::Unknown),
        ] {
            assert_eq!(read(state, connectivity), expected, "{state} {connectivity}");
        }
    }
}
