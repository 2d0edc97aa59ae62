//! Calls to apps through the proxy: what goes in, what comes out, and what never does.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use membrane_tests::docs;
use membrane_tests::home::{Engine, Home};
use membrane_tests::http::{Address, Reply, Request};
use membrane_tests::provider::Provider;
use membrane_tests::upstream::Upstream;
use membrane_tests::{Context, Result, Value, ensure, json, wait};

const SOON: Duration = Duration::from_secs(20);
const KEY: &str = r#"{"key":"good"}"#;

/// A home that knows an API as `up`.
fn start() -> Result<(Upstream, Home)> {
    let (upstream, home) = (Upstream::start()?, Home::with_key()?);
    home.add_app(&upstream.app_file("up", &format!("{}/token", upstream.origin())))?;
    Ok((upstream, home))
}

/// Connects `up` in one of its ways and returns the connection's id.
fn connect(home: &Home, method: &str, input: &[&str], secrets: &str) -> Result<String> {
    let fixed = ["connect", "--integrationKey", "up", "--authMethod", method, "--secretsFromStdin", "--json"];
    let said = home.cli_with(secrets, &[&fixed[..], input].concat())?;
    ensure!(said.code == 0, "{said:?}");
    Ok(said.json()?["id"].as_str().context("no id")?.to_owned())
}

fn by_header(home: &Home) -> Result<String> {
    connect(home, "header", &[], KEY)
}

fn code(reply: &Reply) -> Result<Value> {
    Ok(reply.json()?["data"]["code"].clone())
}

/// Returns the address of the API's port and a header with a new client's token.
fn tcp(home: &Home) -> Result<(Address, String)> {
    let api = home.api("GET", "/status", None)?["apiUri"].as_str().context("no port")?.parse()?;
    let token = home.json(&["client", "create", "script", "--noTokens"])?;
    Ok((Address::of(&api)?, format!("Bearer {}", token["token"].as_str().context("no token")?)))
}

