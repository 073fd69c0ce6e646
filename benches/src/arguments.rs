//! What to run, and how much of it.

/// What to run, and how much of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arguments {
    /// The benchmark's name.
    pub case: String,
    /// One JSON object instead of a table.
    pub json: bool,
    /// Run although the machine is busy; the figures are then worth little.
    pub any_load: bool,
    /// Things of the fleet, if it is not to be the case's own number.
    pub things: Option<u64>,
    /// Reports of each thing, likewise.
    pub rounds: Option<u64>,
    /// How often each side is measured, likewise.
    pub runs: Option<u64>,
}

impl Arguments {
    /// Reads what stands behind the program's name.
    ///
    /// # Errors
    /// A text that names the argument and the problem.
    pub fn parse(arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut parsed = Self::default();
        let mut arguments = arguments;
        while let Some(argument) = arguments.next() {
            let mut number = |least: u64| {
                let text = arguments.next().unwrap_or_default();
                let number = text.parse().ok().filter(|number| *number >= least);
                number.ok_or_else(|| format!("{argument} takes a number from {least} up: {text:?}"))
            };
            match argument.as_str() {
                "--json" => parsed.json = true,
                "--any-load" => parsed.any_load = true,
                "--things" => parsed.things = Some(number(1)?),
                "--rounds" => parsed.rounds = Some(number(1)?),
                "--runs" => parsed.runs = Some(number(1)?),
                case if parsed.case.is_empty() && !case.starts_with('-') => {
                    parsed.case = case.to_owned();
                }
                _ => return Err(format!("{argument} is not an argument")),
            }
        }
        Ok(parsed)
    }
}
