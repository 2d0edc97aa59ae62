//! The front page, and what is shown where there is nothing.

use axum::{http::StatusCode, response::Response};

use crate::{page::Page, problem::ApiProblem};

const FRONT: &str = "<p>A make-believe CRM with two people in it, to try Membrane Desktop with before you connect anything \
real. Connect it from the app, or with</p>\n\
<p class=\"key\"><code>membrane connect --integrationKey membrane-sandbox</code></p>\n\
<h2>Ways in</h2>\n<ul>\n\
<li>Sign in as Ada or Ben: the app opens the page for it.</li>\n\
<li><a href=\"/keys\">API keys</a>, for <code>X-Api-Key</code></li>\n\
<li><a href=\"/device\">A code from another device</a></li>\n\
<li>User name <code>ada</code> or <code>ben</code>, password <code>sandbox</code></li>\n\
<li>Client <code>sandbox-service</code> with the secret <code>sandbox-service-secret</code></li>\n</ul>\n\
<h2>What there is to see</h2>\n\
<p><code>/api/me</code>, <code>/api/contacts</code>, <code>/api/deals</code></p>";

pub(crate) async fn show() -> Page {
    Page::new("Hello", FRONT.to_owned())
}

pub(crate) async fn nothing_here() -> Response {
    let text = "There is nothing at this address. The front page tells what there is.";
    axum::response::IntoResponse::into_response(ApiProblem::new(StatusCode::NOT_FOUND, "not_found", text))
}
