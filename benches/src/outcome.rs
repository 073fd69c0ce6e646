//! What came out of a benchmark: figures, each beside what it must and what it should be.

use serde_json::{Value, json};

/// What came out of a benchmark.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The benchmark's name.
    pub case: &'static str,
    /// Whether the answers were right, ours and that of what we compare with.
    pub correct: bool,
    /// Ours first, then what else was measured.
    pub figures: Vec<Figure>,
    /// What limits us, measured in the same runs.
    pub limit: Option<Figure>,
    /// What else there is to say, a line each.
    pub notes: Vec<String>,
}

/// One figure, run by run.
#[derive(Clone, Debug)]
pub struct Figure {
    /// What it is.
    pub name: &'static str,
    /// What is counted.
    pub unit: &'static str,
    /// A value of each run.
    pub values: Vec<f64>,
    /// What it must be and what it should be, if anybody has said so.
    pub gate: Option<Gate>,
}

/// What a figure must be, and what it should be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Gate {
    /// The less the better.
    AtMost {
        /// More is told as `MISSED`; the answer may be right all the same.
        must: f64,
        /// So good it can be.
        goal: f64,
    },
    /// The more the better.
    AtLeast {
        /// Less is told as `MISSED`; the answer may be right all the same.
        must: f64,
        /// So good it can be.
        goal: f64,
    },
}

impl Figure {
    /// One that is not measured yet.
    #[must_use]
    pub fn new(name: &'static str, unit: &'static str) -> Self {
        Self { name, unit, values: Vec::new(), gate: None }
    }

    /// The same, which must not be more than this, and should not be more than that.
    #[must_use]
    pub fn at_most(self, must: f64, goal: f64) -> Self {
        Self { gate: Some(Gate::AtMost { must, goal }), ..self }
    }

    /// The same, which must not be less than this, and should not be less than that.
    #[must_use]
    pub fn at_least(self, must: f64, goal: f64) -> Self {
        Self { gate: Some(Gate::AtLeast { must, goal }), ..self }
    }

    /// Takes the value of one more run.
    pub fn push(&mut self, value: f64) {
        self.values.push(value);
    }

    /// The value in the middle.
    #[must_use]
    pub fn median(&self) -> f64 {
        percentile(&self.values, 50)
    }

    /// What is to be said of the median: `goal`, `must`, `MISSED`, or `-` where nobody asks.
    #[must_use]
    pub fn verdict(&self) -> &'static str {
        let value = self.median();
        let (must, goal) = match self.gate {
            None => return "-",
            Some(Gate::AtMost { must, goal }) => (value <= must, value <= goal),
            Some(Gate::AtLeast { must, goal }) => (value >= must, value >= goal),
        };
        // What was not measured is neither, for nothing compares with it.
        match (must, goal) {
            (_, true) => "goal",
            (true, false) => "must",
            (false, false) => "MISSED",
        }
    }

    fn bounds(&self) -> (String, String) {
        match self.gate {
            None => ("-".to_owned(), "-".to_owned()),
            Some(Gate::AtMost { must, goal }) => {
                (format!("<= {}", short(must)), format!("<= {}", short(goal)))
            }
            Some(Gate::AtLeast { must, goal }) => {
                (format!(">= {}", short(must)), format!(">= {}", short(goal)))
            }
        }
    }

    fn range(&self) -> (f64, f64) {
        let least = self.values.iter().copied().fold(f64::INFINITY, f64::min);
        (least, self.values.iter().copied().fold(f64::NEG_INFINITY, f64::max))
    }

    fn row(&self) -> String {
        let (least, most) = self.range();
        let (must, goal) = self.bounds();
        let [median, least, most] = [self.median(), least, most].map(short);
        let (name, unit, verdict) = (self.name, self.unit, self.verdict());
        format!(
            "  {name:<32} {median:>10} {least:>10} {most:>10}  {unit:<16} {must:>10} {goal:>10}  \
             {verdict}"
        )
    }

    fn json(&self) -> Value {
        let (least, most) = self.range();
        let (must, goal) = self.bounds();
        json!({
            "name": self.name,
            "unit": self.unit,
            "median": self.median(),
            "least": least,
            "most": most,
            "runs": self.values.len(),
            "must": must,
            "goal": goal,
            "verdict": self.verdict(),
        })
    }
}

