//! Modules of a room form no circle: of two siblings, one is the lower. A module and those inside
//! it are one thing and may know each other.

use std::collections::{BTreeMap, BTreeSet};

use super::{Source, expect_none, sources};

/// A module's path from the room's root.
type Path = Vec<String>;

/// A room's modules: the files that make them up, and which names they take from elsewhere.
struct Room<'a> {
    files: BTreeMap<Path, &'a Source>,
    /// By module, what a name that it uses stands for.
    imports: BTreeMap<Path, BTreeMap<String, Path>>,
}

/// For each parent, which child uses which, and where.
type Arrows = BTreeMap<Path, BTreeMap<(String, String), String>>;

#[test]
fn modules_form_no_circle() {
    let all = sources();
    let mut rooms: BTreeMap<&str, Vec<(Path, &Source)>> = BTreeMap::new();
    for source in all.iter().filter(|source| !source.is_test) {
        if let Some((room, module)) = module_of(&source.path) {
            rooms.entry(room).or_default().push((module, source));
        }
    }
    assert!(rooms.len() > 10, "the rooms were not found");
    let mut complaints = Vec::new();
    for (name, files) in rooms {
        for (parent, arrows) in Room::of(files).arrows() {
            let place = [name, &parent.join("/")].join("/");
            complaints.extend(circle(&arrows).map(|circle| format!("{place}: {circle}")));
        }
    }
    expect_none(&complaints);
}

/// The room and the module that a file is.
fn module_of(path: &str) -> Option<(&str, Path)> {
    let (room, below) = path.split_once("/src/")?;
    let mut module: Path = below.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    if module.last().is_some_and(|last| ["mod", "lib", "main"].contains(&last.as_str())) {
        module.pop();
    }
    Some((room, module))
}

impl<'a> Room<'a> {
    fn of(files: Vec<(Path, &'a Source)>) -> Self {
        let mut room = Self { files: files.into_iter().collect(), imports: BTreeMap::new() };
        let imports = room.files.iter().map(|(module, source)| {
            let paths = used_paths(&source_text(source), module, true);
            let names = paths.into_iter().filter_map(|path| Some((path.last()?.clone(), path)));
            (module.clone(), names.collect())
        });
        room.imports = imports.collect();
        room
    }

    fn arrows(&self) -> Arrows {
        let mut arrows = Arrows::new();
        for (from, source) in &self.files {
            for path in used_paths(&source_text(source), from, false) {
                let to = self.home(&path, 0);
                let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
                if let (Some(user), Some(used)) = (from.get(shared), to.get(shared)) {
                    let parent = arrows.entry(from[..shared].to_vec()).or_default();
                    let arrow = (user.clone(), used.clone());
                    parent.entry(arrow).or_insert_with(|| source.path.clone());
                }
            }
        }
        arrows
    }

    /// The module where what a path names lives: through what modules on the way have imported.
    fn home(&self, path: &[String], depth: usize) -> Path {
        let known = (0..=path.len()).rev().find(|&end| self.files.contains_key(&path[..end]));
        let module = &path[..known.unwrap_or(0)];
        let name = path.get(module.len());
        let imported = name.and_then(|name| self.imports.get(module)?.get(name));
        match imported {
            // A name may be imported from a module that has imported it in turn.
            Some(target) if depth < 5 && target != path => self.home(target, depth + 1),
            _ => module.to_vec(),
        }
    }
}

fn source_text(source: &Source) -> String {
    source.code().map(|(_, line)| format!("{line}\n")).collect()
}

/// What a module names of its room, as paths from the room's root. `from_children`: also what it
/// takes from modules inside it, as `use child::Name` does.
fn used_paths(text: &str, module: &[String], from_children: bool) -> Vec<Path> {
    let mut found = Vec::new();
    let mut roots: Vec<(&str, Path)> = vec![("crate::", Vec::new())];
    if let Some((_, parent)) = module.split_last() {
        roots.push(("super::", parent.to_vec()));
    }
    for (word, base) in roots {
        for (at, _) in text.match_indices(word) {
            let is_word =
                !text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':');
            if is_word {
                expand(&text[at + word.len()..], base.clone(), &mut found);
            }
        }
    }
    if from_children {
        for (at, _) in text.match_indices("use ") {
            let tree = &text[at + "use ".len()..];
            if !["crate::", "super::", "std::"].iter().any(|word| tree.starts_with(word)) {
                expand(tree, module.to_vec(), &mut found);
            }
        }
    }
    found
}

/// Reads the paths of a use tree, such as `a::{B, c::D}`; gives what is left of the text.
fn expand<'t>(text: &'t str, mut base: Path, found: &mut Vec<Path>) -> &'t str {
    if let Some(mut rest) = text.strip_prefix('{') {
        loop {
            rest = expand(rest.trim_start(), base.clone(), found).trim_start();
            match rest.strip_prefix(',') {
                Some(more) if !more.trim_start().starts_with('}') => rest = more,
                Some(end) => return end.trim_start().strip_prefix('}').unwrap_or_default(),
                None => return rest.strip_prefix('}').unwrap_or_default(),
            }
        }
    }
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    match name {
        "super" => drop(base.pop()),
        "" | "self" => {}
        name => base.push(name.to_owned()),
    }
    match rest.strip_prefix("::") {
        Some(more) if !name.is_empty() => expand(more, base, found),
        _ => {
            found.push(base);
            rest
        }
    }
}

/// A circle among the arrows, told with the file of each.
fn circle(arrows: &BTreeMap<(String, String), String>) -> Option<String> {
    let mut names: BTreeSet<&String> =
        arrows.keys().flat_map(|(user, used)| [user, used]).collect();
    loop {
        // What uses nothing that is left, or is used by nothing that is left, is in no circle.
        let is_left =
            |(user, used): &(&String, &String)| names.contains(user) && names.contains(used);
        let left: Vec<_> = arrows.keys().map(|(a, b)| (a, b)).filter(is_left).collect();
        let users: BTreeSet<_> = left.iter().map(|(user, _)| *user).collect();
        let used: BTreeSet<_> = left.iter().map(|(_, used)| *used).collect();
        let in_both: BTreeSet<_> = users.intersection(&used).copied().collect();
        if in_both.is_empty() {
            return None;
        }
        if in_both.len() == names.len() {
            let tell = |(user, used): &(&String, &String)| {
                let file = &arrows[&((*user).clone(), (*used).clone())];
                format!("{user} -> {used} ({file})")
            };
            return Some(left.iter().map(tell).collect::<Vec<_>>().join(", "));
        }
        names = in_both;
    }
}

#[test]
fn a_use_tree_is_read_whole() {
    let text = "use crate::{a::{B, c::D}, e};\nfn f(x: super::Y) -> crate::g::H { todo }\n";
    let paths = used_paths(text, &["m".to_owned(), "n".to_owned()], false);
    let paths: Vec<_> = paths.iter().map(|path| path.join("/")).collect();
    assert_eq!(paths, ["a/B", "a/c/D", "e", "g/H", "m/Y"]);
}

#[test]
fn a_circle_is_found_and_a_line_is_none() {
    let arrow = |a: &str, b: &str| ((a.to_owned(), b.to_owned()), format!("{a}.rs"));
    let line = BTreeMap::from([arrow("a", "b"), arrow("b", "c"), arrow("a", "c")]);
    assert_eq!(circle(&line), None);
    let round =
        BTreeMap::from([arrow("a", "b"), arrow("b", "c"), arrow("c", "b"), arrow("c", "d")]);
    assert_eq!(circle(&round).unwrap(), "b -> c (b.rs), c -> b (c.rs)");
}
