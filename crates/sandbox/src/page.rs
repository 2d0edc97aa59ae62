//! Pages for people: plain HTML without a script, everything escaped, and headers that keep other sites out.

use std::fmt::{self, Write as _};

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};

use crate::people::Person;

/// Where a form may lead: to the sandbox, and from there back to the app that asked.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; \
     form-action 'self' http://127.0.0.1:* dev.membrane.desktop:",
);

/// A page with a title and a body of finished HTML.
pub(crate) struct Page {
    pub(crate) status: StatusCode,
    pub(crate) title: &'static str,
    pub(crate) body: String,
}

impl Page {
    pub(crate) fn new(title: &'static str, body: String) -> Self {
        Self { status: StatusCode::OK, title, body }
    }

    /// A page that says what is wrong, and nothing that was sent.
    pub(crate) fn wrong(title: &'static str, text: &str) -> Self {
        Self { status: StatusCode::BAD_REQUEST, title, body: format!("<p>{}</p>", Text(text)) }
    }
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        let headers = [
            (header::CONTENT_SECURITY_POLICY, POLICY),
            (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
            (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
            (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        ];
        let title = Text(self.title);
        let html = format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title} · Membrane Sandbox</title>\n\
             <link rel=\"stylesheet\" href=\"/style.css\">\n</head>\n<body>\n<main>\n\
             <p class=\"brand\">Membrane Sandbox</p>\n<h1>{title}</h1>\n{}\n</main>\n\
             <p class=\"foot\">Everything here is made up and stays on this computer.</p>\n</body>\n</html>\n",
            self.body
        );
        (self.status, headers, Html(html)).into_response()
    }
}

/// A text within HTML or within a quoted attribute.
pub(crate) struct Text<'t>(pub(crate) &'t str);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for letter in self.0.chars() {
            match letter {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
}

/// The choice of a person, the first one or `chosen` ticked.
pub(crate) fn people(legend: &str, chosen: Option<Person>) -> String {
    let chosen = chosen.unwrap_or(Person::ALL[0]);
    let mut html = format!("<fieldset>\n<legend>{}</legend>\n", Text(legend));
    for person in Person::ALL {
        let ticked = if person == chosen { " checked" } else { "" };
        let (id, name, email) = (Text(person.id()), Text(person.name()), Text(person.email()));
        let _ = writeln!(
            html,
            "<label><input type=\"radio\" name=\"person\" value=\"{id}\"{ticked}> {name} <small>{email}</small></label>"
        );
    }
    html.push_str("</fieldset>\n");
    html
}

/// The two buttons under a question.
pub(crate) const ALLOW_OR_NOT: &str = "<p class=\"buttons\">\
    <button name=\"answer\" value=\"allow\">Allow</button>\n\
    <button name=\"answer\" value=\"deny\" class=\"plain\">Don’t allow</button></p>";

/// What is told when a form comes twice, too late, or from elsewhere.
pub(crate) fn stale() -> Page {
    Page::wrong(
        "This page is too old",
        "It was used already, or was open for too long. Start again where you came from.",
    )
}

pub(crate) async fn style() -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/css; charset=utf-8")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    (headers, include_str!("style.css")).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_gets_out_of_its_place() {
        let text = Text("<script>\"&'</script>").to_string();
        assert_eq!(text, "&lt;script&gt;&quot;&amp;&#39;&lt;/script&gt;");
    }
}
