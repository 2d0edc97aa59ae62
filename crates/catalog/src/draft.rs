//! Writes the file of an app that is known by its address alone: short, commented, and the person's to change.

use std::fmt::Write as _;

/// What became known of an app at its address.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Names it.
    pub key: String,
    /// Its origin: `https://crm.example.com`.
    pub origin: String,
    /// Its host, with the port where there is one.
    pub host: String,
    /// It runs on this computer.
    pub local: bool,
    /// The sign-in that it describes.
    pub sign_in: SignIn,
}

/// The sign-in that an app describes.
#[derive(Debug, Clone)]
pub enum SignIn {
    /// It describes none: a key or a password has to do.
    None,
    /// It is a protected resource that names its server: found anew with every sign-in.
    Resource {
        /// Its address.
        url: String,
    },
    /// A server that was found by its metadata.
    Server(Box<Server>),
}

/// An authorization server, as a file has it.
#[derive(Debug, Clone)]
pub struct Server {
    /// Its identifier.
    pub issuer: String,
    /// It puts `iss` into its answers.
    pub sends_iss: bool,
    /// The page to sign in at.
    pub authorize_url: String,
    /// Where codes are exchanged.
    pub token_url: String,
    /// Where tokens are revoked.
    pub revoke_url: Option<String>,
    /// Where a client registers itself; none = the person makes one.
    pub register_url: Option<String>,
    /// Where requests are pushed to first, where that is asked for.
    pub par_url: Option<String>,
    /// Who is signed in.
    pub userinfo_url: Option<String>,
    /// It checks PKCE.
    pub pkce: bool,
    /// `none`, `basic` or `post`.
    pub token_auth: &'static str,
    /// The scopes to ask for.
    pub scopes: Vec<String>,
    /// The scopes that may be asked for, too.
    pub more_scopes: Vec<String>,
}

impl Draft {
    /// Writes the file.
    #[must_use]
    pub fn write(&self) -> String {
        let mut out = String::from(
            "# Written from what is found at the address. Change what you know better; docs/catalog.md describes the format.\n",
        );
        line(&mut out, "key", &self.key);
        line(&mut out, "name", &self.host);
        if self.local {
            out.push_str("local = true\ndomains = []\n");
        } else {
            let _ = writeln!(out, "domains = [{}]", quoted(&self.host));
        }
        out.push_str("categories = [\"added-by-address\"]\n");
        line(&mut out, "description", &format!("Added by its address, {}.", self.origin));
        let _ = write!(out, "\n[api]\nbase = {}\n", quoted(&self.origin));
        match &self.sign_in {
            SignIn::None => {}
            SignIn::Resource { url } => {
                out.push_str("\n[[auth]]\nkey = \"sign-in\"\ntype = \"mcp\"\n");
                line(&mut out, "label", &format!("Sign in to {}", self.host));
                line(&mut out, "url", url);
            }
            SignIn::Server(server) => self.write_server(&mut out, server),
        }
        self.write_keys(&mut out);
        out
    }

    fn write_server(&self, out: &mut String, server: &Server) {
        out.push_str("\n[[auth]]\nkey = \"sign-in\"\ntype = \"oauth2\"\n");
        line(out, "label", &format!("Sign in to {}", self.host));
        line(out, "issuer", &server.issuer);
        if server.sends_iss {
            out.push_str("sends_iss = true\n");
        }
        line(out, "authorize_url", &server.authorize_url);
        line(out, "token_url", &server.token_url);
        let more =
            [("revoke_url", &server.revoke_url), ("register_url", &server.register_url), ("par_url", &server.par_url)];
        for (key, url) in more {
            if let Some(url) = url {
                line(out, key, url);
            }
        }
        line(out, "pkce", if server.pkce { "required" } else { "unknown" });
        line(out, "token_auth", server.token_auth);
        out.push_str("redirects = { loopback = \"fixed\" }\n");
        if server.register_url.is_some() {
            out.push_str("client = { source = \"registered\" }\n");
        }
        // How its refresh tokens behave is not in its metadata: the careful reading is that each is good once.
        out.push_str("token = { rotation = \"single-use\" }\n");
        if let Some(url) = &server.userinfo_url {
            let _ = writeln!(out, "verify = {{ url = {}, dead = [401] }}", quoted(url));
            out.push_str(
                "identity = { from = \"verify\", id = \"/sub\", label = [\"/email\", \"/preferred_username\", \"/name\"] }\n",
            );
        }
        out.push_str("scopes = [\n");
        let all = server
            .scopes
            .iter()
            .map(|scope| (scope, ""))
            .chain(server.more_scopes.iter().map(|s| (s, ", optional = true")));
        for (scope, optional) in all {
            let _ = writeln!(out, "  {{ name = {}, text = {}{optional} }},", quoted(scope), quoted(&scope_text(scope)));
        }
        out.push_str("]\n");
        if server.register_url.is_none() {
            out.push_str("\n[auth.setup]\n");
            line(out, "url", &if self.local { "https://example.com".to_owned() } else { self.origin.clone() });
            out.push_str(
                "steps = [\n  \"Find where OAuth clients are made in its settings, and make one.\",\n  \"Enter {redirect_uri} as its redirect URI.\",\n  \"Copy its client id, and its secret if it has one, and paste them here.\",\n]\n",
            );
        }
    }

