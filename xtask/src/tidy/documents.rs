//! What the documents point at is there.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::expect_none;
use crate::test::workspace_root;

/// Where the repository's files are, beside those at its root.
const FOLDERS: [&str; 9] =
    ["crates", "docs", "xtask", "tests", "oracle", "sim", "benches", "model", ".ci"];
/// What files of the repository end in. Others that are named are a user's.
const ENDINGS: [&str; 8] = [".rs", ".md", ".toml", ".json", ".html", ".css", ".js", ".py"];

/// All files and, with a `/` at their end, folders, each with a `/` before it.
fn paths() -> BTreeSet<String> {
    let root = workspace_root();
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_file() {
            found.insert(format!("/{}", entry.file_name().unwrap().to_string_lossy()));
        }
    }
    FOLDERS.iter().for_each(|folder| collect(&root, &root.join(folder), &mut found));
    found
}

fn collect(root: &Path, path: &Path, found: &mut BTreeSet<String>) {
    let below = path.strip_prefix(root).unwrap().to_string_lossy();
    if path.is_dir() {
        found.insert(format!("/{below}/"));
        for entry in fs::read_dir(path).unwrap() {
            collect(root, &entry.unwrap().path(), found);
        }
    } else {
        found.insert(format!("/{below}"));
    }
}

/// Whether a word is meant as a file or folder of the repository. `<noun>` and the like stand for
/// many.
fn is_path(word: &str) -> bool {
    let is_ours = FOLDERS.iter().any(|folder| word.starts_with(&format!("{folder}/")));
    let has_end = ENDINGS.iter().any(|end| word.ends_with(end)) || word.ends_with('/');
    let is_name = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
    (is_ours || has_end || word.contains("/src/"))
        && word.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '.')
        && !word.starts_with("..")
        && word.chars().all(is_name)
}

/// Whether it is there: from the root, or from a folder that the page is about.
fn is_there(word: &str, paths: &BTreeSet<String>) -> bool {
    let file = format!("/{}", word.trim_end_matches('/'));
    let folder = format!("{file}/");
    if word.starts_with("crates/") {
        return paths.contains(&file) || paths.contains(&folder);
    }
    paths.iter().any(|path| path.ends_with(&file) || path.ends_with(&folder))
}

/// What is in backticks, and in blocks of code whatever begins like a path of ours.
fn named(text: &str) -> Vec<&str> {
    let mut named = Vec::new();
    for (place, part) in text.split("```").enumerate() {
        if place % 2 == 0 {
            named.extend(part.split('`').skip(1).step_by(2));
        } else {
            named.extend(part.split_whitespace().filter(|word| word.starts_with("crates/")));
        }
    }
    named
}

/// The targets of links within the repository, without their anchors.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let ours = targets.filter(|target| !target.contains("://") && !target.starts_with('#'));
    ours.filter_map(|target| target.split('#').next())
}

#[test]
fn what_documents_point_at_is_there() {
    let root = workspace_root();
    let paths = paths();
    let pages = paths.iter().filter_map(|path| path.strip_prefix('/')).filter(|path| {
        let is_page = path.starts_with("docs/") && path.ends_with(".md");
        is_page || ["ARCHITECTURE.md", "README.md", "CONTRIBUTING.md"].contains(path)
    });
    let (mut complaints, mut checked) = (Vec::new(), 0);
    for page in pages {
        let text = fs::read_to_string(root.join(page)).unwrap();
        for word in named(&text).into_iter().filter(|word| is_path(word)) {
            checked += 1;
            if !is_there(word, &paths) {
                complaints.push(format!("{page} names {word}, which is not there"));
            }
        }
        let folder = root.join(page);
        let folder = folder.parent().unwrap();
        for link in links(&text).filter(|link| !folder.join(link).exists()) {
            complaints.push(format!("{page} links to {link}, which is not there"));
        }
    }
    assert!(checked > 50, "the paths were not found");
    expect_none(&complaints);
}

#[test]
fn a_path_is_known_when_seen() {
    for word in ["crates/wire", "docs/a.md", "served.toml", "sqlite/", "detect/src/measure"] {
        assert!(is_path(word), "{word}");
    }
    for word in ["thing/{name}", "/console", "../shared/data", "crates/<x>.rs", "GET /a/", "a.pem"]
    {
        assert!(!is_path(word), "{word}");
    }
    let paths: BTreeSet<String> =
        ["/crates/log/src/", "/crates/log/src/disk.rs"].map(str::to_owned).into();
    for word in ["crates/log/src", "src/disk.rs", "disk.rs", "src/"] {
        assert!(is_there(word, &paths), "{word}");
    }
    for word in ["crates/src", "isk.rs", "disks.rs"] {
        assert!(!is_there(word, &paths), "{word}");
    }
}