#[test]
fn r66_r73_the_credential_is_added_and_nothing_of_the_callers_own_goes_on() -> Result<()> {
    let (_upstream, home) = start()?;
    let ways = [
        ("header", vec![], KEY, "x-api-key", "good"),
        ("query", vec![], KEY, "url", "/api/echo?a=%2F&api_key=good"),
        ("password", vec!["--input", "username=ada"], r#"{"password":"good"}"#, "authorization", "Basic YWRhOmdvb2Q="),
    ];
    let engine = home.serve()?;
    let (address, bearer) = tcp(&home)?;
    for (method, input, secrets, place, value) in ways {
        let id = connect(&home, method, &input, secrets)?;
        let reply = Request::new("GET", &format!("/connections/{id}/proxy/echo?a=%2F"))
            .header("Authorization", &bearer)
            .header("Cookie", "canary=1")
            .header("Origin", "http://localhost:3000")
            .header("X-Forwarded-For", "10.0.0.1")
            .header("X-Api-Key", "canary")
            .header("X-Mine", "stays")
            .send(&address)?;
        ensure!(reply.status == 200, "{}: {}", reply.status, reply.text());
        let said = reply.json()?;
        let headers = &said["headers"];
        let found = if place == "url" { &said["url"] } else { &headers[place] };
        ensure!(found == value, "{method}: {said}");
        ensure!(headers["x-mine"] == "stays" && headers["x-version"] == "2026-01", "{said}");
        for gone in ["cookie", "origin", "x-forwarded-for", "membrane-api-version"] {
            ensure!(headers[gone].is_null(), "{gone} went on: {said}");
        }
        ensure!(!said.to_string().contains("pat-"), "our own token went on: {said}");
        ensure!(method != "header" || !said.to_string().contains("canary"), "{said}");
        // What the app says to a browser about our origin stays out.
        ensure!(reply.header("set-cookie").is_none(), "a cookie came through");
        ensure!(reply.header("access-control-allow-origin") == Some("http://localhost:3000"), "{:?}", reply.headers);
        ensure!(reply.header("x-app") == Some("yes") && reply.header("etag") == Some("\"1\""), "{:?}", reply.headers);
        ensure!(reply.header("membrane-answered-by") == Some("up"), "{:?}", reply.headers);
    }
    let id = connect(&home, "url", &[], KEY)?;
    let said = home.api("GET", &format!("/connections/{id}/proxy/sendMessage?x=1"), None)?;
    ensure!(said["url"] == "/api/echo/botgood/sendMessage?x=1", "{said}");
    engine.end()
}

#[test]
fn every_method_and_body_goes_through_as_it_is() -> Result<()> {
    let (upstream, home) = start()?;
    let id = by_header(&home)?;
    let socket = Address::Unix(home.socket());
    let path = format!("/connections/{id}/proxy");
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
        let request = Request::new(method, &format!("{path}/echo?x=a%20b&y"));
        let request =
            if method == "GET" { request } else { request.header("Content-Type", "text/csv").body(b"a;b".to_vec()) };
        let said = request.send(&socket)?.ok()?;
        ensure!(said["method"] == method && said["url"] == "/api/echo?x=a%20b&y", "{said}");
        ensure!(said["size"] == if method == "GET" { 0 } else { 3 }, "{said}");
        ensure!(method == "GET" || said["headers"]["content-type"] == "text/csv", "{said}");
    }
    // A whole address of the app's own, and what older clients call.
    let said = home.api("GET", &format!("{path}/{}/api/echo/whole?z", upstream.origin()), None)?;
    ensure!(said["url"] == "/api/echo/whole?z", "{said}");
    let said = home.api("POST", &format!("/connections/{id}/api/echo/old"), Some(&json!({ "a": 1 })))?;
    ensure!(said["method"] == "POST" && said["url"] == "/api/echo/old" && said["size"] == 7, "{said}");
    // Clients that name the type of a body that isn't there.
    let empty =
        Request::new("POST", &format!("{path}/echo")).header("Content-Type", "application/x-www-form-urlencoded");
    let said = empty.send(&socket)?.ok()?;
    ensure!(said["headers"]["content-type"].is_null() && said["size"] == 0, "{said}");
    // The app's own failures are its own answers.
    let reply = home.call("GET", &format!("{path}/status/418"), None)?;
    ensure!(reply.status == 418 && reply.json()? == json!({ "status": 418 }), "{}", reply.text());
    let head = Request::new("HEAD", &format!("{path}/echo")).send(&socket)?;
    ensure!(head.status == 200 && head.body.is_empty(), "{head:?}");
    Ok(())
}

#[test]
fn r67_other_hosts_redirects_and_line_breaks_lead_nowhere() -> Result<()> {
    let (upstream, home) = start()?;
    let elsewhere = Upstream::start()?;
    let id = by_header(&home)?;
    let path = format!("/connections/{id}/proxy");
    for target in [
        format!("{}/api/echo", elsewhere.origin()),
        format!("{}/api/echo", elsewhere.origin().replace("127.0.0.1", "localhost")),
        format!("{}@{}/api/echo", upstream.origin(), elsewhere.origin().trim_start_matches("http://")),
        "https://169.254.169.254/latest/meta-data/".to_owned(),
        "https://[::ffff:127.0.0.1]/".to_owned(),
        "http://2130706433/".to_owned(),
        "../admin".to_owned(),
        "%2e%2e/admin".to_owned(),
    ] {
        let reply = home.call("GET", &format!("{path}/{target}"), None)?;
        ensure!(reply.status == 400 && code(&reply)? == "bad_request", "{target}: {} {}", reply.status, reply.text());
    }
    for object in [
        json!({ "path": "x\r\nHost: evil.example" }),
        json!({ "path": "x", "headers": { "X-A": "b\r\nX-B: c" } }),
        json!({ "path": "x", "method": "CONNECT" }),
        json!({ "path": format!("{}/", elsewhere.origin()) }),
    ] {
        let reply = home.call("POST", &path, Some(&object))?;
        ensure!(reply.status == 400, "{object}: {} {}", reply.status, reply.text());
    }
    let reply = home.call("GET", &format!("{path}/redirect?to={}/api/echo", elsewhere.origin()), None)?;
    ensure!(reply.status == 302 && reply.header("location").is_some(), "{} {}", reply.status, reply.text());
    ensure!(elsewhere.seen()?.is_empty(), "somebody else was called: {:?}", elsewhere.seen()?);
    let page = home.call("GET", &format!("{path}/html"), None)?;
    ensure!(
        page.header("content-security-policy").is_some_and(|rules| rules.contains("sandbox")),
        "{:?}",
        page.headers
    );
    Ok(())
}

