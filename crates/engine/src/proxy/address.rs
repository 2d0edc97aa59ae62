//! Which addresses a request may go to: those of the internet, and this computer's own only for who is known to be
//! there. What is left out are networks that a name from outside has no business to lead to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// How far a request may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ground {
    /// To the internet, by https.
    Outside,
    /// To this computer, by http or https.
    ThisComputer,
}

/// Why an address may not be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Barred {
    /// It is not http or https, or plain http to another computer.
    #[error("the address is not https")]
    NotHttps,
    /// It has a user name or a password.
    #[error("the address has a user name or a password in it")]
    UserInfo,
    /// It leads to this computer or into a private network.
    #[error("the address leads to this computer or into a private network")]
    NotPublic,
}

/// Tells on which ground a URL is, as far as its text says; names are looked at again when they are looked up.
///
/// # Errors
/// [`Barred`]; addresses of this computer are when `local` is not allowed.
pub(crate) fn ground(url: &Url, local: bool) -> Result<Ground, Barred> {
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Barred::UserInfo);
    }
    let web = matches!(url.scheme(), "http" | "https");
    if web && is_this_computer(url) {
        return if local { Ok(Ground::ThisComputer) } else { Err(Barred::NotPublic) };
    }
    match url.host() {
        Some(Host::Ipv4(ip)) if !is_public(IpAddr::V4(ip)) => Err(Barred::NotPublic),
        Some(Host::Ipv6(ip)) if !is_public(IpAddr::V6(ip)) => Err(Barred::NotPublic),
        Some(_) if url.scheme() == "https" => Ok(Ground::Outside),
        Some(_) | None => Err(Barred::NotHttps),
    }
}

/// Tells whether a URL names this computer: `127.0.0.1`, `[::1]` or `localhost`, and no other spelling of them.
fn is_this_computer(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

impl Ground {
    /// Tells whether an address that a name stands for is on this ground.
    pub(crate) fn has(self, ip: IpAddr) -> bool {
        match self {
            Self::Outside => is_public(ip),
            Self::ThisComputer => ip.is_loopback(),
        }
    }
}

/// Tells whether an address is one of the internet.
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let special = match (a, b, c) {
        // This network, shared by a carrier's customers, protocol assignments, benchmarks, and all from multicast up.
        (0, ..) | (192, 0, 0) | (224.., ..) => true,
        (100, 64..=127, _) | (198, 18..=19, _) => true,
        // The relays of 6to4, which would carry it on to somewhere else.
        (192, 88, 99) => true,
        _ => false,
    };
    !special && !ip.is_private() && !ip.is_loopback() && !ip.is_link_local() && !ip.is_documentation()
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let s = ip.segments();
    // An IPv4 address in IPv6 clothes counts as what it is: NAT64 (RFC 6052) and 6to4.
    let inside = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    match s {
        [0x0064, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => is_public_v4(inside(high, low)),
        // Teredo, benchmarks, ORCHID and documentation are parts of what is public otherwise (2000::/3).
        [0x2001, 0..=0x01ff, ..] | [0x2001, 0x0db8, ..] | [0x3fff, 0..=0x0fff, ..] => false,
        // Mapped and compatible IPv4 (::/96), unique local, link-local, multicast: all outside 2000::/3.
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(text: &str, local: bool) -> Result<Ground, Barred> {
        ground(&Url::parse(text).unwrap(), local)
    }

    #[test]
    fn r67_addresses_that_are_not_of_the_internet_are_barred_however_they_are_written() {
        for barred in [
            "https://127.0.0.1/",
            "https://127.1/",
            "https://2130706433/",
            "https://0x7f000001/",
            "https://0x7f.1/",
            "https://017700000001/",
            "https://0177.0.0.1/",
            "https://127.255.255.254/",
            "https://0/",
            "https://0.0.0.0/",
            "https://10.0.0.1/",
            "https://167772161/",
            "https://172.16.0.1/",
            "https://172.31.255.255/",
            "https://192.168.1.1/",
            "https://169.254.169.254/latest/meta-data/",
            "https://2852039166/",
            "https://100.64.0.1/",
            "https://192.0.0.8/",
            "https://192.0.2.1/",
            "https://198.18.0.1/",
            "https://198.51.100.7/",
            "https://203.0.113.9/",
            "https://224.0.0.1/",
            "https://240.0.0.1/",
            "https://255.255.255.255/",
            "https://[::]/",
            "https://[::1]/",
            "https://[0:0:0:0:0:0:0:1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[::ffff:7f00:1]/",
            "https://[::ffff:169.254.169.254]/",
            "https://[::ffff:8.8.8.8]/",
            "https://[::127.0.0.1]/",
            "https://[64:ff9b::7f00:1]/",
            "https://[64:ff9b::a9fe:a9fe]/",
            "https://[64:ff9b:1::1]/",
            "https://[2002:7f00:1::]/",
            "https://[2002:c0a8:101::1]/",
            "https://[2001:0:53aa:64c::1]/",
            "https://[2001:db8::1]/",
            "https://[fc00::1]/",
            "https://[fd12:3456::1]/",
            "https://[fe80::1]/",
            "https://[fec0::1]/",
            "https://[ff02::1]/",
            "https://localhost/",
            "https://LOCALHOST/",
            "https://ⓛocalhost/",
            "http://localhost/",
        ] {
            assert_eq!(judged(barred, false), Err(Barred::NotPublic), "{barred}");
        }
        for fine in
            ["https://8.8.8.8/", "https://[2606:4700::1111]/", "https://[64:ff9b::808:808]/", "https://example.com/"]
        {
            assert_eq!(judged(fine, false), Ok(Ground::Outside), "{fine}");
        }
    }

    #[test]
    fn r67_local_means_this_computer_and_no_other() {
        for here in ["http://127.0.0.1:9/", "http://localhost:9/", "https://localhost/", "http://[::1]/"] {
            assert_eq!(judged(here, true), Ok(Ground::ThisComputer), "{here}");
        }
        for elsewhere in
            ["https://10.0.0.1/", "https://[::ffff:127.0.0.1]/", "https://0.0.0.0/", "https://169.254.0.1/"]
        {
            assert_eq!(judged(elsewhere, true), Err(Barred::NotPublic), "{elsewhere}");
        }
        assert_eq!(judged("http://example.com/", true), Err(Barred::NotHttps));
        assert_eq!(judged("ftp://127.0.0.1/", true), Err(Barred::NotPublic));
        assert_eq!(judged("https://user:pw@example.com/", true), Err(Barred::UserInfo));
    }

    #[test]
    fn r67_what_a_name_stands_for_has_to_be_on_its_ground() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        for rebound in ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "::ffff:10.0.0.1", "fd00::1", "0.0.0.0"] {
            assert!(!Ground::Outside.has(ip(rebound)), "{rebound}");
        }
        assert!(Ground::Outside.has(ip("93.184.216.34")));
        assert!(Ground::ThisComputer.has(ip("127.0.0.1")) && Ground::ThisComputer.has(ip("::1")));
        for far in ["93.184.216.34", "10.0.0.1", "::ffff:127.0.0.1", "0.0.0.0"] {
            assert!(!Ground::ThisComputer.has(ip(far)), "{far}");
        }
    }
}
