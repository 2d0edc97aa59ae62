//! The OAuth 2.0 protocol: authorize, callback, token, device, client credentials, revoke.
