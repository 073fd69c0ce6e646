//! Rules of the project that no lint knows, as tests. Each says what to do about what it finds.

mod circles;
mod documents;
mod faults;
mod form;
mod functions;
mod knowledge;
mod rooms;
mod settings;

use std::fs;
use std::path::{Path, PathBuf};

use crate::test::workspace_root;

/// A source file that people write.
struct Source {
    /// Below the workspace's root, with `/`.
    path: String,
    text: String,
    /// Compiled for tests only.
    is_test: bool,
}

impl Source {
    /// The text without the tests at its end.
    fn product(&self) -> &str {
        if self.is_test {
            return "";
        }
        self.text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default()
    }

    /// The lines that are code, with their numbers, without the tests at the end.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let is_code = |line: &&str| !line.trim_start().starts_with("//");
        (1..).zip(self.product().lines()).filter(move |(_, line)| is_code(line))
    }

    /// The room: the folder in `crates`, or the folder at the root.
    fn room(&self) -> &str {
        let below = self.path.strip_prefix("crates/").unwrap_or(&self.path);
        below.split('/').next().unwrap_or_default()
    }
}

impl Source {
    /// The files and folders, without `.rs`, of the modules that it declares for tests only.
    fn test_modules(&self) -> Vec<String> {
        let stem = self.path.trim_end_matches(".rs");
        let roots = ["/mod", "/lib", "/main"];
        let folder = roots.iter().find_map(|root| stem.strip_suffix(root)).unwrap_or(stem);
        let declared = self.text.split("#[cfg(test)]\n").skip(1);
        let name = |after: &str| {
            let line = after.lines().next()?;
            let line = line.trim_start_matches("pub(crate) ").trim_start_matches("pub(super) ");
            line.strip_prefix("mod ")?.strip_suffix(';').map(str::to_owned)
        };
        declared.filter_map(name).map(|name| format!("{folder}/{name}")).collect()
    }
}

/// All source files that people write.
fn sources() -> Vec<Source> {
    let root = workspace_root();
    let mut found = Vec::new();
    for folder in ["crates", "oracle", "sim", "benches", "xtask", "tests"] {
        collect(&root, &root.join(folder), &mut found);
    }
    assert!(found.len() > 50, "the sources were not found");
    found.sort_by(|a, b| a.path.cmp(&b.path));
    let tests: Vec<String> = found.iter().flat_map(Source::test_modules).collect();
    for source in &mut found {
        let stem = source.path.trim_end_matches(".rs");
        let is_below = |test: &String| stem == test || stem.starts_with(&format!("{test}/"));
        // `tests` beside `src` is tests whole; what is declared for tests may be anywhere.
        source.is_test =
            source.path.split('/').any(|part| part == "tests") || tests.iter().any(is_below);
    }
    found
}

fn collect(root: &Path, folder: &Path, found: &mut Vec<Source>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    for path in paths {
        if path.is_dir() && path.file_name().is_none_or(|name| name != "generated") {
            collect(root, &path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let path = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
            found.push(Source { path, text, is_test: false });
        }
    }
}

/// Fails with all complaints at once.
fn expect_none(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}
