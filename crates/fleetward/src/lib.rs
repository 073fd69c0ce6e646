//! Fleetward, put together: command line, settings, roles, and which roles run where.
//!
//! A library so that the simulation can run the roles' own code without the process around it;
//! the binary is [`run`] and an allocator.

mod api_client;
mod both_ends;
mod check;
mod command_line;
mod data_dir;
mod demo;
mod descriptors;
mod duration;
mod embedded;
mod failure;
pub mod huge_pages;
mod keys;
mod mutes;
mod ready_file;
mod repair;
pub mod roles;
mod secrets;
mod serve;
mod settings;
mod simulate;
mod tracing_output;
mod upgrade;

use std::process::ExitCode;

use clap::Parser;

use command_line::{Command, CommandLine};
pub use failure::Failure;

/// Does what the command line of this process says; a failure is one sentence on standard error.
#[must_use]
pub fn run() -> ExitCode {
    let command = CommandLine::parse().command;
    let outcome = match command {
        Command::Serve(arguments) => serve::run(arguments),
        Command::Demo(arguments) => demo::run(arguments),
        Command::Keys(arguments) => keys::run(arguments),
        Command::Mutes(arguments) => mutes::run(arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Repair(arguments) => repair::run(&arguments),
        Command::Upgrade { action } => upgrade::run(&action),
        Command::Simulate(arguments) => simulate::run(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("fleetward: {failure}");
            ExitCode::FAILURE
        }
    }
}
