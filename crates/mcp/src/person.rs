//! Asking the person through the agent's own client: to go to a page, or to say yes. Never through the model.

use membrane_model::{ErrorCode, Fault};
use rmcp::RoleServer;
use rmcp::model::{
    CallToolRequestParams, ElicitRequest, ElicitRequestParams, ElicitResult, ElicitationAction, InputRequest,
    InputRequests, InputRequiredResult, ProtocolVersion,
};
use rmcp::service::RequestContext;
use serde_json::{Value, json};

/// The name of the one question in an answer that asks for input.
const QUESTION: &str = "person";

/// What came of asking.
pub(crate) enum Answer {
    /// They agreed, or went there.
    Yes,
    /// They declined, or closed the question.
    No,
    /// The client can't ask like this.
    CannotAsk,
    /// The question travels to the client in the answer of this call, and the call comes again with what they said.
    Later(InputRequiredResult),
}

/// Asks the person to open a page.
pub(crate) async fn go_to(
    context: &RequestContext<RoleServer>,
    request: &CallToolRequestParams,
    message: String,
    url: &str,
    about: &str,
) -> Result<Answer, Fault> {
    if !modes(context).1 {
        return Ok(Answer::CannotAsk);
    }
    let id = if stateless(context) { String::new() } else { about.to_owned() };
    let question =
        ElicitRequestParams::UrlElicitationParams { meta: None, message, url: url.to_owned(), elicitation_id: id };
    let said = ask(context, request, question, about).await?;
    Ok(match said {
        Said::Result(result) if result.action == ElicitationAction::Accept => Answer::Yes,
        Said::Result(_) => Answer::No,
        Said::Later(question) => Answer::Later(question),
    })
}

/// Asks the person for a yes, in those words; only a ticked one counts.
pub(crate) async fn confirm(
    context: &RequestContext<RoleServer>,
    request: &CallToolRequestParams,
    message: String,
    yes: &str,
    about: &str,
) -> Result<Answer, Fault> {
    if !modes(context).0 {
        return Ok(Answer::CannotAsk);
    }
    let schema = json!({
        "type": "object",
        "properties": { "confirm": { "type": "boolean", "title": yes, "default": false } },
        "required": ["confirm"],
    });
    let requested_schema = serde_json::from_value(schema).map_err(broken)?;
    let question = ElicitRequestParams::FormElicitationParams { meta: None, message, requested_schema };
    let said = ask(context, request, question, about).await?;
    Ok(match said {
        Said::Result(result) => {
            let ticked = result.content.as_ref().is_some_and(|content| content["confirm"] == json!(true));
            if result.action == ElicitationAction::Accept && ticked { Answer::Yes } else { Answer::No }
        }
        Said::Later(question) => Answer::Later(question),
    })
}

/// What an earlier round of this call was about, when this is a later one.
pub(crate) fn earlier<'a>(context: &RequestContext<RoleServer>, request: &'a CallToolRequestParams) -> Option<&'a str> {
    (stateless(context) && request.input_responses.is_some()).then_some(request.request_state.as_deref())?
}

enum Said {
    Result(ElicitResult),
    Later(InputRequiredResult),
}

async fn ask(
    context: &RequestContext<RoleServer>,
    request: &CallToolRequestParams,
    question: ElicitRequestParams,
    about: &str,
) -> Result<Said, Fault> {
    if !stateless(context) {
        let said = context.peer.create_elicitation(question).await.map_err(broken)?;
        return Ok(Said::Result(said));
    }
    // An answer counts only for the question that it was given to.
    if let Some(answer) = earlier(context, request).filter(|earlier| *earlier == about).and(answer(request)) {
        return serde_json::from_value(answer.clone()).map(Said::Result).map_err(broken);
    }
    let mut requests = InputRequests::new();
    requests.insert(QUESTION.to_owned(), InputRequest::Elicitation(ElicitRequest::new(question)));
    Ok(Said::Later(InputRequiredResult::new(Some(requests), Some(about.to_owned()))))
}

fn answer(request: &CallToolRequestParams) -> Option<&Value> {
    request.input_responses.as_ref()?.get(QUESTION)
}

/// Whether the client can show a form, and lead to a page.
fn modes(context: &RequestContext<RoleServer>) -> (bool, bool) {
    match context.client_capabilities().and_then(|capabilities| capabilities.elicitation) {
        // A client that names neither means forms.
        Some(able) => (able.form.is_some() || able.url.is_none(), able.url.is_some()),
        None => (false, false),
    }
}

/// Since this revision the server asks by its answer instead of by a request of its own.
fn stateless(context: &RequestContext<RoleServer>) -> bool {
    context.protocol_version().is_some_and(|version| version.as_str() >= ProtocolVersion::V_2026_07_28.as_str())
}

fn broken(error: impl std::fmt::Display) -> Fault {
    Fault::new(ErrorCode::Internal, format!("the client could not ask the person: {error}"))
}