    fn write_keys(&self, out: &mut String) {
        let _ = write!(
            out,
            r#"
[[auth]]
key = "bearer"
type = "api-key"
label = "Access token"
send = {{ in = "header", name = "Authorization", prefix = "Bearer " }}

[[auth.fields]]
key = "key"
label = "Access token"
hint = "Most apps make one under API, developer or security settings. It is sent to {host} only."
secret = true

[[auth]]
key = "api-key"
type = "api-key"
label = "API key in a header"
send = {{ in = "header", name = "{{header}}" }}

[[auth.fields]]
key = "header"
label = "Name of the header"
hint = "The app's API documentation names it."
example = "X-Api-Key"
pattern = "[A-Za-z][A-Za-z0-9-]{{0,63}}"

[[auth.fields]]
key = "key"
label = "API key"
hint = "It is sent to {host} only."
secret = true

[[auth]]
key = "basic"
type = "basic"
label = "User name and password"

[[auth.fields]]
key = "username"
label = "User name"
hint = "Some apps take the key here and nothing as the password."

[[auth.fields]]
key = "password"
label = "Password or key"
hint = "It is sent to {host} only."
secret = true
"#,
            host = self.host
        );
    }
}

fn scope_text(scope: &str) -> String {
    match scope {
        "openid" => "Know who you are".to_owned(),
        "offline_access" => "Stay signed in".to_owned(),
        "profile" => "See your name".to_owned(),
        "email" => "See your e-mail address".to_owned(),
        other => format!("Use what it calls {other}"),
    }
}

fn line(out: &mut String, key: &str, value: &str) {
    let _ = writeln!(out, "{key} = {}", quoted(value));
}

/// Writes a TOML basic string; what comes from elsewhere can't leave it.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse_app;

    fn draft(sign_in: SignIn) -> Draft {
        let (origin, host) = ("https://crm.example.com".to_owned(), "crm.example.com".to_owned());
        Draft { key: "crm-example-com".into(), origin, host, local: false, sign_in }
    }

    fn server(register: bool, scope: &str) -> Server {
        let at = |path: &str| format!("https://crm.example.com{path}");
        Server {
            issuer: at(""),
            sends_iss: true,
            authorize_url: at("/authorize"),
            token_url: at("/token"),
            revoke_url: Some(at("/revoke")),
            register_url: register.then(|| at("/register")),
            par_url: None,
            userinfo_url: Some(at("/me")),
            pkce: true,
            token_auth: "none",
            scopes: vec!["openid".into()],
            more_scopes: vec![scope.into()],
        }
    }

    #[test]
    fn every_draft_is_a_good_file() {
        for sign_in in [
            SignIn::None,
            SignIn::Resource { url: "https://crm.example.com/mcp".into() },
            SignIn::Server(Box::new(server(true, "contacts.read"))),
            SignIn::Server(Box::new(server(false, "contacts.read"))),
        ] {
            let text = draft(sign_in.clone()).write();
            let app = parse_app("draft.toml", &text).unwrap_or_else(|error| panic!("{error}\n{text}"));
            let own_ways = usize::from(!matches!(sign_in, SignIn::None));
            assert_eq!(app.auth.len(), 3 + own_ways);
            assert!(app.ready());
        }
    }

    #[test]
    fn what_a_server_names_cannot_write_the_file() {
        let evil = "x\" }]\n[[auth]]\nkey = \"evil\"\u{7f}\\";
        let text = draft(SignIn::Server(Box::new(server(true, evil)))).write();
        let app = parse_app("draft.toml", &text).unwrap();
        assert_eq!(app.auth[0].oauth.as_ref().unwrap().scopes[1].name, evil);
        assert!(app.method("evil").is_none());
    }
}
