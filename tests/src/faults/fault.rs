//! The ways in which a refresh goes wrong, and the odd ways in which providers say that it went right.

/// One bad day of the token endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// A status with JSON, and what it says of when to come back.
    Status {
        /// The status.
        status: u16,
        /// `Retry-After`, where it sends one.
        retry_after: Option<String>,
        /// The body.
        body: &'static str,
    },
    /// A web page with this status, as a captive portal or a proxy sends it.
    Page(u16),
    /// The connection is reset before anything is done.
    ResetBefore,
    /// The connection is reset after the token was replaced.
    ResetAfter,
    /// No answer comes, and nothing is done.
    Hang,
    /// The token is replaced, and the answer comes so slowly that nobody waits for its end.
    Drip,
    /// The token is replaced, and the answer ends in its middle.
    Truncated,
    /// The token is replaced, and the answer says that it is something else than it is.
    WrongType,
    /// The token is replaced, and the answer is written like this: `ACCESS` and `REFRESH` stand for the tokens.
    Says {
        /// The content type.
        content_type: &'static str,
        /// The body.
        body: &'static str,
    },
}

impl Fault {
    /// An OAuth error.
    #[must_use]
    pub fn error(status: u16, code: &'static str) -> Self {
        let body = match code {
            "invalid_grant" => r#"{"error":"invalid_grant"}"#,
            "invalid_client" => r#"{"error":"invalid_client"}"#,
            "unauthorized_client" => r#"{"error":"unauthorized_client"}"#,
            "invalid_scope" => r#"{"error":"invalid_scope"}"#,
            "consent_required" => r#"{"error":"consent_required"}"#,
            "interaction_required" => r#"{"error":"interaction_required"}"#,
            "bad_refresh_token" => r#"{"error":"bad_refresh_token"}"#,
            "app_disabled" => r#"{"error":"app_disabled"}"#,
            "temporarily_unavailable" => r#"{"error":"temporarily_unavailable"}"#,
            _ => r#"{"error":"invalid_request"}"#,
        };
        Self::Status { status, retry_after: None, body }
    }

    /// Tells whether the provider does its work before it goes wrong.
    pub(super) fn works_first(&self) -> bool {
        match self {
            Self::Status { .. } | Self::Page(_) | Self::ResetBefore | Self::Hang => false,
            Self::ResetAfter | Self::Drip | Self::Truncated | Self::WrongType | Self::Says { .. } => true,
        }
    }
}

const JSON: &str = "application/json";

/// Odd answers that hold tokens all the same: what is odd, the content type, the body, and the seconds that the access
/// token lasts by it.
pub const QUIRKS: &[(&str, &str, &str, Option<u64>)] = &[
    (
        "a lifetime as text",
        JSON,
        r#"{"access_token":"ACCESS","refresh_token":"REFRESH","expires_in":"3600"}"#,
        Some(3600),
    ),
    (
        "a lifetime in milliseconds",
        JSON,
        r#"{"access_token":"ACCESS","refresh_token":"REFRESH","expires_in":3600000}"#,
        Some(3600),
    ),
    ("no lifetime", JSON, r#"{"access_token":"ACCESS","refresh_token":"REFRESH"}"#, Some(3600)),
    ("a negative lifetime", JSON, r#"{"access_token":"ACCESS","refresh_token":"REFRESH","expires_in":-1}"#, Some(3600)),
    (
        "no lifetime at all, said as nought",
        JSON,
        r#"{"access_token":"ACCESS","refresh_token":"REFRESH","expires_in":0}"#,
        Some(3600),
    ),
    (
        "a lifetime with its unit",
        JSON,
        r#"{"access_token":"ACCESS","refresh_token":"REFRESH","expires_in":"1800s"}"#,
        Some(1800),
    ),
    (
        "a form",
        "application/x-www-form-urlencoded",
        "access_token=ACCESS&refresh_token=REFRESH&expires_in=1800",
        Some(1800),
    ),
    (
        "a form that calls itself text",
        "text/plain",
        "access_token=ACCESS&refresh_token=REFRESH&expires_in=1800&scope=read",
        Some(1800),
    ),
    (
        "JSON that calls itself a page",
        "text/html",
        r#"{"access_token":"ACCESS","refresh_token":"REFRESH","expires_in":1800}"#,
        Some(1800),
    ),
    (
        "tokens of a user inside",
        JSON,
        r#"{"ok":true,"authed_user":{"id":"U1","access_token":"ACCESS","refresh_token":"REFRESH","expires_in":43200}}"#,
        Some(43_200),
    ),
    (
        "tokens in a wrapper",
        JSON,
        r#"{"code":0,"data":{"access_token":"ACCESS","refresh_token":"REFRESH","expires_in":1800}}"#,
        Some(1800),
    ),
    ("names in camel case", JSON, r#"{"accessToken":"ACCESS","refreshToken":"REFRESH","expireIn":7200}"#, Some(7200)),
    (
        "scopes as a list",
        JSON,
        r#"{"access_token":"ACCESS","refresh_token":"REFRESH","expires_in":1800,"scope":["read"]}"#,
        Some(1800),
    ),
];
