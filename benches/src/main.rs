//! Runs one benchmark: `fleetward-benches
//! engine|memory|alarm-delay|percentile|checkpoints|restart|everyone-violates [--json] [--things N]
//! [--rounds N] [--runs N]`.

use std::process::ExitCode;

use fleetward_benches::arguments::Arguments;
use fleetward_benches::{alarm_delay, durable, engine, memory, percentile};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

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
        "alarm-delay" => alarm_delay::run(&arguments)?,
        "memory" => memory::run(&arguments)?,
        "percentile" => percentile::run(&arguments)?,
        "checkpoints" => durable::checkpoints(&arguments)?,
        "restart" => durable::restart(&arguments)?,
        "everyone-violates" => durable::everyone_violates(&arguments)?,
        case => {
            let cases = "engine, memory, alarm-delay, percentile, checkpoints, restart, \
                         everyone-violates";
            return Err(format!("there is no benchmark {case}; there are: {cases}"));
        }
    };
    println!("{}", if arguments.json { outcome.json() } else { outcome.table() });
    Ok(outcome.correct)
}