#[test]
fn a_refused_token_is_renewed_once_and_the_call_sent_again() -> Result<()> {
    let (upstream, provider, home) = (Upstream::start()?, Provider::start(&json!({}))?, Home::with_key()?);
    home.add_app(&upstream.app_file("up", &format!("{}/token", provider.origin())))?;
    let secret = r#"{"client_secret":"machine-client-secret"}"#;
    let id = connect(&home, "service", &["--input", "client_id=machine"], secret)?;
    let socket = Address::Unix(home.socket());
    let send = |name: &str, size: usize| {
        Request::new("POST", &format!("/connections/{id}/proxy/picky/{name}")).body(vec![b'm'; size]).send(&socket)
    };
    let count = |name: &str| -> Result<usize> {
        Ok(upstream.seen()?.iter().filter(|url| url.ends_with(&format!("/picky/{name}"))).count())
    };
    let tokens =
        || -> Result<usize> { Ok(provider.log()?.iter().filter(|one| one["grant"] == "client_credentials").count()) };
    let before = tokens()?;
    let said = send("small", 1000)?.ok()?;
    ensure!(said["size"] == 1000 && count("small")? == 2, "{said}");
    ensure!(tokens()? == before + 1, "renewed {} times", tokens()? - before);

    // What is too large to be held is not sent again; the next call has the new token.
    let reply = send("large", 1_000_000)?;
    ensure!(reply.status == 401 && count("large")? == 1, "{} {}", reply.status, reply.text());
    ensure!(send("large", 1_000_000)?.ok()?["size"] == 1_000_000, "the next call failed");
    ensure!(tokens()? == before + 2, "renewed {} times", tokens()? - before);

    // Where a new token is of no use either, the app's own answer stands.
    let reply = home.call("GET", &format!("/connections/{id}/proxy/status/401"), None)?;
    ensure!(reply.status == 401 && reply.json()? == json!({ "status": 401 }), "{}", reply.text());
    ensure!(upstream.seen()?.iter().filter(|url| url.ends_with("/status/401")).count() == 2, "it was tried too often");
    ensure!(home.connection(&id)?["connected"] == true, "a call's refusal ended the connection");
    Ok(())
}

#[test]
fn a_dead_connection_says_so() -> Result<()> {
    let (upstream, home) = start()?;
    let id = by_header(&home)?;
    let me = format!("/connections/{id}/proxy/me");
    ensure!(home.api("GET", &me, None)?["name"] == "ada", "the key is of no use");
    // The app refuses a call for its own reasons: the key is fine, and stays so.
    ensure!(
        home.call("GET", &format!("/connections/{id}/proxy/status/401"), None)?.status == 401,
        "not the app's answer"
    );
    ensure!(home.connection(&id)?["connected"] == true, "a call's refusal ended the connection");

    upstream.withdraw_key()?;
    for _ in 0..2 {
        let reply = home.call("GET", &me, None)?;
        let error = reply.json()?;
        ensure!(reply.status == 409 && error["key"] == "connection_is_defunct", "{error}");
    }
    ensure!(home.events_of(&id)? == ["connection.created", "connection.disconnected"], "{:?}", home.events_of(&id)?);
    ensure!(home.connection(&id)?["reason"] == "key-rejected", "{}", home.connection(&id)?);
    let asked = upstream.seen()?.len();
    home.call("GET", &me, None)?;
    ensure!(upstream.seen()?.len() == asked, "a dead connection was used");
    Ok(())
}

#[test]
fn a_pause_that_the_app_asks_for_is_kept_where_the_call_may_be_repeated() -> Result<()> {
    let (upstream, home) = start()?;
    let id = by_header(&home)?;
    let path = format!("/connections/{id}/proxy/busy");
    ensure!(home.api("GET", &format!("{path}/a?after=1"), None)?["n"] == 2, "it was not tried again");
    for (method, name) in [("POST", "b?after=1"), ("GET", "c?after=3600")] {
        let reply = home.call(method, &format!("{path}/{name}"), None)?;
        ensure!(reply.status == 429 && reply.header("retry-after").is_some(), "{method} {name}: {}", reply.status);
    }
    ensure!(upstream.seen()?.iter().filter(|url| url.contains("/busy/")).count() == 4, "{:?}", upstream.seen()?);
    Ok(())
}

