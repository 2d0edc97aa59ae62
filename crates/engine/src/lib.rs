//! The product: connect sessions, connections, refresh, verify, health and events.
