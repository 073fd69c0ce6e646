//! The `fleetward` binary: command line, settings, and which roles run where.

mod api;
mod clock;
mod command_line;
mod data_dir;
mod demo;
mod embedded;
mod failure;
mod keys;
mod ready_file;
mod roles;
mod serve;
mod settings;
mod simulate;
mod tracing_output;

use std::process::ExitCode;

use clap::Parser;

use command_line::{Command, CommandLine};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let command = CommandLine::parse().command;
    let outcome = match command {
        Command::Serve(arguments) => serve::run(arguments),
        Command::Demo(arguments) => demo::run(arguments),
        Command::Keys(arguments) => keys::run(arguments),
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
