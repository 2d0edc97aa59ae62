//! Who calls, and whose connections they may see.

use std::sync::Arc;

use membrane_model::{ClientId, TenantId};

use crate::page::Page;

/// Who calls.
#[derive(Debug, Clone)]
pub enum Caller {
    /// The console in our own window.
    Console,
    /// A process of the same user over the Unix socket.
    Terminal,
    /// A program with a token.
    Client {
        /// Which.
        id: ClientId,
        /// What the person called it.
        name: String,
        /// Whose connections its token is about.
        tenant: TenantId,
        /// May ask for access tokens.
        may_get_tokens: bool,
    },
    /// A page of ours in somebody's browser, with a token for what it shows and nothing else.
    Page(Arc<Page>),
}

impl Caller {
    /// Tells whether this is the person, and not a program or page that they let in.
    #[must_use]
    pub fn is_person(&self) -> bool {
        match self {
            Self::Console | Self::Terminal => true,
            Self::Client { .. } | Self::Page(_) => false,
        }
    }

    /// Returns whose connections it makes.
    #[must_use]
    pub fn tenant(&self) -> TenantId {
        match self {
            Self::Console | Self::Terminal => TenantId::own(),
            Self::Client { tenant, .. } => tenant.clone(),
            Self::Page(page) => page.grant.tenant.0.clone(),
        }
    }

    /// Tells whether it may see what belongs to a tenant: the person sees everything on their computer.
    #[must_use]
    pub fn sees(&self, tenant: &TenantId) -> bool {
        self.is_person() || self.tenant() == *tenant
    }

    /// Returns the one tenant it sees; none for the person.
    #[must_use]
    pub fn only_tenant(&self) -> Option<TenantId> {
        (!self.is_person()).then(|| self.tenant())
    }

    /// Returns what a person recognises it by.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Console | Self::Terminal => "You".to_owned(),
            Self::Client { name, .. } => name.clone(),
            Self::Page(page) => page.grant.asked_by.clone(),
        }
    }
}
