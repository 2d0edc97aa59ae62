//! Pages of ours in somebody's browser: what each may do, the tokens they show, and the one-time links that lead to them.
//!
//! A page never gets the token of the program that opened it. It gets one of its own, for one tenant, for the attempts
//! that it starts and the connections that they make; it dies ten minutes after its last use.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use membrane_model::{AppKey, ConnectionId, ErrorCode, Fault, RequestId, SessionId, TenantId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::clients::hash;
use crate::refresh::plan::after;
use crate::{Caller, Engine};

/// Tokens of pages start with this.
pub(crate) const PREFIX: &str = "page-";
/// How long a page's token lives after its last use.
const IDLE: Duration = Duration::from_secs(10 * 60);
/// How long a page's token lives at most.
const LIFE: Duration = Duration::from_secs(60 * 60);
/// How long a one-time link waits to be followed.
pub const LINK_LIFE: Duration = Duration::from_secs(24 * 60 * 60);
/// How many pages may be open at once.
const PAGES_MAX: usize = 1000;

/// What a page shows and may do.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PageGrant {
    /// Whose connections.
    #[serde(skip_serializing_if = "is_own")]
    pub tenant: Whose,
    /// Who opened it, as a person recognises it.
    pub asked_by: String,
    /// Which connections it may see and repair beside those that it makes.
    pub scope: PageScope,
    /// The attempt that was started for it.
    pub session: Option<SessionId>,
    /// The first connection that waits for the person's choice of an app.
    pub first: Option<ConnectionId>,
    /// A name for a connection that it makes.
    pub name: Option<String>,
    /// A key for a connection that it makes.
    pub key: Option<String>,
    /// The way to connect that it was opened for.
    pub auth_method: Option<String>,
    /// The app that it was opened for; another can't be connected then.
    pub app: Option<AppKey>,
    /// Makes one more connection of an app that has one; without it, that one is signed in to again.
    pub allow_multiple: bool,
    /// What a program waits for under an id of its own.
    pub flow: Option<String>,
    /// The request to connect that it answers.
    pub connection_request: Option<RequestId>,
    /// Where the browser goes afterwards.
    pub redirect_uri: Option<String>,
    /// The origin of the page that opened it.
    pub opener: Option<String>,
}

/// A tenant that defaults to the person of this computer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Whose(pub TenantId);

impl Default for Whose {
    fn default() -> Self {
        Self(TenantId::own())
    }
}

impl std::ops::Deref for Whose {
    type Target = TenantId;
    fn deref(&self) -> &TenantId {
        &self.0
    }
}

fn is_own(whose: &Whose) -> bool {
    *whose == Whose::default()
}

/// Which connections a page may see beside those that it makes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PageScope {
    /// None: it connects.
    #[default]
    Connect,
    /// This one.
    Connection(ConnectionId),
    /// All of the tenant.
    All,
}

/// A page that is open.
#[derive(Debug)]
pub struct Page {
    /// What it may do.
    pub grant: PageGrant,
    made: Made,
    opened: Instant,
}

#[derive(Debug, Default)]
struct Made {
    sessions: Mutex<BTreeSet<SessionId>>,
    connections: Mutex<BTreeSet<ConnectionId>>,
}

impl Page {
    /// Tells whether an attempt is one of its own.
    #[must_use]
    pub fn has_session(&self, id: &SessionId) -> bool {
        self.grant.session.as_ref() == Some(id) || locked(&self.made.sessions).contains(id)
    }

    /// Tells whether it may see a connection of its tenant.
    #[must_use]
    pub fn has_connection(&self, id: &ConnectionId) -> bool {
        match &self.grant.scope {
            PageScope::All => true,
            PageScope::Connection(own) if own == id => true,
            PageScope::Connection(_) | PageScope::Connect => {
                self.grant.first.as_ref() == Some(id) || locked(&self.made.connections).contains(id)
            }
        }
    }

    pub(crate) fn started(&self, id: &SessionId) {
        locked(&self.made.sessions).insert(id.clone());
    }

    pub(crate) fn connected(&self, id: &ConnectionId) {
        locked(&self.made.connections).insert(id.clone());
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Open {
    page: Arc<Page>,
    used: Instant,
}

/// The pages that are open, by the hash of their token, and the attempts that lead back to one.
#[derive(Default)]
pub(crate) struct Pages {
    open: Mutex<HashMap<[u8; 32], Open>>,
    returns: Mutex<BTreeMap<SessionId, Arc<Page>>>,
}

fn token(prefix: &str) -> Result<String, Fault> {
    let mut random = [0_u8; 32];
    crate::session::random(&mut random)?;
    Ok(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(random)))
}

impl Engine {
    /// Opens a page and returns its token.
    ///
    /// # Errors
    /// `RateLimited` while too many are open.
    pub fn open_page(&self, grant: PageGrant) -> Result<(String, Arc<Page>), Fault> {
        let page = Arc::new(Page { grant, made: Made::default(), opened: Instant::now() });
        Ok((self.page_token(&page)?, page))
    }

    /// Makes the page that the browser comes back to after an attempt that no page of ours began: the person sees there
    /// what came of it, and decides where another account signed in.
    pub(crate) fn page_behind(&self, session: &SessionId, grant: PageGrant) {
        let page = Arc::new(Page { grant, made: Made::default(), opened: Instant::now() });
        self.follow_for_page(session, &page);
    }

