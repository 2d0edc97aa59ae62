//! What each tool does: calls of the API, and the person asked where only they can decide.

use http_body_util::BodyExt;
use membrane_model::{ConnectionView, ErrorCode, Fault, WireState};
use membrane_sdk::{Client, SdkError};
use rmcp::RoleServer;
use rmcp::model::{CallToolRequestParams, CallToolResponse};
use rmcp::service::RequestContext;

use crate::give::{self, plain};
use crate::person::{self, Answer};
use crate::take::{self, arguments};
use crate::tool::Name;
use crate::wait::until_connected;

/// The longest answer of an app that an agent gets, in bytes; more would only fill its context.
const OUTPUT_MAX: usize = 256 * 1024;

/// One call of a tool.
pub(crate) struct Call<'a> {
    pub client: Client,
    pub context: &'a RequestContext<RoleServer>,
    pub request: &'a CallToolRequestParams,
}

impl Call<'_> {
    /// Runs it. A failure is for the agent to read.
    pub(crate) async fn run(&self, name: Name) -> Result<CallToolResponse, Fault> {
        match name {
            Name::ListConnections => {
                let all = told(self.client.connections(&membrane_sdk::ConnectionFilter::default()).await)?;
                Ok(give::result(&give::connections(&all)).into())
            }
            Name::GetConnection => self.get(arguments(self.request)?).await,
            Name::Connect => {
                let to: take::ConnectTo = arguments(self.request)?;
                let seconds = to.seconds()?;
                let what = to.what()?;
                let begun = match self.begun_earlier().await? {
                    Some(begun) => begun,
                    None => told(self.client.connect(&what).await)?,
                };
                self.guide(begun, seconds).await
            }
            Name::CreateConnection => {
                let what = arguments::<take::Create>(self.request)?.what()?;
                let begun = match self.begun_earlier().await? {
                    Some(begun) => begun,
                    None => told(self.client.connect(&what).await)?,
                };
                self.guide(begun, 0).await
            }
            Name::EnsureConnection => {
                let ensure: take::Ensure = arguments(self.request)?;
                let begun = match self.begun_earlier().await? {
                    Some(begun) => begun,
                    None => told(self.client.ensure(&ensure.app_url, ensure.name.as_deref()).await)?,
                };
                self.guide(begun, 0).await
            }
            Name::RequestConnection => {
                let asks = self.context.client_info().map(|client| plain(&client.title.unwrap_or(client.name)));
                let ask = arguments::<take::Request>(self.request)?.ask(asks);
                Ok(give::result(&give::request(&told(self.client.ask(&ask).await)?)).into())
            }
            Name::CheckConnectionResult => {
                let check: take::Check = arguments(self.request)?;
                let request = told(self.client.request(&check.request_id).await)?;
                Ok(give::result(&give::request(&request)).into())
            }
            Name::SearchConnectors => {
                let (q, limit) = arguments::<take::Search>(self.request)?.checked()?;
                Ok(give::result(&give::search(&told(self.client.search(&q).await)?, limit)).into())
            }
            Name::Request => self.call_app(arguments(self.request)?).await,
            Name::ArchiveConnection => self.archive(arguments(self.request)?).await,
        }
    }

    async fn get(&self, get: take::Get) -> Result<CallToolResponse, Fault> {
        let seconds = get.seconds()?;
        let mut view = told(self.client.connection(&get.connection_id).await)?;
        if get.wait && waits(&view) {
            view = until_connected(&self.client, &view, seconds, self.context).await?;
        }
        Ok(give::result(&give::connection(&view)).into())
    }

    /// Leads the person to where they sign in, and waits for them so many seconds when they go.
    async fn guide(&self, begun: ConnectionView, seconds: u32) -> Result<CallToolResponse, Fault> {
        let link = begun.client_action.as_ref().and_then(|action| action.ui_url.clone());
        let Some(link) = link.filter(|_| !begun.connected || begun.session_id.is_some()) else {
            return Ok(give::result(&give::connection(&begun)).into());
        };
        let message = match begun.choices.is_empty() {
            true => format!("Sign in to {} to connect it.", plain(&begun.app_name)),
            false => "Choose which app to connect, and sign in.".to_owned(),
        };
        let about = handle(&begun);
        match person::go_to(self.context, self.request, message, &link, &about).await? {
            Answer::Yes if seconds > 0 => {
                let view = until_connected(&self.client, &begun, seconds, self.context).await?;
                Ok(give::result(&give::connection(&view)).into())
            }
            Answer::Yes => {
                let message =
                    "The person was led to the sign-in. Call get-connection with wait: true until it is READY.";
                Ok(give::result(&give::connection_saying(&begun, message)).into())
            }
            Answer::No => {
                if let Some(attempt) = &begun.session_id {
                    // It may be over by now, which is as good.
                    let _called_off = self.client.cancel_session(attempt.as_str()).await;
                }
                Err(Fault::new(ErrorCode::SessionEnded, "the person said no to the sign-in")
                    .hint("Nothing was changed. Don't ask again unless they say so."))
            }
            Answer::Later(question) => Ok(question.into()),
            Answer::CannotAsk => Ok(give::result(&give::connection(&begun)).into()),
        }
    }

    /// What an earlier round of this call began, so that the later one begins nothing new.
    async fn begun_earlier(&self) -> Result<Option<ConnectionView>, Fault> {
        let Some(about) = person::earlier(self.context, self.request) else { return Ok(None) };
        let (id, attempt) = about.split_once(' ').unwrap_or((about, ""));
        let mut view = told(self.client.connection(id).await)?;
        if !attempt.is_empty() {
            let session = told(self.client.session(attempt).await)?;
            if session.connection_id.as_ref() != Some(&view.id) {
                return Err(take::refused("requestState is not what this server sent"));
            }
            // Answered or not, the question was about this attempt.
            view.session_id = Some(session.id);
            let action = view.client_action.get_or_insert_with(|| membrane_model::ClientAction {
                kind: membrane_model::ClientActionType::Connect,
                description: format!("Sign in to {}.", plain(&session.app_name)),
                ui_url: None,
            });
            action.ui_url.get_or_insert_with(String::new);
        }
        Ok(Some(view))
    }

    /// Calls an app. What can't be taken back asks the person first.
    async fn call_app(&self, call: take::CallApp) -> Result<CallToolResponse, Fault> {
        let method = call.method()?;
        let view = told(self.client.connection(&call.connection_id).await)?;
        if method == "DELETE" {
            let message = format!("Delete {} in {} as {}?", call.path(), plain(&view.app_name), plain(&view.name));
            let about = format!("{} {}", view.id, call.path());
            match person::confirm(self.context, self.request, message, "Yes, delete it", &about).await? {
                Answer::Yes => {}
                Answer::No => return Err(unconfirmed()),
                Answer::Later(question) => return Ok(question.into()),
                Answer::CannotAsk => {
                    return Err(Fault::new(
                        ErrorCode::AccessDenied,
                        "deleting needs the person's yes, and this client can't ask them",
                    )
                    .hint(format!(
                        "Nothing was changed. Tell the person to run `membrane request {} {} -X DELETE`.",
                        view.id,
                        call.path()
                    )));
                }
            }
        }
        let answer = told(self.client.call_app(view.id.as_str(), &call.call(&method)).await)?;
        let status = answer.status().as_u16();
        let mut body = answer.into_body();
        let mut bytes = Vec::new();
        while let Some(frame) = body.frame().await {
            if let Ok(data) = told(frame)?.into_data() {
                bytes.extend_from_slice(&data);
            }
            if bytes.len() > OUTPUT_MAX {
                bytes.truncate(OUTPUT_MAX);
                return Ok(give::result(&give::app_answer(status, &bytes, true)).into());
            }
        }
        Ok(give::result(&give::app_answer(status, &bytes, false)).into())
    }

    async fn archive(&self, archive: take::Archive) -> Result<CallToolResponse, Fault> {
        let view = told(self.client.connection(&archive.connection_id).await)?;
        let what = format!("{} ({})", plain(&view.name), plain(&view.app_name));
        let message = format!("Archive {what}? Its access is revoked and its credential destroyed.");
        match person::confirm(self.context, self.request, message, "Yes, archive it", view.id.as_str()).await? {
            Answer::Yes => {
                let archived = told(self.client.archive(view.id.as_str()).await)?;
                Ok(give::result(&give::connection_saying(&archived, format!("Archived {what}."))).into())
            }
            Answer::No => Err(unconfirmed()),
            Answer::Later(question) => Ok(question.into()),
            Answer::CannotAsk => Err(Fault::new(
                ErrorCode::AccessDenied,
                "archiving needs the person's yes, and this client can't ask them",
            )
            .hint(format!(
                "Nothing was changed. Tell the person to run `membrane connection archive {}`, or to archive \
                         it in the Membrane window.",
                view.id
            ))),
        }
    }
}

fn unconfirmed() -> Fault {
    Fault::new(ErrorCode::AccessDenied, "the person did not confirm it")
        .hint("Nothing was changed. Don't ask again unless they say so.")
}

/// Names what was begun for a later round of the same call. It is no secret and grants nothing: whoever sends it back
/// can do with it what their own calls can.
fn handle(begun: &ConnectionView) -> String {
    match &begun.session_id {
        Some(attempt) => format!("{} {attempt}", begun.id),
        None => begun.id.to_string(),
    }
}

fn waits(view: &ConnectionView) -> bool {
    view.state == WireState::ClientActionRequired && !view.disconnected
}

fn told<T>(result: Result<T, SdkError>) -> Result<T, Fault> {
    result.map_err(SdkError::into_fault)
}
