//! Requests to connect: a program asks, the person sees who asks for what, and the program hears the answer.

use std::time::Duration;

use membrane_model::{
    AppKey, ConnectionId, ConnectionRequest, ErrorCode, Fault, RequestId, RequestStatus, StreamMessage, Timestamp,
};
use membrane_store::RequestRow;
use url::Url;

use crate::connection::checked_name;
use crate::flow::FlowOutcome;
use crate::page::{LINK_LIFE, PageGrant, PageScope, Whose};
use crate::refresh::plan::{after, before};
use crate::{Caller, Engine, notice};

/// The longest that a poll is held.
const WAIT_MAX: Duration = Duration::from_secs(60);
/// How long a request that is over stays to be asked about.
const KEPT: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// What a program asks a person for.
#[derive(Debug, Clone, Default)]
pub struct NewRequest {
    /// Which app; the person chooses unless told.
    pub app: Option<AppKey>,
    /// Which connection to repair.
    pub connection: Option<ConnectionId>,
    /// A key for the new connection.
    pub key: Option<String>,
    /// A name for the new connection.
    pub name: Option<String>,
    /// What it is for, in the program's words.
    pub prompt: Option<String>,
    /// Who asks, when the person's own process asks for somebody else, like an agent that it serves.
    pub on_behalf_of: Option<String>,
    /// Where the browser goes afterwards.
    pub redirect_uri: Option<String>,
    /// May make one more connection of an app that has one.
    pub allow_multiple: Option<bool>,
}

impl Engine {
    /// Asks the person to connect something, and tells them once.
    ///
    /// # Errors
    /// `BadRequest` when nothing says what to connect or a value can't be; `UnknownApp`; `NotFound`.
    pub async fn ask_to_connect(&self, caller: &Caller, ask: NewRequest) -> Result<ConnectionRequest, Fault> {
        if ask.app.is_none() && ask.connection.is_none() && ask.prompt.is_none() {
            return Err(Fault::new(ErrorCode::BadRequest, "nothing says what to connect")
                .hint("Send integrationKey, connectorId or connectionId, or a prompt for the person to choose by."));
        }
        let connection = ask.connection.as_ref().map(|id| self.find_for(caller, id)).transpose()?;
        let app = connection.as_ref().map(|connection| connection.app.clone()).or(ask.app);
        let catalog = self.catalog();
        let app_name = app.as_ref().map(|key| self.app(&catalog, key).map(|app| app.name.clone())).transpose()?;
        let prompt =
            ask.prompt.map(|text| text.trim().chars().filter(|c| !c.is_control()).take(300).collect::<String>());
        if let Some(key) = &ask.key {
            key.parse::<ConnectionId>()
                .map_err(|e| Fault::new(ErrorCode::BadRequest, format!("connectionKey: {e}")))?;
        }
        let name = ask.name.as_deref().map(checked_name).transpose()?;
        let redirect_uri = ask.redirect_uri.as_deref().map(|uri| self.check_redirect(uri)).transpose()?;
        // A program that has a name of its own can't take another.
        let claimed = ask.on_behalf_of.filter(|_| caller.is_person());
        let claimed = claimed.as_deref().map(checked_name).transpose()?;
        let told = claimed.is_some() || !caller.is_person();
        let asker = claimed.unwrap_or_else(|| caller.name());
        let now = Timestamp::now();
        let verb = if connection.is_some() { "reconnect" } else { "connect" };
        let what = app_name.clone().unwrap_or_else(|| "an app".to_owned());
        let request = ConnectionRequest {
            request_id: RequestId::generate(),
            tenant_id: caller.tenant(),
            status: RequestStatus::Pending,
            title: match told {
                true => format!("{asker} asks to {verb} {what}"),
                false => format!("You asked to {verb} {what}"),
            },
            client_name: asker,
            integration_key: app.clone(),
            connector_id: app,
            app_name,
            connection_id: connection.map(|connection| connection.id),
            connection_key: ask.key,
            name,
            prompt,
            redirect_uri,
            allow_multiple_connections: ask.allow_multiple,
            result_connection_id: None,
            result_error: None,
            url: None,
            created_at: now,
            expires_at: after(now, LINK_LIFE),
        };
        let row = RequestRow { tenant: caller.tenant(), expires_at: request.expires_at, request: request.clone() };
        self.write(move |tx| {
            tx.forget_requests(before(now, KEPT))?;
            tx.put_request(&row)
        })
        .await?;
        self.publish_request(&request);
        if self.settings().unwrap_or_default().notifications && told {
            self.inner().host.notify(notice::asks_to_connect(&request, self.texts()));
        }
        let url = self.request_link(&request).await?;
        Ok(ConnectionRequest { url, ..request })
    }

    /// Makes a link to the page that answers a request.
    async fn request_link(&self, request: &ConnectionRequest) -> Result<Option<String>, Fault> {
        let scope = match &request.connection_id {
            Some(id) => PageScope::Connection(id.clone()),
            None => PageScope::Connect,
        };
        let grant = PageGrant {
            tenant: Whose(request.tenant_id.clone()),
            asked_by: request.client_name.clone(),
            scope,
            app: request.integration_key.clone(),
            name: request.name.clone(),
            key: request.connection_key.clone(),
            allow_multiple: request.allow_multiple_connections.unwrap_or(false),
            flow: Some(request.request_id.to_string()),
            connection_request: Some(request.request_id.clone()),
            redirect_uri: request.redirect_uri.clone(),
            ..PageGrant::default()
        };
        self.page_link(&format!("/screens/connections?connectionRequestId={}", request.request_id), &grant).await
    }

