//! `cargo xtask model`: from AWS IoT's service model to the wire crate's generated code.
//!
//! The service model is read once, out of botocore, into `model/iot.json` (facts only, none of
//! its prose); operations of our own stand in `model/own.json`, in the same form. From these and
//! from one row an operation in `model/served.toml` follows everything under the `generated`
//! folders of `wire` and `control`, `docs/operations.md` and the count in the README; generating
//! needs no Python and no network.
//!
//! - `cargo xtask model` reads botocore and writes both the facts and the Rust.
//! - `cargo xtask model --rust-only` writes the Rust from the checked-in facts.
//! - `cargo xtask model --check` writes nothing and fails where a file is not what it should be.

use std::path::{Path, PathBuf};

mod authorised_on;
mod dispatch;
mod enums;
mod error_codes;
mod extract;
mod names;
mod operations;
mod paging;
mod pattern;
mod reference;
mod routes;
mod rustfmt;
mod served;
mod service;
mod shapes;
mod structures;
#[cfg(test)]
mod tests;

use served::Served;
use service::Service;

/// What can go wrong while the model is read or the code is generated.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ModelError {
    #[error("{path}: {source}")]
    File { path: PathBuf, source: std::io::Error },
    #[error("{path}: {source}")]
    Facts { path: &'static str, source: serde_json::Error },
    #[error("model/served.toml: {0}")]
    Rows(#[from] toml::de::Error),
    #[error(
        "botocore could not be read: {0}\n\
         It is a Python package: python3 -m pip install botocore\n\
         Without it, `cargo xtask model --rust-only` generates from the checked-in model/iot.json."
    )]
    Botocore(String),
    #[error("rustfmt failed (rustup component add rustfmt): {0}")]
    Rustfmt(String),
    #[error("the model holds no {0}")]
    Missing(String),
    #[error("{0}")]
    Unsupported(String),
    #[error("not up to date: {0}\nRun `cargo xtask model --rust-only` and commit what changes.")]
    Stale(String),
    #[error("unknown option {0:?}; options: --check, --rust-only")]
    Option(String),
}

/// Runs the task with the arguments that follow its name.
pub(crate) fn run(arguments: &[String]) -> Result<(), ModelError> {
    let root = workspace_root();
    match arguments {
        [] => {
            write(&root.join(FACTS), &extract::facts()?)?;
            write_rust(&root)
        }
        [option] if option == "--rust-only" => write_rust(&root),
        [option] if option == "--check" => check(&root),
        [option, ..] => Err(ModelError::Option(option.clone())),
    }
}

const FACTS: &str = "model/iot.json";
const OWN: &str = "model/own.json";
const SERVED: &str = "model/served.toml";
const README: &str = "README.md";

/// One generated file: its path below the workspace's root, and its text.
struct Generated {
    path: &'static str,
    text: String,
}

/// What is generated from: the model's facts and our rows.
struct Model {
    service: Service,
    served: Served,
}

impl Model {
    fn read(facts: &str, own: &str, rows: &str) -> Result<Self, ModelError> {
        let service = Service::parse(facts, own)?;
        let served = Served::parse(rows, &service)?;
        Ok(Self { service, served })
    }

    /// The Rust files, not formatted yet.
    fn rust(&self) -> Result<Vec<Generated>, ModelError> {
        let Self { service, served } = self;
        let mut files = Vec::new();
        for (path, text) in [
            ("crates/control/src/generated/dispatch.rs", dispatch::render(served)),
            ("crates/wire/src/generated/error_codes.rs", error_codes::render(service)?),
            ("crates/wire/src/generated/operations.rs", operations::render(service, served)),
            ("crates/wire/src/generated/routes.rs", routes::render(service)),
            ("crates/wire/src/generated/shapes.rs", shapes::render(service, served)?),
            ("crates/wire/src/generated/types/enums.rs", enums::render(service, served)?),
            ("crates/wire/src/generated/types/inputs.rs", structures::inputs(service, served)?),
            ("crates/wire/src/generated/types/outputs.rs", structures::outputs(service, served)?),
            ("crates/wire/src/generated/types/paging.rs", paging::render(service, served)?),
            ("crates/wire/src/generated/types/parts.rs", structures::parts(service, served)?),
        ] {
            files.push(Generated { path, text });
        }
        Ok(files)
    }
}

fn generate(root: &Path) -> Result<Vec<Generated>, ModelError> {
    let text = |path: &str| read(&root.join(path));
    let model = Model::read(&text(FACTS)?, &text(OWN)?, &text(SERVED)?)?;
    let mut files = model.rust()?;
    for file in &mut files {
        file.text = rustfmt::format(root, &format!("{HEADER}{}", file.text))?;
    }
    let operations = reference::render(&model.service, &model.served);
    files.push(Generated { path: "docs/operations.md", text: operations });
    let readme = reference::readme(&text(README)?, &model.served)?;
    files.push(Generated { path: README, text: readme });
    Ok(files)
}

const HEADER: &str =
    "// Generated by `cargo xtask model` from the files in model/. Do not edit.\n\n";

fn write_rust(root: &Path) -> Result<(), ModelError> {
    for file in generate(root)? {
        write(&root.join(file.path), &file.text)?;
    }
    Ok(())
}

fn check(root: &Path) -> Result<(), ModelError> {
    let mut stale = stale_files(root)?;
    match extract::facts() {
        Ok(fresh) => {
            let checked_in = read(&root.join(FACTS))?;
            if botocore_version(&fresh)? != botocore_version(&checked_in)? {
                println!("model/iot.json is of another botocore than this machine's; not compared");
            } else if fresh != checked_in {
                stale.push(FACTS.to_owned());
            }
        }
        Err(_) => println!("botocore is not here; model/iot.json is taken as it is"),
    }
    if stale.is_empty() { Ok(()) } else { Err(ModelError::Stale(stale.join(", "))) }
}

/// Names the generated files that differ from what the checked-in facts give.
fn stale_files(root: &Path) -> Result<Vec<String>, ModelError> {
    let differs = |file: &Generated| {
        std::fs::read_to_string(root.join(file.path)).ok().as_deref() != Some(file.text.as_str())
    };
    let stale = generate(root)?.into_iter().filter(differs);
    Ok(stale.map(|file| file.path.to_owned()).collect())
}

fn botocore_version(facts: &str) -> Result<String, ModelError> {
    Ok(Service::parse(facts, "{}")?.botocore)
}

fn workspace_root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

fn read(path: &Path) -> Result<String, ModelError> {
    std::fs::read_to_string(path)
        .map_err(|source| ModelError::File { path: path.to_owned(), source })
}

fn write(path: &Path, text: &str) -> Result<(), ModelError> {
    let failed = |source| ModelError::File { path: path.to_owned(), source };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    std::fs::write(path, text).map_err(failed)
}