#[test]
fn act_and_the_object_and_the_command_do_the_same() -> Result<()> {
    let (_upstream, home) = start()?;
    let id = by_header(&home)?;
    home.api("PATCH", &format!("/connections/{id}"), Some(&json!({ "key": "crm" })))?;
    let call = json!({
        "path": "/echo/{id}", "method": "PUT", "pathParameters": { "id": "a/b" }, "query": { "q": "x y" },
        "headers": { "X-Mine": "yes" }, "body": { "a": 1 },
    });
    let check = |said: &Value| -> Result<()> {
        ensure!(said["method"] == "PUT" && said["url"] == "/api/echo/a%2Fb?q=x%20y" && said["size"] == 7, "{said}");
        ensure!(said["headers"]["x-mine"] == "yes" && said["headers"]["x-api-key"] == "good", "{said}");
        ensure!(said["headers"]["content-type"] == "application/json", "{said}");
        Ok(())
    };
    check(&home.api("POST", &format!("/connections/{id}/proxy"), Some(&call))?)?;
    for named in [json!({ "connectionId": id, "api": call }), json!({ "connectionKey": "crm", "api": call })] {
        let acted = home.api("POST", "/act", Some(&named))?;
        check(&acted["output"])?;
        ensure!(acted["actionRunId"].as_str().is_some_and(|run| run.starts_with("run_")), "{acted}");
    }
    let failed =
        home.call("POST", "/act", Some(&json!({ "connectionKey": "crm", "api": { "path": "status/404" } })))?;
    let error = failed.json()?;
    ensure!(failed.status == 502 && error["type"] == "dependency_error", "{error}");
    ensure!(error["data"]["status"] == 404 && error["data"]["output"] == json!({ "status": 404 }), "{error}");
    for (wrong, says) in [(json!({ "api": call }), "connectionId"), (json!({ "connectionId": id }), "api")] {
        let reply = home.call("POST", "/act", Some(&wrong))?;
        ensure!(reply.status == 400 && reply.text().contains(says), "{wrong}: {}", reply.text());
    }

    let options = ["-X", "PUT", "--pathParam", "id=a/b", "--query", "q=x y", "-H", "X-Mine: yes", "-d", "{\"a\":1}"];
    check(&home.json(&[&["request", "crm", "/echo/{id}"], &options[..]].concat())?)?;
    let said = home.cli(&["request", "crm", "status/404"])?;
    ensure!(said.code == 6 && said.out == r#"{"status":404}"# && said.err.contains("404"), "{said:?}");
    let said = home.cli_with("a;b", &["request", "crm", "echo", "-d", "@-"])?;
    ensure!(said.out.contains(r#""content-type":"text/plain; charset=utf-8""#), "{said:?}");
    ensure!(home.cli(&["request", "none", "echo", "--json"])?.error()?["code"] == "not_found", "who is none?");
    Ok(())
}

#[test]
fn r67_answers_that_break_off_or_are_too_long_are_not_taken_for_whole() -> Result<()> {
    let (_upstream, home) = start()?;
    let id = by_header(&home)?;
    home.api("PATCH", "/settings", Some(&json!({ "proxyAnswerMaxMb": 1 })))?;
    let path = format!("/connections/{id}/proxy/stream");
    ensure!(
        home.call("GET", &format!("{path}/1000000"), None)?.body.len() == 1_000_000,
        "what is allowed did not come"
    );
    let reply = home.call("GET", &format!("{path}/2000000?length"), None)?;
    ensure!(reply.status == 502 && reply.text().contains("proxyAnswerMaxMb"), "{} {}", reply.status, reply.text());
    // Chunks without an end, and a body shorter than its length: no client takes these for whole.
    ensure!(home.call("GET", &format!("{path}/2000000"), None).is_err(), "it came as if it were whole");
    // When it breaks off before the head was passed on, nothing comes at all.
    if let Ok(broken) = home.call("GET", &format!("/connections/{id}/proxy/broken"), None) {
        ensure!(broken.header("content-length") == Some("100") && broken.body.len() < 100, "{broken:?}");
    }
    let acted = json!({ "connectionId": id, "api": { "path": "/broken" } });
    ensure!(home.call("POST", "/act", Some(&acted))?.status == 502, "a broken answer was taken for whole");
    Ok(())
}

/// Returns the most memory that a process ever had, in MB.
fn peak(engine: &Engine<'_>) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", engine.running.pid()))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("the process is gone")?;
    let kilobytes: u64 = line.split_whitespace().next().and_then(|n| n.parse().ok()).context("no number")?;
    Ok(kilobytes / 1024)
}

#[test]
fn large_bodies_stream_both_ways_with_flat_memory() -> Result<()> {
    let size: u64 = if std::env::var_os("MEMBRANE_TEST_LONG").is_some() { 1 << 30 } else { 64 << 20 };
    let (_upstream, home) = start()?;
    let engine = home.serve()?;
    let id = by_header(&home)?;
    let open = |head: String| -> Result<UnixStream> {
        let mut wire = UnixStream::connect(home.socket())?;
        wire.set_read_timeout(Some(Duration::from_secs(60)))?;
        wire.write_all(head.as_bytes())?;
        Ok(wire)
    };
    let path = format!("/connections/{id}/proxy");
    let small = home.call("GET", &format!("{path}/stream/100000"), None)?;
    ensure!(small.body.len() == 100_000, "{small:?}");
    let before = peak(&engine)?;

    let mut wire =
        open(format!("GET {path}/stream/{size}?length HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))?;
    let (mut buffer, mut came) = (vec![0; 256 * 1024], 0);
    loop {
        let count = wire.read(&mut buffer)?;
        if count == 0 {
            break;
        }
        came += count as u64;
    }
    ensure!((size..size + 4096).contains(&came), "{came} bytes came");

    let mut wire = open(format!(
        "PUT {path}/echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {size}\r\n\r\n"
    ))?;
    let piece = vec![b'm'; 256 * 1024];
    let mut left = size;
    while left > 0 {
        let count = left.min(piece.len() as u64);
        wire.write_all(&piece[..usize::try_from(count)?])?;
        left -= count;
    }
    let mut answer = String::new();
    wire.read_to_string(&mut answer)?;
    ensure!(answer.starts_with("HTTP/1.1 200") && answer.contains(&format!("\"size\":{size}")), "{answer}");
    ensure!(answer.contains(&format!("\"content-length\":\"{size}\"")), "it was cut into chunks: {answer}");

    let grown = peak(&engine)? - before;
    ensure!(grown < 16, "memory grew by {grown} MB over {} MB both ways", size >> 20);
    engine.end()
}

#[test]
fn a_slow_answer_begins_before_it_ends() -> Result<()> {
    let (_upstream, home) = start()?;
    let id = by_header(&home)?;
    // A reader that stops after the beginning ends the call; nothing waits for a whole of a terabyte.
    let mut wire = UnixStream::connect(home.socket())?;
    wire.write_all(
        format!("GET /connections/{id}/proxy/stream/1000000000000 HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes(),
    )?;
    let mut beginning = [0; 4096];
    wire.read_exact(&mut beginning)?;
    ensure!(beginning.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&beginning));
    drop(wire);
    wait::until_true("the engine to answer", SOON, || Ok(home.call("GET", "/health", None)?.status == 200))
}

#[test]
fn the_example_of_the_documentation_works() -> Result<()> {
    let home = Home::with_key()?;
    let fixed = ["connect", "--integrationKey", "membrane-sandbox", "--authMethod", "basic", "--input", "username=ada"];
    let said = home.cli_with(r#"{"password":"sandbox"}"#, &[&fixed[..], &["--secretsFromStdin"]].concat())?;
    ensure!(said.code == 0, "{said:?}");
    let example = docs::blocks("proxy.md", "sh")?;
    ensure!(example.len() == 1, "the page has {} examples", example.len());
    let said = home.shell(&example[0])?;
    ensure!(said.code == 0, "{said:?}");
    for part in ["Mira Castell", "ada@sandbox.example", "\"connected\": true"] {
        ensure!(said.out.contains(part), "no {part}: {said:?}");
    }
    Ok(())
}
