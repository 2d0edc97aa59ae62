//! The data of the demo: contacts and deals of a company that doesn't exist.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

const MOST_CONTACTS: usize = 1000;
const LONGEST_TEXT: usize = 200;

/// Everything that the API shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Records {
    pub(crate) contacts: Vec<Contact>,
    pub(crate) deals: Vec<Deal>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Contact {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) email: Option<String>,
    pub(crate) company: Option<String>,
    pub(crate) created_at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Deal {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) stage: String,
    /// In whole units of the currency.
    pub(crate) amount: u64,
    pub(crate) currency: String,
    pub(crate) contact_id: String,
    pub(crate) created_at: Timestamp,
}

/// What a call adds.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewContact {
    pub(crate) name: String,
    pub(crate) email: Option<String>,
    pub(crate) company: Option<String>,
}

impl Records {
    /// The data of a sandbox that nobody has used.
    pub(crate) fn demo(now: Timestamp) -> Self {
        let contact = |number: usize, name: &str, company: &str| Contact {
            id: format!("contact_{number}"),
            name: name.to_owned(),
            email: Some(format!("{}@{}.example", name.to_lowercase().replace(' ', "."), company.to_lowercase())),
            company: Some(company.to_owned()),
            created_at: now,
        };
        let deal = |number: usize, title: &str, stage: &str, amount: u64, contact: usize| Deal {
            id: format!("deal_{number}"),
            title: title.to_owned(),
            stage: stage.to_owned(),
            amount,
            currency: "EUR".to_owned(),
            contact_id: format!("contact_{contact}"),
            created_at: now,
        };
        Self {
            contacts: vec![
                contact(1, "Mira Castell", "Brightwater"),
                contact(2, "Jonas Feld", "Brightwater"),
                contact(3, "Lena Orsini", "Kiteworks"),
                contact(4, "Otto Brandt", "Northlamp"),
            ],
            deals: vec![
                deal(1, "Forty desks", "won", 18_400, 1),
                deal(2, "Yearly maintenance", "negotiation", 6_000, 2),
                deal(3, "A pilot for the workshop", "proposal", 2_500, 3),
            ],
        }
    }

    /// Adds a contact.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub(crate) fn add_contact(&mut self, new: NewContact, now: Timestamp) -> Result<Contact, &'static str> {
        if self.contacts.len() >= MOST_CONTACTS {
            return Err("There are a thousand contacts already.");
        }
        let name = line(new.name).ok_or("name is a text of 1 to 200 characters on one line.")?;
        let optional = |text: Option<String>| match text {
            Some(text) => line(text).map(Some).ok_or("email and company are texts of 1 to 200 characters."),
            None => Ok(None),
        };
        let contact = Contact {
            id: format!("contact_{}", self.contacts.len() + 1),
            name,
            email: optional(new.email)?,
            company: optional(new.company)?,
            created_at: now,
        };
        self.contacts.push(contact.clone());
        Ok(contact)
    }
}

fn line(text: String) -> Option<String> {
    let text = text.trim().to_owned();
    let fits = !text.is_empty() && text.chars().count() <= LONGEST_TEXT && !text.chars().any(char::is_control);
    fits.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contacts_are_added_and_nonsense_is_not() {
        let mut records = Records::demo(Timestamp::UNIX_EPOCH);
        let new = |name: &str| NewContact { name: name.to_owned(), email: None, company: None };
        let added = records.add_contact(new(" Vera Holm "), Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!((added.id.as_str(), added.name.as_str()), ("contact_5", "Vera Holm"));
        for bad in ["", "  ", "a\nb", &"x".repeat(201)] {
            assert!(records.add_contact(new(bad), Timestamp::UNIX_EPOCH).is_err(), "{bad:?}");
        }
    }
}
