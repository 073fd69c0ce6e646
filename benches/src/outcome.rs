//! What came out of a benchmark.

use serde_json::json;

/// What came out of a benchmark.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The benchmark's name.
    pub case: &'static str,
    /// Whether the answers were right, ours and that of what we compare with.
    pub correct: bool,
    /// What is counted.
    pub unit: &'static str,
    /// Ours, run by run.
    pub ours: Vec<f64>,
    /// What limits us: its name.
    pub limit_name: &'static str,
    /// What limits us, run by run.
    pub limit: Vec<f64>,
    /// What else there is to say, a line each.
    pub notes: Vec<String>,
}

impl Outcome {
    /// One line of JSON.
    #[must_use]
    pub fn json(&self) -> String {
        json!({
            "case": self.case,
            "correct": self.correct,
            "ours": median(&self.ours),
            "unit": self.unit,
            "peers": {},
            "limit": median(&self.limit),
            "ratios": { self.limit_name: self.ratio() },
        })
        .to_string()
    }

    /// For people.
    #[must_use]
    pub fn table(&self) -> String {
        let mut lines = vec![
            format!(
                "{} ({}): median, least and most of {} runs",
                self.case,
                self.unit,
                self.ours.len()
            ),
            row("ours", &self.ours),
            row(self.limit_name, &self.limit),
            format!("  ours / {}: {:.2}", self.limit_name, self.ratio()),
            format!("  right answer: {}", if self.correct { "yes" } else { "NO" }),
        ];
        lines.extend(self.notes.iter().map(|note| format!("  {note}")));
        lines.join("\n")
    }

    fn ratio(&self) -> f64 {
        median(&self.ours) / median(&self.limit)
    }
}

fn row(name: &str, values: &[f64]) -> String {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(0.0, f64::max);
    format!("  {name:<24} {:>12.0} {least:>12.0} {most:>12.0}", median(values))
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}
