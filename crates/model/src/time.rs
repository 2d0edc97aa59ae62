//! Points in time, as RFC 3339 text on the wire and milliseconds in storage.

/// A point in time in UTC.
pub type Timestamp = jiff::Timestamp;
