//! `membrane login`, `logout` and `credentials`: there is no account here, so they say what stands in its place.

use membrane_model::{ErrorCode, Fault};
use serde_json::json;

use crate::args::{Credentials, Login, LoginStep};
use crate::engine::{running, running_or_started, told};
use crate::failure::wrong_use;
use crate::out::{Out, Tone, paint};

/// Makes sure of the engine: that is all a login is for on one's own computer.
pub(super) async fn login(login: Login, out: &Out) -> Result<(), Fault> {
    if let Some(LoginStep::Complete { .. }) = login.step {
        return Err(wrong_use(
            "there is no login to complete",
            "You need no account on this computer: go on with `membrane connect`.",
        ));
    }
    let client = running_or_started().await?;
    let api_uri = told(client.status().await)?.api_uri;
    if let Some(asked) = &login.api_uri {
        let same = |own: &String| own.trim_end_matches('/') == asked.trim_end_matches('/');
        if !api_uri.as_ref().is_some_and(same) {
            return Err(wrong_use(
                format!("{asked} is not where the engine of this computer listens"),
                "Leave --apiUri out. To act as a program at another address, set MEMBRANE_API_URL and MEMBRANE_TOKEN.",
            ));
        }
    }
    out.answer(&json!({ "loggedIn": true, "account": null, "apiUri": api_uri }), || {
        let next = paint(Tone::Quiet, "  A script of yours gets in with a token: membrane client create NAME");
        format!("{} You are in: commands of yours on this computer need no login.\n{next}", paint(Tone::Good, "✓"))
    });
    Ok(())
}

/// Refuses: whoever logs out expects that access ends, and here nothing would.
pub(super) fn logout() -> Result<(), Fault> {
    Err(wrong_use(
        "there is no account to log out of",
        "To end a program's access: membrane client revoke NAME. To lock what is kept: membrane vault lock.",
    ))
}

/// Says where the API is, and whose token there is in the environment.
pub(super) async fn credentials(options: &Credentials, out: &Out) -> Result<(), Fault> {
    let client = running().await?;
    let api_uri = told(client.status().await)?.api_uri.ok_or_else(|| {
        Fault::new(ErrorCode::NotFound, "the API has no address")
            .hint("Every port was taken: end what holds port 4780, then run `membrane stop`.")
    })?;
    let token = std::env::var("MEMBRANE_TOKEN").ok().filter(|token| !token.is_empty());
    out.answer(&json!({ "apiUri": api_uri, "token": token }), || match options.shell {
        true => format!("export MEMBRANE_API_URL='{api_uri}'"),
        false => format!("API  {api_uri}"),
    });
    if token.is_none() && !out.json {
        out.note(&paint(Tone::Quiet, "Tokens are shown once, when a program is let in: membrane client create NAME"));
    }
    Ok(())
}
