//! The foreign clients: AWS's command line, boto3 and AWS's device agent in a Python environment of
//! their own below `target/`, and mosquitto's clients from the system.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{announce, succeed};

/// What goes into the Python environment. The agent is AWS's own and does not change any more.
const PYTHON_PACKAGES: [&str; 3] =
    ["awscli>=1.45,<2", "boto3>=1.43,<2", "AWSIoTDeviceDefenderAgentSDK==2.0.0"];
/// Programs that must be on the system, and the Debian packages that bring them.
const PROGRAMS: [(&str, &str); 4] = [
    ("mosquitto_pub", "mosquitto-clients"),
    ("mosquitto_sub", "mosquitto-clients"),
    ("strace", "strace"),
    ("faketime", "faketime"),
];

/// Sets up what is missing, and gives the folder of the Python environment.
pub(super) fn set_up(root: &Path) -> Result<PathBuf, String> {
    install_programs()?;
    let tools = root.join("target").join("test-tools");
    install_python(&tools)?;
    Ok(tools)
}

fn install_programs() -> Result<(), String> {
    let mut missing: Vec<_> = PROGRAMS.iter().filter(|(program, _)| !exists(program)).collect();
    missing.dedup_by_key(|(_, package)| *package);
    for (program, package) in missing {
        announce(&format!("{program} is missing, installing {package}"));
        apt_install(package).map_err(|error| {
            format!("{program} is needed: install {package} and run this again ({error})")
        })?;
    }
    Ok(())
}

fn apt_install(package: &str) -> Result<(), String> {
    if !exists("apt-get") {
        return Err("there is no apt-get here".to_owned());
    }
    let install = |arguments: &[&str]| {
        succeed(Command::new("apt-get").args(arguments).stdout(Stdio::null()).stdin(Stdio::null()))
    };
    install(&["install", "-y", package]).or_else(|_| {
        install(&["update"])?;
        install(&["install", "-y", package])
    })
}

fn install_python(tools: &Path) -> Result<(), String> {
    let stamp = tools.join("installed.txt");
    let wanted = PYTHON_PACKAGES.join("\n");
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    announce("making a Python environment with AWS's command line, boto3 and device agent");
    let venv = |tools: &Path| {
        succeed(Command::new("python3").args(["-m", "venv"]).arg(tools).stdout(Stdio::null()))
    };
    venv(tools).or_else(|_| {
        apt_install("python3-venv")?;
        venv(tools)
    })?;
    let mut pip = Command::new(tools.join("bin").join("python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    succeed(pip.args(PYTHON_PACKAGES))?;
    std::fs::write(&stamp, wanted).map_err(|error| format!("{}: {error}", stamp.display()))
}

fn exists(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|folder| folder.join(program).is_file())
}
