//! The keys page: makes API keys, shows each once, withdraws them.

use std::fmt::Write as _;

use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use jiff::Timestamp;

use crate::{
    form::Form,
    page::{Page, Text, people, stale},
    people::Person,
    problem::Problem,
    server::{App, Shared},
    state::Ask,
};

const LONGEST_NAME: usize = 60;

pub(crate) async fn show(State(app): State<Shared>) -> Response {
    page(&app, "")
}

pub(crate) async fn change(State(app): State<Shared>, Form(params): Form) -> Response {
    let now = Timestamp::now();
    let asked = params.get("ticket").and_then(|ticket| app.store.touch(|state| state.take_ticket(ticket, now)));
    let Some(Ask::Keys) = asked else { return stale().into_response() };
    if let Some(id) = params.get("withdraw") {
        let gone = app.store.change(|state| state.delete_key(id));
        return page(&app, if gone { "<p>The key is withdrawn.</p>" } else { "<p>There is no such key any more.</p>" });
    }
    let Some(person) = params.get("person").and_then(Person::find) else {
        return Page::wrong("Whose key is it?", "Go back and choose a person.").into_response();
    };
    let name: String = params.get("name").unwrap_or("Membrane").chars().take(LONGEST_NAME).collect();
    match app.store.change(|state| state.make_key(person, &name, now)) {
        Ok(key) => {
            let news = format!(
                "<p>Copy the new key now; it is not shown again.</p>\n<p class=\"key\"><code>{}</code></p>",
                Text(key.reveal())
            );
            page(&app, &news)
        }
        Err(problem) => Page::wrong("No key was made", problem.text()).into_response(),
    }
}

/// Shows the keys there are and the form for a new one, below finished HTML with the news.
fn page(app: &App, news: &str) -> Response {
    let ticket = match app.store.touch(|state| state.ticket(Ask::Keys, Timestamp::now())) {
        Ok(ticket) => ticket,
        Err(problem) => return problem_page(problem),
    };
    let form = format!(
        "<form method=\"post\" action=\"/keys\">\n<input type=\"hidden\" name=\"ticket\" value=\"{}\">",
        Text(ticket.reveal())
    );
    let mut body = format!(
        "{news}\n{form}\n{}<label>Name\n<input type=\"text\" name=\"name\" value=\"Membrane\" maxlength=\"{LONGEST_NAME}\">\
         </label>\n<p class=\"buttons\"><button>Make a key</button></p>\n</form>\n",
        people("Whose key is it?", None)
    );
    let keys = app.store.read(crate::state::State::keys);
    if !keys.is_empty() {
        let _ = writeln!(body, "<h2>Keys there are</h2>\n{form}");
    }
    for key in &keys {
        let _ = writeln!(
            body,
            "<p class=\"row\"><span>{} <small>{}, ends with <code>{}</code></small></span>\
             <button name=\"withdraw\" value=\"{}\" class=\"plain\">Withdraw</button></p>",
            Text(&key.name),
            Text(key.person.name()),
            Text(&key.ending),
            Text(&key.id),
        );
    }
    if !keys.is_empty() {
        body.push_str("</form>\n");
    }
    Page::new("API keys", body).into_response()
}

fn problem_page(problem: Problem) -> Response {
    Page::wrong("This page can’t be shown", problem.text()).into_response()
}
