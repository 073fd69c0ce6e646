//! What to run, and how much of it.

/// What to run, and how much of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arguments {
    /// The benchmark's name.
    pub case: String,
    /// One JSON object instead of a table.
    pub json: bool,
    /// Run although the machine is busy; the figures are then worth little.
    pub any_load: bool,
    /// Things of the fleet.
    pub things: u64,
    /// Whether that was said, or is the default.
    pub things_given: bool,
    /// Reports of each thing.
    pub rounds: u64,
    /// How often each side is measured.
    pub runs: usize,
}

impl Arguments {
    /// Reads what stands behind the program's name.
    ///
    /// # Errors
    /// A text that names the argument and the problem.
    pub fn parse(arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        // The defaults are the correctness gate's fleet: what is found in it is known.
        let mut parsed = Self {
            case: String::new(),
            json: false,
            any_load: false,
            things: 100_000,
            things_given: false,
            rounds: 10,
            runs: 5,
        };
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
                "--things" => (parsed.things, parsed.things_given) = (number(1)?, true),
                "--rounds" => parsed.rounds = number(1)?,
                "--runs" => parsed.runs = usize::try_from(number(1)?).unwrap_or(1),
                case if parsed.case.is_empty() && !case.starts_with('-') => {
                    parsed.case = case.to_owned();
                }
                _ => return Err(format!("{argument} is not an argument")),
            }
        }
        Ok(parsed)
    }
}
