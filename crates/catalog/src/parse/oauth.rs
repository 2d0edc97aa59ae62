//! Reads the OAuth facts of a way to connect.

use std::collections::BTreeMap;

use membrane_model::AuthMethodKind;

use crate::parse::reader::{At, Table};
use crate::parse::template;
use crate::template::Allow;
use crate::{
    AppFileError, ClientSource, ErrorCodes, Loopback, OauthFacts, Pkce, Redirects, Rotation, Scope, Template,
    TokenAuth, TokenBody, TokenFacts,
};

/// Parameters that the flow itself writes.
const RESERVED: [&str; 12] = [
    "client_id",
    "client_secret",
    "redirect_uri",
    "response_type",
    "state",
    "scope",
    "code",
    "code_challenge",
    "code_challenge_method",
    "code_verifier",
    "grant_type",
    "refresh_token",
];

/// Reads the facts; `kind` says which endpoints must be there.
pub(crate) fn facts(method: &Table<'_>, kind: AuthMethodKind, allow: Allow) -> Result<OauthFacts, AppFileError> {
    let url = |key: &str| method.text(key)?.map(|text| template(method, key, text, allow)).transpose();
    let client = client(method, kind)?;
    let usual_auth = match (&client, kind) {
        (ClientSource::Public { .. }, _) => TokenAuth::None,
        (ClientSource::Registered, _) => TokenAuth::None,
        (ClientSource::None, AuthMethodKind::OAuth2 | AuthMethodKind::Device) => TokenAuth::None,
        (ClientSource::Own | ClientSource::None, _) => TokenAuth::Basic,
    };
    let token_auth = [("basic", TokenAuth::Basic), ("post", TokenAuth::Post), ("none", TokenAuth::None)];
    let pkce = [
        ("required", Pkce::Required),
        ("supported", Pkce::Supported),
        ("rejected", Pkce::Rejected),
        ("unknown", Pkce::Unknown),
    ];
    Ok(OauthFacts {
        issuer: url("issuer")?,
        sends_iss: method.flag("sends_iss")?,
        authorize_url: needed(method, "authorize_url", url("authorize_url")?, kind == AuthMethodKind::OAuth2)?,
        token_url: url("token_url")?.ok_or_else(|| method.missing("token_url", "\"https://…/oauth/token\""))?,
        device_url: needed(method, "device_url", url("device_url")?, kind == AuthMethodKind::Device)?,
        revoke_url: url("revoke_url")?,
        register_url: register_url(method, &client, url("register_url")?)?,
        par_url: url("par_url")?,
        dpop: method.flag("dpop")?,
        pkce: method.choice("pkce", &pkce)?.unwrap_or(Pkce::Unknown),
        token_auth: method.choice("token_auth", &token_auth)?.unwrap_or(usual_auth),
        token_body: method
            .choice("token_body", &[("form", TokenBody::Form), ("json", TokenBody::Json)])?
            .unwrap_or(TokenBody::Form),
        scope_separator: method.text("scope_separator")?.map_or(" ", |text| text.value).to_owned(),
        scopes: method.tables("scopes", &["name", "text", "optional"])?.iter().map(scope).collect::<Result<_, _>>()?,
        authorize_params: params(method, "authorize_params")?,
        token_params: params(method, "token_params")?,
        token_headers: super::check::headers(method, "token_headers")?.into_iter().collect(),
        redirects: redirects(method, kind)?,
        redirect_keep: super::login::redirect_keep(method)?,
        client,
        token: token(method)?,
        errors: errors(method)?,
    })
}

fn needed(
    method: &Table<'_>,
    key: &str,
    found: Option<Template>,
    belongs: bool,
) -> Result<Option<Template>, AppFileError> {
    match (found, belongs) {
        (Some(_), false) => {
            let problem = format!("{key} has no meaning in {}", method.name);
            Err(method.doc.error(method.place(key), problem, "Leave it out, or give it a way to connect of its own."))
        }
        (None, true) => Err(method.missing(key, "\"https://…\"")),
        (found, _) => Ok(found),
    }
}

fn scope(table: &Table<'_>) -> Result<Scope, AppFileError> {
    let name = table.need_text("name", "read")?;
    let text = table.text("text")?.ok_or_else(|| {
        let problem = format!("the scope {:?} has no text", name.value);
        table.error(problem, "Write text = \"…\": what it allows, in words for a person.")
    })?;
    Ok(Scope { name: name.value.to_owned(), text: text.value.to_owned(), optional: table.flag("optional")? })
}

fn params(method: &Table<'_>, key: &str) -> Result<BTreeMap<String, String>, AppFileError> {
    let one = |(name, value): (String, At<&str>)| {
        if RESERVED.contains(&name.as_str()) {
            let problem = format!("{name} in {key} is written by the sign-in itself");
            return Err(method.doc.error(value.at, problem, "Leave it out."));
        }
        Ok((name, value.value.to_owned()))
    };
    method.pairs(key)?.into_iter().map(one).collect()
}

