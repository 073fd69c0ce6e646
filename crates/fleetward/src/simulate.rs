//! `fleetward simulate`: the fleet of the engine benchmark, on standard output.

use crate::command_line::SimulateArguments;
use crate::failure::Failure;

/// Writes all reports, round by round.
pub(crate) fn run(arguments: &SimulateArguments) -> Result<(), Failure> {
    let mut out = std::io::BufWriter::with_capacity(1 << 20, std::io::stdout().lock());
    fleetward_fleet::Fleet::new(arguments.things, arguments.rounds)
        .write_ndjson(&mut out)
        .map(|_| ())
        .map_err(Failure::of("cannot write the reports"))
}
