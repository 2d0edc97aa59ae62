//! How times and counts are said, in one place.

use jiff::tz::TimeZone;
use membrane_model::Timestamp;

/// Says a time as a person would: "14:20" today, "Fri 14:20" within a week, else "3 Mar 2027".
pub(crate) fn clock(at: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let (at, now) = (at.to_zoned_datetime(zone.clone()), now.to_zoned_datetime(zone.clone()));
    let days = at.date().duration_since(now.date()).as_hours() / 24;
    if days == 0 {
        at.strftime("%H:%M").to_string()
    } else if days.abs() < 7 {
        at.strftime("%a %H:%M").to_string()
    } else {
        at.strftime("%-d %b %Y").to_string()
    }
}

/// Says a day: "Tue 3 Mar 2027".
pub(crate) fn day(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned_datetime(zone.clone()).strftime("%a %-d %b %Y").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_said_by_their_distance() {
        let now: Timestamp = "2026-03-04T10:00:00Z".parse().unwrap();
        let say = |text: &str| clock(text.parse().unwrap(), now, &TimeZone::UTC);
        assert_eq!(say("2026-03-04T14:20:00Z"), "14:20");
        assert_eq!(say("2026-03-06T14:20:00Z"), "Fri 14:20");
        assert_eq!(say("2027-03-03T14:20:00Z"), "3 Mar 2027");
    }
}
