//! Webhooks, from the change of a connection to a receiver that checks signatures with libraries that are not ours.

use std::process::Command;
use std::time::Duration;

use membrane_tests::docs;
use membrane_tests::home::Home;
use membrane_tests::process::Running;
use membrane_tests::receiver::{self, Receiver};
use membrane_tests::{Context, Result, Value, ensure, json, wait};

const SOON: Duration = Duration::from_secs(20);

/// Connects the sandbox by user name and password: nothing to register, no browser.
fn connect(home: &Home) -> Result<String> {
    let fixed = ["connect", "--integrationKey", "membrane-sandbox", "--authMethod", "basic", "--input", "username=ada"];
    let said = home.cli_with(r#"{"password":"sandbox"}"#, &[&fixed[..], &["--secretsFromStdin", "--json"]].concat())?;
    ensure!(said.code == 0, "{said:?}");
    Ok(said.json()?["id"].as_str().context("no id")?.to_owned())
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Makes a webhook to a receiver, which learns its secret; returns its id and secret.
fn webhook(home: &Home, receiver: &Receiver, more: &[&str]) -> Result<(String, String)> {
    let url = receiver.url("/hook?key=1");
    let made = home.json(&[&["webhook", "create", url.as_str(), "--allowLocal"], more].concat())?;
    let secret = text(&made["secret"]);
    receiver.knows(&[&secret])?;
    Ok((text(&made["id"]), secret))
}

fn deliveries(home: &Home, id: &str) -> Result<Vec<Value>> {
    Ok(home.json(&["webhook", "deliveries", id])?.as_array().cloned().unwrap_or_default())
}

fn is_verified(entry: &Value) -> bool {
    ["standardwebhooks", "svix", "plain"].iter().all(|by| {
        entry["verified"][by].as_array().is_some_and(|all| !all.is_empty() && all.iter().all(|one| *one == json!(true)))
    })
}

#[test]
fn r80_r81_r83_events_arrive_signed_and_in_order() -> Result<()> {
    let (home, receiver) = (Home::with_key()?, Receiver::start()?);
    let engine = home.serve()?;
    webhook(&home, &receiver, &[])?;
    let id = connect(&home)?;
    home.api("DELETE", &format!("/connections/{id}"), None)?;
    let log = receiver.until(2, SOON)?;
    for (entry, kind) in log.iter().zip(["connection.created", "connection.deleted"]) {
        ensure!(is_verified(entry), "not taken as ours: {entry}");
        ensure!(entry["path"] == "/hook?key=1", "{entry}");
        let (body, subject) = (&entry["body"], &entry["body"]["data"]["connection"]);
        ensure!(body["eventType"] == kind && body["id"] == entry["id"], "{body}");
        ensure!(subject["id"] == id.as_str() && subject["integrationKey"] == "membrane-sandbox", "{body}");
        ensure!(subject["customerId"] == "default" && subject["disconnected"] == false, "{body}");
        ensure!(!body.to_string().contains('@'), "an address of the person's left: {body}");
    }
    let history = home.api("GET", &format!("/connections/{id}/events"), None);
    ensure!(history.is_err() || log.len() == 2, "more was sent than happened");
    engine.end()
}

#[test]
fn only_chosen_events_are_sent_and_none_while_it_is_off() -> Result<()> {
    let (home, receiver) = (Home::with_key()?, Receiver::start()?);
    let (hook, _) = webhook(&home, &receiver, &["--event", "connection.deleted"])?;
    let archive = |id: &str| home.api("DELETE", &format!("/connections/{id}"), None);
    archive(&connect(&home)?)?;
    let log = receiver.until(1, SOON)?;
    ensure!(log[0]["body"]["eventType"] == "connection.deleted", "{log:?}");
    home.json(&["webhook", "update", &hook, "--disable"])?;
    archive(&connect(&home)?)?;
    home.json(&["webhook", "update", &hook, "--enable"])?;
    archive(&connect(&home)?)?;
    let log = receiver.until(2, SOON)?;
    ensure!(log.len() == 2 && deliveries(&home, &hook)?.len() == 2, "{log:?}");
    home.json(&["webhook", "delete", &hook, "--yes"])?;
    ensure!(home.json(&["webhook", "list"])? == json!([]), "it is still there");
    Ok(())
}

#[test]
fn r81_what_was_not_sent_before_a_crash_is_sent_after_it_with_the_same_id() -> Result<()> {
    let home = Home::with_key()?;
    let receiver = Receiver::start()?;
    let port = receiver.port();
    let engine = home.serve()?;
    let (hook, secret) = webhook(&home, &receiver, &[])?;
    // Nobody is there to take it, so the event stays between its change and its delivery.
    drop(receiver);
    let id = connect(&home)?;
    let queued = wait::until("an attempt that failed", SOON, || {
        Ok(deliveries(&home, &hook)?.into_iter().find(|delivery| delivery["attempts"] == 1))
    })?;
    ensure!(queued["state"] == "waiting" && queued["connectionId"] == id.as_str(), "{queued}");
    engine.kill()?;

    let receiver = Receiver::start_on(port)?;
    receiver.knows(&[&secret])?;
    let engine = home.serve()?;
    let log = receiver.until(1, SOON)?;
    ensure!(log[0]["id"] == queued["eventId"] && is_verified(&log[0]), "{log:?} instead of {queued}");
    wait::until_true("the delivery to be noted", SOON, || Ok(deliveries(&home, &hook)?[0]["state"] == "delivered"))?;
    engine.end()
}

#[test]
fn r81_an_attempt_that_a_crash_cuts_off_is_made_again_with_the_same_id() -> Result<()> {
    let (home, receiver) = (Home::with_key()?, Receiver::start()?);
    let engine = home.serve()?;
    webhook(&home, &receiver, &[])?;
    receiver.answers(&json!(["hang"]))?;
    connect(&home)?;
    let first = receiver.until(1, SOON)?;
    engine.kill()?;
    let engine = home.serve()?;
    let log = receiver.until(2, SOON)?;
    ensure!(log[1]["id"] == first[0]["id"] && is_verified(&log[1]), "{log:?}");
    engine.end()
}

#[test]
fn r81_a_failure_is_tried_again_and_holds_back_what_comes_after_it_on_the_same_connection() -> Result<()> {
    let (home, receiver) = (Home::with_key()?, Receiver::start()?);
    let engine = home.serve()?;
    let (hook, _) = webhook(&home, &receiver, &[])?;
    receiver.answers(&json!([503]))?;
    let id = connect(&home)?;
    receiver.until(1, SOON)?;
    home.api("DELETE", &format!("/connections/{id}"), None)?;
    let other = connect(&home)?;
    let log = receiver.until(4, SOON)?;
    let told: Vec<(String, String, Value)> = log
        .iter()
        .map(|one| {
            let body = &one["body"];
            (text(&body["data"]["connection"]["id"]), text(&body["eventType"]), one["answered"].clone())
        })
        .collect();
    let of = |wanted: &str| -> Vec<(&str, &Value)> {
        told.iter().filter(|(id, ..)| id == wanted).map(|(_, kind, status)| (kind.as_str(), status)).collect()
    };
    let (created, deleted) = ("connection.created", "connection.deleted");
    ensure!(of(&id) == [(created, &json!(503)), (created, &json!(204)), (deleted, &json!(204))], "{told:?}");
    // Another connection does not wait for it.
    ensure!(of(&other) == [(created, &json!(204))] && told[1].0 == other, "{told:?}");
    ensure!(log[0]["id"] == log[2]["id"], "the second attempt has another id: {log:?}");
    let waited = log[2]["at"].as_f64().unwrap_or_default() - log[0]["at"].as_f64().unwrap_or_default();
    ensure!((4.9..8.0).contains(&waited), "it was tried again after {waited} s");
    wait::until_true("all to be noted", SOON, || {
        Ok(deliveries(&home, &hook)?.iter().all(|delivery| delivery["state"] == "delivered"))
    })?;
    engine.end()
}

/// Changes rows of the database while no engine runs: days pass so.
fn time_passes(home: &Home, sql: &str) -> Result<()> {
    let script = "import sqlite3, sys; db = sqlite3.connect(sys.argv[1]); db.execute(sys.argv[2]); db.commit()";
    let file = home.path().join("data/membrane.db");
    let status = Command::new("python3").args(["-c", script]).arg(file).arg(sql).status()?;
    ensure!(status.success(), "the database could not be changed");
    Ok(())
}

#[test]
fn r81_what_failed_for_three_days_is_shown_and_can_be_delivered_again() -> Result<()> {
    let (home, receiver) = (Home::with_key()?, Receiver::start()?);
    let engine = home.serve()?;
    let (hook, _) = webhook(&home, &receiver, &[])?;
    receiver.always_answers(500)?;
    connect(&home)?;
    let log = receiver.until(1, SOON)?;
    wait::until_true("the failure to be noted", SOON, || Ok(deliveries(&home, &hook)?[0]["attempts"] == 1))?;
    engine.end()?;
    time_passes(&home, "UPDATE delivery SET attempts = 9, next_at = 0")?;

    let engine = home.serve()?;
    let dead = wait::until("the delivery to be given up", SOON, || {
        Ok(deliveries(&home, &hook)?.into_iter().find(|delivery| delivery["state"] == "dead"))
    })?;
    ensure!(dead["attempts"] == 10 && dead["lastStatus"] == 500 && dead["lastError"] == "it answered 500", "{dead}");
    let shown = home.json(&["webhook", "get", &hook])?;
    ensure!(shown["offBecause"] == "failing" && shown["enabled"] == false && shown["dead"] == 1, "{shown}");

    let again = ["webhook", "redeliver", &hook, dead["id"].as_str().unwrap_or_default(), "--json"];
    let refused = home.cli(&again)?.error()?;
    ensure!(refused["hint"].as_str().is_some_and(|hint| hint.contains("--enable")), "{refused}");
    receiver.always_answers(204)?;
    home.json(&["webhook", "update", &hook, "--enable"])?;
    home.json(&again[..4])?;
    let count = log.len() + 2;
    let log = receiver.until(count, SOON)?;
    ensure!(log[count - 1]["id"] == log[0]["id"] && is_verified(&log[count - 1]), "{log:?}");
    engine.end()
}

#[test]
fn r81_r82_gone_turns_it_off_and_redirects_are_not_followed() -> Result<()> {
    let (home, receiver) = (Home::with_key()?, Receiver::start()?);
    let engine = home.serve()?;
    let (hook, _) = webhook(&home, &receiver, &[])?;
    receiver.answers(&json!(["redirect"]))?;
    let tried = home.json(&["webhook", "test", &hook])?;
    ensure!(tried["delivered"] == false, "{tried}");
    ensure!(text(&tried["delivery"]["lastError"]).contains("redirect"), "{tried}");
    ensure!(receiver.log()?.len() == 1, "the redirect was followed");

    receiver.answers(&json!([410]))?;
    connect(&home)?;
    wait::until_true("it to be turned off", SOON, || {
        Ok(home.json(&["webhook", "get", &hook])?["offBecause"] == "gone")
    })?;
    ensure!(deliveries(&home, &hook)?[0]["state"] == "dead", "it is still tried");
    engine.end()
}

#[test]
fn r80_both_secrets_sign_while_one_takes_the_place_of_the_other() -> Result<()> {
    let (home, receiver) = (Home::with_key()?, Receiver::start()?);
    let (hook, old) = webhook(&home, &receiver, &[])?;
    let rotated = home.json(&["webhook", "rotate", &hook])?;
    let new = text(&rotated["secret"]);
    ensure!(new != old && rotated["previousSecretUntil"].is_string(), "{rotated}");
    receiver.knows(&[&old, &new])?;
    ensure!(home.json(&["webhook", "test", &hook])?["delivered"] == true, "it was not taken");
    let entry = receiver.until(1, SOON)?.remove(0);
    for library in ["standardwebhooks", "svix"] {
        ensure!(entry["verified"][library] == json!([true, true]), "{entry}");
    }
    ensure!(entry["verified"]["plain"] == json!([false, true]), "{entry}");
    ensure!(entry["body"]["test"] == true && entry["body"]["data"]["connection"]["id"] == "con_test", "{entry}");

    let newest = home.json(&["webhook", "rotate", &hook, "--overlapHours", "0"])?;
    receiver.knows(&[&new, &text(&newest["secret"])])?;
    home.json(&["webhook", "test", &hook, "--event", "connection.disconnected"])?;
    let entry = receiver.until(2, SOON)?.remove(1);
    for library in ["standardwebhooks", "svix"] {
        ensure!(entry["verified"][library][1] == true && entry["verified"][library][0] != true, "{entry}");
    }
    ensure!(entry["body"]["data"]["connection"]["reason"] == "revoked", "{entry}");
    Ok(())
}

#[test]
fn r82_addresses_that_may_not_be_called_are_refused_with_what_to_do() -> Result<()> {
    let home = Home::with_key()?;
    for (url, says) in [
        ("http://example.com/hook", "https"),
        ("https://10.0.0.1/", "private network"),
        ("https://[::ffff:169.254.169.254]/", "private network"),
        ("https://2130706433/", "this computer"),
        ("http://localhost:9/hook", "this computer"),
        ("https://user:secret-word@example.com/", "user name"),
        ("no address", "proper address"),
    ] {
        let error = home.cli(&["webhook", "create", url, "--json"])?.error()?;
        ensure!(error["code"] == "bad_request" && text(&error["message"]).contains(says), "{url}: {error}");
        ensure!(!error.to_string().contains("secret-word"), "{error}");
    }
    let error = home.cli(&["webhook", "create", "https://example.com/", "--event", "x", "--json"])?.error()?;
    ensure!(text(&error["message"]).starts_with("events"), "{error}");
    for arguments in
        [vec!["get", "whk_none"], vec!["deliveries", "whk_none"], vec!["redeliver", "whk_none", "dlv_none"]]
    {
        let error = home.cli(&[&["webhook"], &arguments[..], &["--json"]].concat())?.error()?;
        ensure!(error["code"] == "not_found", "{arguments:?}: {error}");
    }
    // A program with a token may not make one: it could send events anywhere.
    let token = home.json(&["client", "create", "script"])?["token"].clone();
    let api = home.api("GET", "/status", None)?["apiUri"].as_str().context("no port")?.parse()?;
    let reply = membrane_tests::http::Request::new("GET", "/webhooks")
        .header("Authorization", &format!("Bearer {}", text(&token)))
        .send(&membrane_tests::http::Address::of(&api)?)?;
    ensure!(reply.status == 403, "{}: {}", reply.status, reply.text());
    Ok(())
}

#[test]
fn r56_secrets_of_webhooks_are_sealed() -> Result<()> {
    let (home, receiver) = (Home::with_key()?, Receiver::start()?);
    let engine = home.serve()?;
    let (hook, secret) = webhook(&home, &receiver, &[])?;
    let newer = text(&home.json(&["webhook", "rotate", &hook])?["secret"]);
    home.json(&["webhook", "test", &hook])?;
    let shown = home.json(&["webhook", "list"])?.to_string();
    ensure!(!shown.contains("whsec_"), "{shown}");
    engine.end()?;
    for file in ["data/membrane.db", "engine.log"] {
        let bytes = std::fs::read(home.path().join(file))?;
        for secret in [&secret, &newer] {
            let bare = secret.trim_start_matches("whsec_").as_bytes();
            ensure!(!bytes.windows(bare.len()).any(|window| window == bare), "{file} has a secret");
        }
    }
    Ok(())
}

#[test]
fn the_example_of_the_documentation_works() -> Result<()> {
    let home = Home::with_key()?;
    let (python, shell) = (docs::blocks("webhooks.md", "python")?, docs::blocks("webhooks.md", "sh")?);
    ensure!(python.len() == 1 && shell.len() == 1, "the page has other examples than one of each");
    let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let here = |text: &str| text.replace("8088", &port.to_string());
    let mut commands = shell[0].lines();
    let said = home.shell(&here(commands.next().context("no command")?))?;
    ensure!(said.code == 0, "{said:?}");

    let log = home.path().join("receiver.log");
    let mut receiver = Command::new(receiver::python()?);
    receiver.arg("-c").arg(here(&python[0])).env("WEBHOOK_SECRET", said.out.trim());
    let receiver = Running::start(receiver, &log)?;
    wait::until_true("the receiver to listen", SOON, || Ok(std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()))?;
    let id = text(&home.json(&["webhook", "list"])?[0]["id"]);
    let said = home.shell(&commands.collect::<Vec<_>>().join("\n").replace(" ID", &format!(" {id}")))?;
    ensure!(said.code == 0 && said.out.contains("The receiver took it."), "{said:?}: {}", receiver.output());
    let connected = connect(&home)?;
    wait::until_true("the event", SOON, || Ok(receiver.output().contains(&format!("connection.created {connected}"))))
}
