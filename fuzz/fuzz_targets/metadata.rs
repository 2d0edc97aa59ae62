//! What servers say of themselves: read or refused, and no address that is read leads anywhere but where it should.
#![no_main]

use libfuzzer_sys::fuzz_target;
use membrane_oauth::{Reach, ResourceMetadata, ServerMetadata, is_public_host};
use serde_json::Value;
use url::Url;

const ISSUER: &str = "https://as.example.com";

fuzz_target!(|body: &[u8]| {
    let Ok(body) = serde_json::from_slice::<Value>(body) else { return };
    if let Ok(found) = ServerMetadata::read(&body, &[ISSUER.to_owned()], Reach::Public) {
        assert_eq!(found.issuer, ISSUER);
        let needed = [Some(&found.authorize), Some(&found.token)];
        let others = [&found.device, &found.revoke, &found.register, &found.par, &found.userinfo];
        for url in needed.into_iter().chain(others.map(Option::as_ref)).flatten() {
            assert!(url.scheme() == "https" && is_public_host(url), "{url}");
            // A dot at the end names the root, and the same host.
            let host = url.host_str().map(|host| host.trim_end_matches('.')).expect("a host");
            assert!(host == "example.com" || host.ends_with(".example.com"), "{url}");
            assert!(url.username().is_empty() && url.password().is_none() && url.fragment().is_none(), "{url}");
        }
        let lists = [&found.pkce_methods, &found.scopes, &found.client_auth];
        assert!(lists.into_iter().flatten().chain([&found.dpop_algorithms]).all(|list| list.len() <= 200));
        // What is read is written down and read again at every start.
        let kept = serde_json::to_string(&found).expect("metadata can be written");
        assert_eq!(serde_json::from_str::<ServerMetadata>(&kept).expect("what was written can be read"), found);
    }
    let url = Url::parse("https://mcp.example.com/v1/mcp").expect("a fixed URL");
    if let Ok(found) = ResourceMetadata::read(&body, &url) {
        let resource = Url::parse(&found.resource).expect("a resource is a URL");
        assert!(resource.origin() == url.origin() && url.path().starts_with(resource.path().trim_end_matches('/')));
        assert!(found.scopes.iter().flatten().all(|scope| !scope.is_empty() && scope.len() <= 500));
    }
});
