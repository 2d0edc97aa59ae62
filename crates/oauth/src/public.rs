//! The open internet: hosts and addresses that a stranger may name, and a resolver that gives no others.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// Resolves names; one that leads to this computer or its network has no address here.
#[derive(Clone, Copy)]
pub(crate) struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            // All of them: a name with one good address and one bad one is a trap.
            if found.is_empty() || found.iter().any(|address| !is_public(address.ip())) {
                let refused = io::Error::new(io::ErrorKind::PermissionDenied, "the name leads into a private network");
                return Err(refused.into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// Tells whether a URL names a host of the open internet; what a name leads to is seen when it is resolved.
#[must_use]
pub fn is_public_host(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => is_public(IpAddr::V4(address)),
        Some(Host::Ipv6(address)) => is_public(IpAddr::V6(address)),
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            let inner = ["localhost", "local", "internal", "intranet", "lan", "home", "corp", "arpa", "onion"];
            let last = name.rsplit('.').next().unwrap_or_default();
            name.contains('.') && !inner.contains(&last)
        }
        None => false,
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = matches!(
        (a, b, c),
        (0 | 10 | 127, _, _)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (192, 168, _)
            | (198, 18 | 19, _)
            | (198, 51, 100)
            | (203, 0, 113)
            | (224..=255, _, _)
    );
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    // Addresses that carry an IPv4 address are as good as that one.
    if let Some(inner) = address.to_ipv4_mapped() {
        return is_public_v4(inner);
    }
    match address.segments() {
        // NAT64 and 6to4.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
            let [a, b] = high.to_be_bytes();
            let [c, d] = low.to_be_bytes();
            is_public_v4(Ipv4Addr::new(a, b, c, d))
        }
        // Documentation and Teredo.
        [0x2001, 0xdb8 | 0, ..] => false,
        // Only 2000::/3 is the internet: no loopback, link-local, unique local or multicast address is in it.
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

/// Tells whether two hosts belong to the same owner: the same host, or the same registrable domain.
pub(crate) fn same_site(one: &Url, other: &Url) -> bool {
    match (one.host_str(), other.host_str()) {
        (Some(one), Some(other)) if one == other => true,
        (Some(one), Some(other)) => match (psl::domain_str(one), psl::domain_str(other)) {
            (Some(one), Some(other)) => one == other,
            _ => false,
        },
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r67_private_addresses_in_any_dress_are_not_public() {
        for private in [
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://0.0.0.0/",
            "https://10.1.2.3/",
            "https://172.20.0.1/",
            "https://192.168.1.1/",
            "https://169.254.169.254/latest/meta-data",
            "https://100.64.0.1/",
            "https://224.0.0.1/",
            "https://[::1]/",
            "https://[::]/",
            "https://[::ffff:10.0.0.1]/",
            "https://[64:ff9b::a00:1]/",
            "https://[2002:a00:1::]/",
            "https://[fe80::1]/",
            "https://[fd00::1]/",
            "https://[ff02::1]/",
            "https://localhost/",
            "https://localhost./",
            "https://printer.local/",
            "https://git.corp/",
            "https://intranet/",
            "https://metadata.google.internal/",
        ] {
            assert!(!is_public_host(&Url::parse(private).unwrap()), "{private}");
        }
        for public in ["https://example.com/", "https://93.184.216.34/", "https://[2606:4700::1]/"] {
            assert!(is_public_host(&Url::parse(public).unwrap()), "{public}");
        }
    }

    #[test]
    fn one_owner_is_told_by_the_registrable_domain() {
        let same = |one: &str, other: &str| same_site(&Url::parse(one).unwrap(), &Url::parse(other).unwrap());
        assert!(same("https://auth.example.co.uk", "https://api.example.co.uk"));
        assert!(same("http://127.0.0.1:1", "http://127.0.0.1:2"));
        assert!(!same("https://a.co.uk", "https://b.co.uk"));
        assert!(!same("https://ada.github.io", "https://ben.github.io"));
        assert!(!same("https://127.0.0.1", "https://127.0.0.2"));
    }

    #[tokio::test]
    async fn r67_a_name_that_leads_home_is_not_resolved() {
        let name: Name = "localhost".parse().unwrap();
        assert!(PublicOnly.resolve(name).await.is_err());
    }
}