impl Outcome {
    /// Of a case that found nothing wrong so far.
    #[must_use]
    pub fn new(case: &'static str, figures: Vec<Figure>, limit: Option<Figure>) -> Self {
        Self { case, correct: true, figures, limit, notes: Vec::new() }
    }

    /// Notes something that had to be so; what it was is said if it is not.
    pub fn check(&mut self, is_right: bool, what: impl FnOnce() -> String) {
        if !is_right {
            self.correct = false;
            self.notes.push(format!("WRONG: {}", what()));
        }
    }

    /// Notes how busy the machine was before the case began.
    pub fn note_load(&mut self, load: f64) {
        if load > crate::cpu::BUSY_LOAD {
            self.notes.push(format!("the machine was busy: load {load}"));
        }
    }

    /// One line of JSON.
    #[must_use]
    pub fn json(&self) -> String {
        let ours = self.figures.first();
        let mut ratios = serde_json::Map::new();
        if let (Some(ours), Some(limit)) = (ours, &self.limit) {
            ratios.insert(limit.name.to_owned(), json!(ours.median() / limit.median()));
        }
        json!({
            "case": self.case,
            "correct": self.correct,
            "ours": ours.map(Figure::median),
            "unit": ours.map(|ours| ours.unit),
            "peers": {},
            "limit": self.limit.as_ref().map(Figure::median),
            "ratios": ratios,
            "figures": self.all().map(Figure::json).collect::<Vec<_>>(),
            "notes": self.notes,
        })
        .to_string()
    }

    /// For people.
    #[must_use]
    pub fn table(&self) -> String {
        let head = format!(
            "  {:<32} {:>10} {:>10} {:>10}  {:<16} {:>10} {:>10}  verdict",
            "figure", "median", "least", "most", "unit", "must", "goal"
        );
        let right = if self.correct { "yes" } else { "NO" };
        let mut lines = vec![format!("{}: right answer: {right}", self.case), head];
        lines.extend(self.all().map(Figure::row));
        lines.extend(self.notes.iter().map(|note| format!("  {note}")));
        lines.join("\n")
    }

    fn all(&self) -> impl Iterator<Item = &Figure> {
        self.figures.iter().chain(&self.limit)
    }
}

/// The value that this many of a hundred do not exceed; none of nothing.
#[must_use]
pub fn percentile(values: &[f64], percent: usize) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (sorted.len() * percent).div_ceil(100).max(1) - 1;
    sorted.get(rank).copied().unwrap_or(f64::NAN)
}

/// Three digits that matter, and no more.
fn short(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(value: f64) -> Figure {
        let mut figure = Figure::new("delay", "ms").at_most(50.0, 10.0);
        figure.push(value);
        figure
    }

    #[test]
    fn a_figure_says_whether_it_is_good_enough() {
        let verdicts = [9.0, 10.0, 11.0, 50.0, 51.0, f64::NAN].map(|it| figure(it).verdict());
        assert_eq!(verdicts, ["goal", "goal", "must", "must", "MISSED", "MISSED"]);
        let mut ratio = Figure::new("ratio", "x").at_least(0.5, 0.8);
        assert_eq!(ratio.verdict(), "MISSED", "nothing was measured");
        ratio.push(0.7);
        assert_eq!(ratio.verdict(), "must");
    }

    #[test]
    fn what_is_wrong_is_said_and_stays() {
        let mut outcome = Outcome::new("case", vec![figure(1.0)], None);
        outcome.check(false, || "two alarms are missing".to_owned());
        outcome.check(true, String::new);
        assert!(!outcome.correct);
        assert!(outcome.table().contains("right answer: NO"), "{}", outcome.table());
        assert!(outcome.json().contains("two alarms are missing"), "{}", outcome.json());
    }
}
