//! `cargo xtask`: run, test, measure, check and package the project.
#![allow(clippy::print_stdout, reason = "what it prints is what it is for")]

mod bench;
mod dist;
mod fuzz;
mod icons;
mod mutants;
mod run;
mod setup;
mod shell;
mod shots;
mod tally;
mod test;
mod tidy;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Run, test, measure, check and package Membrane Desktop")]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Install what is missing, build, and start the app; without a display, the engine
    Run {
        /// Build as for a release
        #[arg(long)]
        release: bool,
        /// Arguments for the app
        #[arg(last = true)]
        rest: Vec<String>,
    },
    /// Install what is missing, and pass every check and test
    Test {
        /// The long runs too
        #[arg(long)]
        long: bool,
        /// Only tests whose name has this text
        filter: Option<String>,
    },
    /// Measure the release build
    Bench(bench::Options),
    /// Look for inputs that break the parsers
    Fuzz {
        /// For how many seconds each
        #[arg(long, default_value_t = 60)]
        seconds: u32,
    },
    /// Change what decides over tokens, bit by bit, and see whether a test notices
    Mutants,
    /// Check the rules of the house
    Tidy,
    /// Make a .deb
    Dist {
        /// The cargo profile: release, or quick for a package to test with
        #[arg(long, default_value = "release", value_parser = ["release", "quick", "dev"])]
        profile: String,
    },
    /// Draw the icons anew from their SVG sources
    Icons,
    /// Take a picture of every state of the console
    Shots(shots::Options),
}

fn main() -> ExitCode {
    let outcome = match Args::parse().command {
        Command::Run { release, rest } => run::run(release, &rest),
        // It has said all there is to say; the summary stays the last line.
        Command::Test { long, filter } => {
            return if test::run(long, filter.as_deref()) { ExitCode::SUCCESS } else { ExitCode::FAILURE };
        }
        Command::Bench(options) => bench::run(&options),
        Command::Fuzz { seconds } => fuzz::run(seconds),
        Command::Mutants => mutants::run(),
        Command::Tidy => tidy::run(),
        Command::Dist { profile } => {
            dist::run(&profile).map(|package| shell::say(&format!("made {}", package.display())))
        }
        Command::Icons => icons::run(),
        Command::Shots(options) => shots::run(&options),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            shell::say(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}
