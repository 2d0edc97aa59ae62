//! What is asked on the terminal, and what is read from standard input.

use std::io::{BufRead, IsTerminal, Read, Write};

use membrane_model::Fault;
use secrecy::SecretString;

use crate::failure::{internal, wrong_use};

/// The most that is read from standard input.
const INPUT_MAX: u64 = 1024 * 1024;

/// Tells whether somebody sits at the terminal.
pub(crate) fn somebody_there() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Asks for a line.
pub(crate) fn ask(prompt: &str) -> Result<String, Fault> {
    let mut error = anstream::stderr().lock();
    write!(error, "{prompt}").and_then(|()| error.flush()).map_err(|e| internal(&e))?;
    let mut line = String::new();
    let count = std::io::stdin().lock().read_line(&mut line).map_err(|e| internal(&e))?;
    if count == 0 {
        return Err(wrong_use(
            "the question was not answered",
            "Run it again and answer, or give the value as an option.",
        ));
    }
    Ok(line.trim().to_owned())
}

/// Asks for a line while the rest goes on, so that Ctrl-C is still heard.
pub(crate) async fn ask_beside(prompt: &'static str) -> Result<String, Fault> {
    let (told, heard) = tokio::sync::oneshot::channel();
    // A thread of its own: one that still waits for input doesn't keep the program from ending.
    std::thread::spawn(move || {
        let _listening = told.send(ask(prompt));
    });
    heard.await.map_err(|e| internal(&e))?
}

/// Asks for a secret without showing it.
pub(crate) fn ask_secret(prompt: &str) -> Result<SecretString, Fault> {
    rpassword::prompt_password(prompt).map(SecretString::from).map_err(|e| internal(&e))
}

/// Asks a yes-or-no question; only a yes is a yes.
pub(crate) fn confirm(question: &str) -> Result<bool, Fault> {
    let answer = ask(&format!("{question} [y/N] "))?;
    Ok(matches!(answer.to_lowercase().as_str(), "y" | "yes"))
}

/// Reads the first line of standard input as a secret.
pub(crate) fn secret_line() -> Result<SecretString, Fault> {
    let mut line = String::new();
    std::io::stdin().lock().take(INPUT_MAX).read_line(&mut line).map_err(|e| internal(&e))?;
    Ok(SecretString::from(line.trim_end_matches(['\n', '\r']).to_owned()))
}

/// Reads all of standard input, or of a file.
pub(crate) fn read_all(file: &std::path::Path) -> Result<String, Fault> {
    let mut text = String::new();
    let read = if file.as_os_str() == "-" {
        std::io::stdin().lock().take(INPUT_MAX + 1).read_to_string(&mut text)
    } else {
        std::fs::File::open(file).and_then(|file| file.take(INPUT_MAX + 1).read_to_string(&mut text))
    };
    match read {
        Ok(count) if count as u64 > INPUT_MAX => {
            Err(wrong_use(format!("{} is larger than 1 MiB", file.display()), "Check that it is the file you meant."))
        }
        Ok(_) => Ok(text),
        Err(error) => Err(wrong_use(
            format!("failed to read {}: {error}", file.display()),
            "Check the file's name and that it is text you may read.",
        )),
    }
}