    /// Makes one more token for a page that is open, for the window that the browser comes back to.
    ///
    /// # Errors
    /// `RateLimited` while too many are open.
    pub fn page_token(&self, page: &Arc<Page>) -> Result<String, Fault> {
        let token = token(PREFIX)?;
        let mut open = locked(&self.inner().pages.open);
        open.retain(|_, one| one.used.elapsed() < IDLE && one.page.opened.elapsed() < LIFE);
        if open.len() >= PAGES_MAX {
            return Err(Fault::new(ErrorCode::RateLimited, "too many connect pages are open"));
        }
        open.insert(hash(&token), Open { page: Arc::clone(page), used: Instant::now() });
        Ok(token)
    }

    /// Finds the page that shows a token.
    pub(crate) fn page(&self, token: &str) -> Result<Arc<Page>, Fault> {
        let mut open = locked(&self.inner().pages.open);
        open.retain(|_, one| one.used.elapsed() < IDLE && one.page.opened.elapsed() < LIFE);
        let found = open.get_mut(&hash(token)).ok_or_else(|| {
            Fault::new(ErrorCode::NotAuthenticated, "this page was open for too long")
                .hint("Close it and start connecting again.")
        })?;
        found.used = Instant::now();
        Ok(Arc::clone(&found.page))
    }

    /// Tells whether a page may see a connection: one that it was opened for, or one that an attempt of its made.
    pub(crate) fn page_sees(&self, page: &Page, id: &ConnectionId) -> bool {
        if page.has_connection(id) {
            return true;
        }
        let sessions = locked(&page.made.sessions).clone();
        let made = sessions.iter().chain(&page.grant.session).any(|session| {
            let row = self.store().read(|tx| tx.session(session)).ok().flatten();
            row.is_some_and(|row| row.session.connection_id.as_ref() == Some(id))
        });
        if made {
            page.connected(id);
        }
        made
    }

    /// Remembers which page an attempt of its leads back to.
    pub(crate) fn leads_back(&self, session: &SessionId, page: &Arc<Page>) {
        let mut returns = locked(&self.inner().pages.returns);
        returns.retain(|_, page| page.opened.elapsed() < LIFE);
        returns.insert(session.clone(), Arc::clone(page));
    }

    /// Returns the address that the browser goes to after the sign-in of an attempt that a page started; none for others.
    #[must_use]
    pub fn way_back(&self, session: &SessionId) -> Option<String> {
        let page = locked(&self.inner().pages.returns).get(session).cloned()?;
        let token = self.page_token(&page).ok()?;
        // Behind the `#` it stays in the browser: no log and no Referer has it.
        Some(format!("{}/screens/return?session={session}#{token}", self.endpoint().api_uri?))
    }

    /// Makes a one-time link to a page; none while the API has no address.
    ///
    /// # Errors
    /// Fails when the store can't be written.
    pub async fn page_link(&self, path: &str, grant: &PageGrant) -> Result<Option<String>, Fault> {
        let Some(api_uri) = self.endpoint().api_uri else { return Ok(None) };
        let code = token("")?;
        let kept = serde_json::to_value(grant)
            .map_err(|_| Fault::new(ErrorCode::Internal, "a page's grant can't be written"))?;
        let (digest, expires_at) = (hash(&code), after(Timestamp::now(), LINK_LIFE));
        self.write(move |tx| tx.put_page_link(&digest, &kept, expires_at)).await?;
        let sign = if path.contains('?') { '&' } else { '?' };
        Ok(Some(format!("{api_uri}{path}{sign}code={code}")))
    }

    /// Follows a one-time link: its code is spent.
    ///
    /// # Errors
    /// `NotAuthenticated` for a code that isn't known, was used, or ran out.
    pub async fn follow_page_link(&self, code: &str) -> Result<PageGrant, Fault> {
        let digest = hash(code);
        let found = self.write(move |tx| tx.take_page_link(&digest, Timestamp::now())).await?;
        found.and_then(|grant| serde_json::from_value(grant).ok()).ok_or_else(|| {
            Fault::new(ErrorCode::NotAuthenticated, "this link was used already, or it is too old")
                .hint("Ask for a new link, or open Membrane on this computer.")
        })
    }

    /// Returns the page that a caller is, if it is one.
    #[must_use]
    pub fn as_page(caller: &Caller) -> Option<&Arc<Page>> {
        match caller {
            Caller::Page(page) => Some(page),
            Caller::Console | Caller::Terminal | Caller::Client { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_sees_its_own_and_nothing_else() {
        let one = ConnectionId::generate();
        let page = |scope| Page {
            grant: PageGrant { scope, ..PageGrant::default() },
            made: Made::default(),
            opened: Instant::now(),
        };
        let connecting = page(PageScope::Connect);
        assert!(!connecting.has_connection(&one));
        connecting.connected(&one);
        assert!(connecting.has_connection(&one));
        assert!(page(PageScope::Connection(one.clone())).has_connection(&one));
        assert!(!page(PageScope::Connection(ConnectionId::generate())).has_connection(&one));
        assert!(!connecting.has_session(&SessionId::generate()));
    }

    #[test]
    fn a_grant_reads_back() {
        let grant = PageGrant { asked_by: "Cursor".into(), ..PageGrant::default() };
        let text = serde_json::to_string(&grant).unwrap();
        assert_eq!(serde_json::from_str::<PageGrant>(&text).unwrap(), grant);
    }
}