    /// Opens the page that answers a request in the person's browser.
    ///
    /// # Errors
    /// `NotFound`; `SessionEnded` when it is answered already; `BrowserFailed`.
    pub async fn open_request(&self, id: &RequestId) -> Result<ConnectionRequest, Fault> {
        let request = self.request(&Caller::Console, id)?;
        if request.status != RequestStatus::Pending {
            return Err(Fault::new(ErrorCode::SessionEnded, "this request has its answer already"));
        }
        let link = self.request_link(&request).await?.and_then(|link| Url::parse(&link).ok());
        let link = link
            .ok_or_else(|| Fault::new(ErrorCode::BrowserFailed, "the page can't be opened: the API has no address"))?;
        match self.open_in_browser(&link) {
            Some(problem) => Err(problem.into_fault()),
            None => Ok(request),
        }
    }

    /// Finds a request of a caller's tenant.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn request(&self, caller: &Caller, id: &RequestId) -> Result<ConnectionRequest, Fault> {
        let row = self.store().read(|tx| tx.request(id))?.filter(|row| caller.sees(&row.tenant));
        let row = row.filter(|row| match caller {
            Caller::Page(page) => page.grant.connection_request.as_ref() == Some(&row.request.request_id),
            Caller::Console | Caller::Terminal | Caller::Client { .. } => true,
        });
        row.map(|row| row.request).ok_or_else(|| {
            Fault::new(ErrorCode::NotFound, format!("no request to connect has the id {:?}", id.as_str()))
                .hint("Ask anew: POST /connection-requests.")
        })
    }

    /// Waits until a request is answered, at most `limit`.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn wait_request(
        &self,
        caller: &Caller,
        id: &RequestId,
        limit: Duration,
    ) -> Result<ConnectionRequest, Fault> {
        let mut answer = self.flow(id.as_str());
        let request = self.request(caller, id)?;
        if request.status != RequestStatus::Pending {
            return Ok(request);
        }
        tokio::select! {
            _ended = tokio::time::timeout(limit.min(WAIT_MAX), answer.wait_for(Option::is_some)) => {}
            () = self.stop_asked() => {}
        }
        self.request(caller, id)
    }

    /// Lists the requests that wait for an answer.
    ///
    /// # Errors
    /// Fails when the store can't be read.
    pub fn pending_requests(&self, caller: &Caller) -> Result<Vec<ConnectionRequest>, Fault> {
        let rows = self.store().read(|tx| tx.pending_requests())?;
        Ok(rows.into_iter().filter(|row| caller.sees(&row.tenant)).map(|row| row.request).collect())
    }

    /// Says no to a request, or takes one back.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn decline_request(&self, caller: &Caller, id: &RequestId) -> Result<ConnectionRequest, Fault> {
        self.request(caller, id)?;
        let fault = Fault::new(ErrorCode::AccessDeniedByUser, "the person said no");
        let changed = self.end_request(id, RequestStatus::Cancelled, None, None).await?;
        if changed {
            let error_data = Box::new(fault.to_wire());
            self.tell_flow(id.as_str(), FlowOutcome::Failed { error: fault.message, error_data, connection_id: None });
        }
        self.request(caller, id)
    }

    /// Answers a request with what came of an attempt; a failure leaves it open for another try unless it stays.
    pub(crate) async fn answer_request(&self, id: &RequestId, outcome: &FlowOutcome) -> Result<(), Fault> {
        match outcome {
            FlowOutcome::Created { connection } => {
                self.end_request(id, RequestStatus::Success, Some(connection.id.clone()), None).await?;
            }
            FlowOutcome::Failed { error_data, .. } => {
                self.end_request(id, RequestStatus::Error, None, Some((**error_data).clone())).await?;
            }
        }
        Ok(())
    }

    async fn end_request(
        &self,
        id: &RequestId,
        status: RequestStatus,
        connection: Option<ConnectionId>,
        error: Option<membrane_model::WireError>,
    ) -> Result<bool, Fault> {
        let key = id.clone();
        let changed = self
            .write(move |tx| {
                let Some(mut row) = tx.request(&key)? else { return Ok(None) };
                // A try that failed may be followed by one that succeeds; nothing else is taken back.
                let open = match row.request.status {
                    RequestStatus::Pending => true,
                    RequestStatus::Error => status == RequestStatus::Success,
                    RequestStatus::Success | RequestStatus::Cancelled => false,
                };
                if !open {
                    return Ok(None);
                }
                row.request.status = status;
                row.request.result_connection_id = connection;
                row.request.result_error = error;
                tx.put_request(&row)?;
                Ok(Some(row.request))
            })
            .await?;
        if let Some(request) = &changed {
            self.inner().host.clear_notification(&notice::request_id(&request.request_id));
            self.publish_request(request);
        }
        Ok(changed.is_some())
    }

    /// Ends requests that nobody answered.
    pub(crate) async fn end_requests(&self, now: Timestamp) -> Result<(), Fault> {
        for row in self.store().read(|tx| tx.pending_requests())? {
            if row.expires_at <= now {
                let fault = Fault::new(ErrorCode::SessionExpired, "nobody answered the request in time");
                let id = row.request.request_id;
                let error = fault.to_wire();
                if self.end_request(&id, RequestStatus::Error, None, Some(error.clone())).await? {
                    let outcome =
                        FlowOutcome::Failed { error: fault.message, error_data: Box::new(error), connection_id: None };
                    self.tell_flow(id.as_str(), outcome);
                }
            }
        }
        Ok(())
    }

    fn publish_request(&self, request: &ConnectionRequest) {
        self.publish(StreamMessage::Request { request: Box::new(request.clone()) });
    }
}