fn redirects(method: &Table<'_>, kind: AuthMethodKind) -> Result<Redirects, AppFileError> {
    let words = [
        ("any-port", Loopback::AnyPort),
        ("fixed", Loopback::Fixed),
        ("localhost-any-port", Loopback::LocalhostAnyPort),
        ("localhost", Loopback::Localhost),
        ("no", Loopback::No),
    ];
    let table = method.table("redirects", &["loopback", "custom_scheme"])?;
    let redirects = match (&table, kind) {
        (Some(_), AuthMethodKind::Device | AuthMethodKind::ClientCredentials) => {
            let problem = format!("redirects has no meaning in {}", method.name);
            return Err(method.doc.error(method.place("redirects"), problem, "Leave it out: no browser comes back."));
        }
        (Some(table), _) => Redirects {
            loopback: table.choice("loopback", &words)?.unwrap_or(Loopback::No),
            custom_scheme: table.flag("custom_scheme")?,
        },
        (None, AuthMethodKind::OAuth2) => Redirects { loopback: Loopback::AnyPort, custom_scheme: false },
        (None, _) => Redirects { loopback: Loopback::No, custom_scheme: false },
    };
    match (kind, table) {
        (AuthMethodKind::OAuth2, Some(table)) if redirects.return_paths().is_empty() => Err(table.error(
            "there is no way back from the browser",
            "Write loopback = \"any-port\" or \"fixed\", or custom_scheme = true.",
        )),
        _ => Ok(redirects),
    }
}

/// A client that registers itself needs to know where, and no other does.
fn register_url(
    method: &Table<'_>,
    client: &ClientSource,
    found: Option<Template>,
) -> Result<Option<Template>, AppFileError> {
    match (client, found) {
        (ClientSource::Registered, None) => Err(method.missing("register_url", "\"https://…/oauth/register\"")),
        (ClientSource::Own | ClientSource::Public { .. } | ClientSource::None, Some(_)) => Err(method.doc.error(
            method.place("register_url"),
            "register_url has a meaning only for a client that registers itself",
            "Write client = { source = \"registered\" }, or leave it out.",
        )),
        (_, found) => Ok(found),
    }
}

#[derive(Clone, Copy)]
enum Whose {
    Own,
    Public,
    Registered,
    None,
}

fn client(method: &Table<'_>, kind: AuthMethodKind) -> Result<ClientSource, AppFileError> {
    let table = method.table("client", &["source", "id"])?;
    match (&table, kind) {
        (Some(table), AuthMethodKind::ClientCredentials) => {
            return Err(table.error(
                "client has no meaning in client-credentials",
                "Leave it out: the form asks for client_id and client_secret.",
            ));
        }
        (None, AuthMethodKind::ClientCredentials) => return Ok(ClientSource::None),
        (Some(_) | None, _) => {}
    }
    let Some(table) = table else {
        return Ok(ClientSource::Own);
    };
    let words =
        [("own", Whose::Own), ("public", Whose::Public), ("registered", Whose::Registered), ("none", Whose::None)];
    let id = table.text("id")?;
    let whose = table
        .choice("source", &words)?
        .ok_or_else(|| table.missing("source", "\"own\", \"public\", \"registered\" or \"none\""))?;
    match (whose, id) {
        (Whose::Public, Some(id)) => Ok(ClientSource::Public { id: id.value.to_owned() }),
        (Whose::Public, None) => Err(table.missing("id", "\"…\": the public client's id")),
        (Whose::Own | Whose::Registered | Whose::None, Some(id)) => Err(table.doc.error(
            id.at,
            "only a public client has its id in the file",
            "Write source = \"public\", or leave id out.",
        )),
        (Whose::Own, None) => Ok(ClientSource::Own),
        (Whose::Registered, None) => Ok(ClientSource::Registered),
        (Whose::None, None) => Ok(ClientSource::None),
    }
}

#[derive(Clone, Copy)]
enum Turn {
    None,
    Grace,
    SingleUse,
}

/// Grace windows are told in seconds; a provider that has one and doesn't say how long gets this.
const USUAL_GRACE: u64 = 30;

const TOKEN_KEYS: [&str; 6] = ["rotation", "grace_seconds", "lifetime", "refresh_idle_days", "at", "keep"];

fn token(method: &Table<'_>) -> Result<TokenFacts, AppFileError> {
    let Some(table) = method.table("token", &TOKEN_KEYS)? else {
        return Ok(TokenFacts {
            rotation: Rotation::None,
            lifetime: None,
            refresh_idle_days: None,
            at: None,
            keep: Vec::new(),
        });
    };
    let words = [("none", Turn::None), ("grace", Turn::Grace), ("single-use", Turn::SingleUse)];
    let grace = table.number("grace_seconds", 86_400 * 30, "30")?;
    let rotation = match table.choice("rotation", &words)?.unwrap_or(Turn::None) {
        Turn::Grace => Rotation::Grace { seconds: u32::try_from(grace.unwrap_or(USUAL_GRACE)).unwrap_or(u32::MAX) },
        Turn::None | Turn::SingleUse if grace.is_some() => {
            let at = table.place("grace_seconds");
            return Err(table.doc.error(
                at,
                "grace_seconds has a meaning only with rotation = \"grace\"",
                "Write rotation = \"grace\", or leave it out.",
            ));
        }
        Turn::None => Rotation::None,
        Turn::SingleUse => Rotation::SingleUse,
    };
    Ok(TokenFacts {
        rotation,
        lifetime: table.number("lifetime", 86_400 * 3650, "3600")?,
        refresh_idle_days: table.number("refresh_idle_days", 3650, "90")?.and_then(|days| u32::try_from(days).ok()),
        at: table.text("at")?.map(|text| super::check::pointer(&table, text)).transpose()?,
        keep: super::login::keep(&table, "keep")?,
    })
}

fn errors(method: &Table<'_>) -> Result<ErrorCodes, AppFileError> {
    let Some(table) = method.table("errors", &["dead", "config"])? else {
        return Ok(ErrorCodes::default());
    };
    Ok(ErrorCodes { dead: table.words("dead")?, config: table.words("config")? })
}
