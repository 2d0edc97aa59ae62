//! The proxy: a program's call to an app, with the credential added on the way. The program never sees the credential,
//! and the credential never leaves for any other host than the app's own.

pub(crate) mod address;
mod body;
pub(crate) mod carry;
mod headers;
pub(crate) mod line;
mod target;

use std::collections::BTreeMap;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use membrane_catalog::{App, AuthMethod, Catalog};
use membrane_model::{Connection, ConnectionId, DisconnectReason, ErrorCode, Fault, Timestamp};
use membrane_oauth::DpopKey;
use membrane_store::CredentialRow;
use secrecy::ExposeSecret;

use crate::credential::Credential;
use crate::proxy::body::Outgoing;
pub use crate::proxy::body::{AnswerBody, BrokenAnswer, CallBody};
use crate::proxy::line::Silence;
use crate::proxy::target::{Target, target};
use crate::recent::InUse;
use crate::refresh::Refreshed;
use crate::refresh::plan::after;
use crate::{Caller, Check, Engine};

/// A token that runs out this soon is renewed before it is used.
const SPARE: Duration = Duration::from_secs(10);
/// How long calls are held back in all because the app asks for it.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often a call is sent again because the app asks for it.
const AGAIN_MAX: u32 = 2;

/// A call to an app.
pub struct Call {
    /// How.
    pub method: Method,
    /// A path below the app's API, with a query or not, or a whole address of one of the app's hosts.
    pub target: String,
    /// The caller's headers; those that are not for the app are left out on the way.
    pub headers: HeaderMap,
    /// What is sent.
    pub body: CallBody,
}

/// What a call needs of the catalog.
struct Way<'a> {
    app: &'a App,
    method: &'a AuthMethod,
}

