//! A small OAuth provider and CRM-like API on loopback, to try everything without registering anywhere.
