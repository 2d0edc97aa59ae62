//! Steps beside the sign-in itself: trading a key for a session token, keeping parts of replies, choosing a tenant.

use std::collections::BTreeMap;

use membrane_model::Choice;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::request::scalar;
use crate::template::FillProblem;
use crate::{HttpCheck, HttpMethod, Template, TextTemplate};

/// The most that a person is given to choose from.
const CHOICES_MAX: usize = 500;

/// A part of what a provider answers that fills a slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keep {
    /// The slot that it fills.
    pub slot: String,
    /// A JSON pointer to it; for the way back from the browser, the name of the parameter.
    pub at: String,
}

impl Keep {
    /// Reads the parts that are there.
    #[must_use]
    pub fn read(list: &[Self], reply: &Value) -> BTreeMap<String, String> {
        let one = |keep: &Self| Some((keep.slot.clone(), scalar(reply.pointer(&keep.at)?)?));
        list.iter().filter_map(one).collect()
    }
}

/// The request that trades what a person typed for a token that lasts for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Login {
    /// How to ask.
    pub method: HttpMethod,
    /// Where to ask.
    pub url: Template,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// What is sent.
    pub body: LoginBody,
    /// What is shown as user name and password (RFC 7617).
    pub basic: Option<(TextTemplate, TextTemplate)>,
    /// A JSON pointer to the token in the reply.
    pub token: String,
    /// A JSON pointer to the seconds that it lasts.
    pub expires_in: Option<String>,
    /// How many seconds it lasts, where the reply doesn't say.
    pub lifetime: Option<u64>,
    /// Parts of the reply that addresses of the API use.
    pub keep: Vec<Keep>,
    /// Statuses that mean that what was typed is refused; all others say nothing about it.
    pub dead: Vec<u16>,
}

/// What a login sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum LoginBody {
    /// Nothing.
    None,
    /// JSON whose texts may have slots.
    Json(String),
    /// A form whose values may have slots.
    Form(BTreeMap<String, String>),
}

impl LoginBody {
    /// Writes it with the values put in, and says its media type; `None` = there is no body.
    ///
    /// # Errors
    /// A value is missing or has control characters.
    pub fn fill(&self, values: &BTreeMap<String, String>) -> Result<Option<(&'static str, Vec<u8>)>, FillProblem> {
        match self {
            Self::None => Ok(None),
            Self::Json(text) => {
                let mut json: Value = serde_json::from_str(text).map_err(|_| FillProblem::Malformed)?;
                fill_json(&mut json, values)?;
                Ok(Some(("application/json", json.to_string().into_bytes())))
            }
            Self::Form(pairs) => {
                let mut form = url::form_urlencoded::Serializer::new(String::new());
                for (name, text) in pairs {
                    form.append_pair(name, &fill_text(text, values)?);
                }
                Ok(Some(("application/x-www-form-urlencoded", form.finish().into_bytes())))
            }
        }
    }

    /// Lists its slots.
    #[must_use]
    pub fn slots(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut take = |text: &str| {
            found.extend(TextTemplate::parse(text).iter().flat_map(TextTemplate::slots).map(str::to_owned));
        };
        match self {
            Self::None => {}
            Self::Json(text) => {
                if let Ok(json) = serde_json::from_str(text) {
                    each_text(&json, &mut take);
                }
            }
            Self::Form(pairs) => pairs.values().for_each(|text| take(text)),
        }
        found
    }
}

fn fill_text(text: &str, values: &BTreeMap<String, String>) -> Result<String, FillProblem> {
    TextTemplate::parse(text).ok_or(FillProblem::Malformed)?.fill(values)
}

fn fill_json(json: &mut Value, values: &BTreeMap<String, String>) -> Result<(), FillProblem> {
    match json {
        Value::String(text) => *text = fill_text(text, values)?,
        Value::Array(items) => items.iter_mut().try_for_each(|item| fill_json(item, values))?,
        Value::Object(members) => members.values_mut().try_for_each(|member| fill_json(member, values))?,
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
    Ok(())
}

fn each_text(json: &Value, take: &mut impl FnMut(&str)) {
    match json {
        Value::String(text) => take(text),
        Value::Array(items) => items.iter().for_each(|item| each_text(item, take)),
        Value::Object(members) => members.values().for_each(|member| each_text(member, take)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// What a person chooses once they are signed in: a site, an organisation, an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choose {
    /// The slot that the choice fills.
    pub field: String,
    /// What is chosen, in words: "Site".
    pub label: String,
    /// A sentence below it.
    pub hint: Option<String>,
    /// The request that lists what there is.
    pub check: Box<HttpCheck>,
    /// A JSON pointer to the list in the reply; empty = the reply is the list.
    pub items: String,
    /// A pointer within an item to what is kept.
    pub value: String,
    /// Pointers within an item to what a person reads; the first that is there counts.
    pub name: Vec<String>,
    /// More parts of the chosen item that addresses use.
    pub keep: Vec<Keep>,
}

impl Choose {
    /// Reads what there is to choose from; `None` when the reply has no such list.
    #[must_use]
    pub fn choices(&self, reply: &Value) -> Option<Vec<Choice>> {
        let one = |item: &Value| {
            let value = scalar(item.pointer(&self.value)?)?;
            let label = self.name.iter().find_map(|pointer| scalar(item.pointer(pointer)?));
            Some(Choice { label: label.unwrap_or_else(|| value.clone()), value })
        };
        Some(self.list(reply)?.iter().filter_map(one).take(CHOICES_MAX).collect())
    }

    /// Reads the parts that are kept of a chosen item.
    #[must_use]
    pub fn kept(&self, reply: &Value, chosen: &str) -> BTreeMap<String, String> {
        let is_chosen = |item: &&Value| item.pointer(&self.value).and_then(scalar).as_deref() == Some(chosen);
        let item = self.list(reply).and_then(|items| items.iter().find(is_chosen));
        item.map(|item| Keep::read(&self.keep, item)).unwrap_or_default()
    }

    fn list<'v>(&self, reply: &'v Value) -> Option<&'v Vec<Value>> {
        reply.pointer(&self.items)?.as_array()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_json_login_cannot_be_broken_out_of() {
        let body = LoginBody::Json(r#"{"auth":{"user":"{username}","key":"{key}"},"n":1}"#.to_owned());
        let values = BTreeMap::from([
            ("username".to_owned(), r#"ada","admin":"true"#.to_owned()),
            ("key".to_owned(), "{username}".to_owned()),
        ]);
        let (media, bytes) = body.fill(&values).unwrap().unwrap();
        let sent: Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(media, "application/json");
        assert_eq!(sent, json!({"auth": {"user": r#"ada","admin":"true"#, "key": "{username}"}, "n": 1}));
        assert_eq!(body.slots(), ["key", "username"]);
        assert!(body.fill(&BTreeMap::new()).is_err());
    }

    #[test]
    fn a_form_login_is_escaped() {
        let body = LoginBody::Form(BTreeMap::from([("secret".to_owned(), "{key}".to_owned())]));
        let (_, bytes) = body.fill(&BTreeMap::from([("key".to_owned(), "a&b=c".to_owned())])).unwrap().unwrap();
        assert_eq!(bytes, b"secret=a%26b%3Dc");
    }
}
