//! Runs one benchmark: `fleetward-benches CASE [--json] [--any-load] [--things N] [--rounds N]
//! [--runs N]`; `list` instead of a case names them all.

use std::process::ExitCode;

use fleetward_benches::arguments::Arguments;
use fleetward_benches::{alarm_delay, durable, engine, memory, percentile, restart};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// All cases, in the order in which they are shown.
const CASES: [&str; 8] = [
    "engine",
    "engine-durable",
    "memory",
    "percentile",
    "checkpoints",
    "restart",
    "alarm-delay",
    "everyone-violates",
];

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

/// Whether the answers were right.
fn run() -> Result<bool, String> {
    let arguments = Arguments::parse(std::env::args().skip(1))?;
    let outcome = match arguments.case.as_str() {
        "engine" => engine::run(&arguments)?,
        "engine-durable" => durable::engine(&arguments)?,
        "alarm-delay" => alarm_delay::run(&arguments)?,
        "memory" => memory::run(&arguments)?,
        "percentile" => percentile::run(&arguments)?,
        "checkpoints" => durable::checkpoints(&arguments)?,
        "restart" => restart::run(&arguments)?,
        "everyone-violates" => durable::everyone_violates(&arguments)?,
        "list" => {
            println!("{}", CASES.join("\n"));
            return Ok(true);
        }
        case => {
            let cases = CASES.join(", ");
            return Err(format!("there is no benchmark {case:?}; there are: {cases}"));
        }
    };
    println!("{}", if arguments.json { outcome.json() } else { outcome.table() });
    Ok(outcome.correct)
}