impl Engine {
    /// Makes a call to an app with the credential of a connection, named by id, key or app, and returns the app's answer, whatever its status.
    ///
    /// A 401 is answered by renewing the credential once and sending again what can be sent again. An app that asks for
    /// a pause gets it, when the call may be repeated and the pause is short.
    ///
    /// # Errors
    /// `NotFound`; `BadRequest` for an address that is not the app's; `Disconnected`, `Paused`, `NotConnectedYet`; the
    /// vault's states; `ProviderUnavailable` when no answer came.
    pub async fn forward(&self, caller: &Caller, id_or_key: &str, call: Call) -> Result<Response<AnswerBody>, Fault> {
        let found = self.in_use(caller, id_or_key)?;
        let (connection, most) = (&found.connection, found.answer_max);
        self.usable(connection)?;
        self.need_vault().await?;
        let catalog = self.catalog_lately();
        let way = self.way(&catalog, connection)?;
        let mut headers = headers::outgoing(call.headers, way.app.api_of(way.method), &connection.fields);
        let mut body = Outgoing::take(call.body).await?;
        if matches!(&body, Outgoing::Held(bytes) if bytes.is_empty()) {
            // Some clients name the type of a body that isn't there.
            headers.remove(header::CONTENT_TYPE);
        }
        let mut row = self.row_for_use(&found).await?;
        self.touch(connection, Timestamp::now());
        self.note_use(caller, connection);
        let mut renewed = false;
        let (mut again, mut waited) = (0, Duration::ZERO);
        loop {
            let (credential, values) = self.opened(connection, &row)?;
            let mut to = target(way.app, way.app.api_of(way.method), &values, &call.target)?;
            let mut headers = headers.clone();
            carry::carry(way.method, &credential, &values, &mut to.url, &mut headers).map_err(|_| {
                Fault::new(ErrorCode::KeyRejected, format!("the credential of {} can't be sent as it is", way.app.name))
            })?;
            if let Some(key) = credential.dpop_key.as_ref().and_then(DpopKey::read) {
                let token = credential.access_token.as_ref();
                let proof = key.proof(call.method.as_str(), &to.url, token, Timestamp::now());
                if let Some(proof) = proof.and_then(|proof| HeaderValue::try_from(proof).ok()) {
                    headers.insert("dpop", proof);
                }
            }
            let answer = self.send(way.app, call.method.clone(), to, headers, &mut body).await?;
            match answer.status() {
                StatusCode::UNAUTHORIZED if !renewed => {
                    renewed = true;
                    match self.after_refusal(connection, &row).await? {
                        Some(newer) if body.can_be_given() => row = newer,
                        Some(_) | None => return answered(connection, answer, most),
                    }
                }
                StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                    let asked = retry_after(answer.headers(), Timestamp::now());
                    let wait = asked.filter(|wait| waited + *wait <= PATIENCE && again < AGAIN_MAX);
                    let Some(wait) = wait.filter(|_| call.method.is_idempotent() && body.can_be_given()) else {
                        return answered(connection, answer, most);
                    };
                    drop(answer);
                    (again, waited) = (again + 1, waited + wait);
                    tokio::time::sleep(wait).await;
                }
                _ => return answered(connection, answer, most),
            }
        }
    }

    fn way<'a>(&self, catalog: &'a Catalog, connection: &Connection) -> Result<Way<'a>, Fault> {
        let app = self.app(catalog, &connection.app)?;
        let method = self.method(app, &connection.auth_method)?;
        Ok(Way { app, method })
    }

    /// Returns the credential's row, renewed where it is about to run out.
    async fn row_for_use(&self, found: &InUse) -> Result<CredentialRow, Fault> {
        // A newer one may wait in memory for a disk that is full.
        let row = self.inner().storage.unsaved(&found.connection.id).or_else(|| found.row.clone());
        match row {
            Some(row) if row.expires_at.is_none_or(|end| end > after(Timestamp::now(), SPARE)) => Ok(row),
            Some(_) | None => self.row_good_for(&found.connection, SPARE).await,
        }
    }

    /// Opens a credential, and joins its values with the others that addresses may name.
    fn opened(
        &self,
        connection: &Connection,
        row: &CredentialRow,
    ) -> Result<(Credential, BTreeMap<String, String>), Fault> {
        let credential = self.open_credential(row)?;
        let secrets = credential.values.iter().map(|(key, value)| (key.clone(), value.expose_secret().to_owned()));
        let mut values = self.vars();
        values.extend(connection.fields.clone());
        values.extend(secrets);
        Ok((credential, values))
    }

    async fn send(
        &self,
        app: &App,
        method: Method,
        to: Target,
        mut headers: HeaderMap,
        body: &mut Outgoing,
    ) -> Result<reqwest::Response, Fault> {
        let Some((body, length)) = body.give() else {
            return Err(Fault::new(ErrorCode::Internal, "the body was sent already"));
        };
        if let Some(length) = length {
            // It keeps a large body from being cut into chunks, which some apps refuse.
            headers.insert(header::CONTENT_LENGTH, length.into());
        }
        let request = self.inner().lines.to(to.ground)?.request(method, to.url).headers(headers).body(body);
        request.send().await.map_err(|error| {
            let silence = Silence::of(&error);
            tracing::debug!(app = %app.key, ?silence, "a call got no answer: {}", error.without_url());
            let said = |code| Fault::new(code, format!("{} did not answer: {}", app.name, silence.words()));
            match silence {
                Silence::Barred => said(ErrorCode::BadRequest)
                    .hint("Its file names a host of a private network; calls go to public addresses."),
                Silence::Dns | Silence::Connect | Silence::Tls | Silence::Timeout | Silence::Broken => {
                    said(ErrorCode::ProviderUnavailable).hint("Check the network and the address, and try again.")
                }
            }
        })
    }

    /// Does what a 401 asks for; returns a newer credential to try with, where there is one.
    async fn after_refusal(
        &self,
        connection: &Connection,
        row: &CredentialRow,
    ) -> Result<Option<CredentialRow>, Fault> {
        let id = &connection.id;
        if !row.has_refresh {
            self.after_refused_key(id, row.generation).await?;
            return Ok(None);
        }
        match self.refresh(id, row.generation).await? {
            Refreshed::Fresh | Refreshed::Stale => {
                self.usable(&self.find(id)?)?;
                let newer = self.credential_row(id)?;
                Ok((newer.generation != row.generation).then_some(newer))
            }
            Refreshed::Transient { .. } => Ok(None),
            Refreshed::Permanent(_) => {
                self.usable(&self.find(id)?)?;
                Ok(None)
            }
        }
    }

    /// A key that the app refuses where it is asked to check it needs the person. A call may be refused for less: the
    /// app's answer stands then.
    async fn after_refused_key(&self, id: &ConnectionId, generation: u64) -> Result<(), Fault> {
        if let Check::Rejected(_) = self.test(id).await?
            && self.credential_row(id)?.generation == generation
        {
            self.lose(id, DisconnectReason::KeyRejected).await?;
        }
        self.usable(&self.find(id)?)
    }
}

/// Makes the caller's answer of the app's.
fn answered(connection: &Connection, answer: reqwest::Response, most: u64) -> Result<Response<AnswerBody>, Fault> {
    if answer.content_length().is_some_and(|length| length > most) {
        return Err(Fault::new(ErrorCode::ProviderError, BrokenAnswer::TooLong.to_string())
            .hint("Ask for less, or raise the setting: PATCH /settings {\"proxyAnswerMaxMb\": …}."));
    }
    let answer: Response<reqwest::Body> = answer.into();
    let (mut parts, body) = answer.into_parts();
    headers::incoming(&mut parts.headers, connection.app.as_str());
    parts.version = http::Version::HTTP_11;
    parts.extensions.clear();
    Ok(Response::from_parts(parts, AnswerBody::new(body, most)))
}

/// Reads `Retry-After`: seconds or a date (RFC 9110 section 10.2.3).
pub(crate) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    Some(Duration::try_from(at.duration_since(now)).unwrap_or(Duration::ZERO))
}
