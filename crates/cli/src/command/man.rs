//! `membrane man`: the manual pages, made from the command itself.

use std::path::Path;

use clap::CommandFactory;
use membrane_model::Fault;
use serde_json::json;

use crate::args::Args;
use crate::failure::{internal, wrong_use};
use crate::out::Out;

pub(super) fn run(dir: Option<&Path>, out: &Out) -> Result<(), Fault> {
    let Some(dir) = dir else {
        let mut page = Vec::new();
        clap_mangen::Man::new(Args::command()).render(&mut page).map_err(|e| internal(&e))?;
        let page = String::from_utf8_lossy(&page).into_owned();
        out.answer(&json!({ "man": page }), || page.trim_end().to_owned());
        return Ok(());
    };
    std::fs::create_dir_all(dir).and_then(|()| clap_mangen::generate_to(Args::command(), dir)).map_err(|error| {
        wrong_use(format!("failed to write into {}: {error}", dir.display()), "Choose a folder that you may write to.")
    })?;
    out.answer(&json!({ "written": dir }), || format!("Wrote the pages into {}.", dir.display()));
    Ok(())
}
