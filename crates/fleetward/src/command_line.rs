//! The command line. Each setting is also an environment variable and a key of the settings file;
//! a flag wins over the environment, and both win over the file.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgGroup, Args, Parser, Subcommand};

use crate::duration::parse_duration;

/// Fleetward: a self-hosted device defender for IoT fleets that speaks the AWS IoT API.
#[derive(Parser)]
#[command(name = "fleetward", version)]
pub(crate) struct CommandLine {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Run the server.
    Serve(Box<ServeArguments>),
    /// Run the server with ten simulated lights, one of which turns bad.
    Demo(DemoArguments),
    /// Make, list and disable API access keys of a server that is not running.
    Keys(KeysArguments),
    /// Say for a while that nobody is to be alerted of something, on a server that is running.
    Mutes(MutesArguments),
    /// Read everything in the data of a server that is not running, and say what cannot be read.
    Check(FolderArguments),
    /// Let detection begin anew where log and store do not belong together; says first what that
    /// costs.
    Repair(RepairArguments),
    /// Finish the upgrade of a server that is not running.
    Upgrade {
        #[command(subcommand)]
        action: UpgradeAction,
    },
    /// Write the reports of a simulated fleet to standard output, one JSON document a line.
    Simulate(SimulateArguments),
}

/// Flags of `serve`. Absent ones come from the settings file or have defaults.
#[derive(Args, Clone, Default)]
pub(crate) struct ServeArguments {
    /// Folder that holds everything [default: ./fleetward-data]
    #[arg(long, env = "FLEETWARD_DATA")]
    pub(crate) data: Option<PathBuf>,
    /// Address of the API and the console [default: 127.0.0.1:8470]
    #[arg(long, env = "FLEETWARD_API")]
    pub(crate) api: Option<String>,
    /// Address of MQTT without TLS, loopback only [default: 127.0.0.1:1883]
    #[arg(long, env = "FLEETWARD_MQTT")]
    pub(crate) mqtt: Option<String>,
    /// Address of MQTT over TLS; may be repeated [default: 127.0.0.1:8883]
    #[arg(long, env = "FLEETWARD_MQTTS", value_delimiter = ',')]
    pub(crate) mqtts: Vec<String>,
    /// A policy of the registry that plain MQTT connections must obey
    #[arg(long, env = "FLEETWARD_MQTT_POLICY")]
    pub(crate) mqtt_policy: Option<String>,
    /// How often cloud-side counters close, 1s to 300s [default: 300s]
    #[arg(long, env = "FLEETWARD_PERIOD")]
    pub(crate) period: Option<String>,
    /// Who may call the API: sigv4, or off (loopback only) [default: sigv4]
    #[arg(long, env = "FLEETWARD_AUTH")]
    pub(crate) auth: Option<String>,
    /// Twelve digits that every ARN carries [default: 123456789012]
    #[arg(long, env = "FLEETWARD_ACCOUNT")]
    pub(crate) account: Option<String>,
    /// The region that every ARN carries [default: us-east-1]
    #[arg(long, env = "FLEETWARD_REGION")]
    pub(crate) region: Option<String>,
    /// File to write, as JSON, when every listener accepts
    #[arg(long, env = "FLEETWARD_READY_FILE")]
    pub(crate) ready_file: Option<PathBuf>,
    /// Settings file (TOML)
    #[arg(long, env = "FLEETWARD_CONFIG")]
    pub(crate) config: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct DemoArguments {
    /// Stop after this long, such as 30s; exit 0 only if the alarm came [default: until Ctrl-C]
    #[arg(long = "for", value_parser = parse_duration)]
    pub(crate) run_for: Option<Duration>,
}

#[derive(Args)]
pub(crate) struct FolderArguments {
    /// Folder of the server's data
    #[arg(long, env = "FLEETWARD_DATA", default_value = "./fleetward-data")]
    pub(crate) data: PathBuf,
}

#[derive(Args)]
pub(crate) struct RepairArguments {
    /// Folder of the server's data
    #[arg(long, env = "FLEETWARD_DATA", default_value = "./fleetward-data")]
    pub(crate) data: PathBuf,
    /// Do it, with the losses that are told without this
    #[arg(long)]
    pub(crate) accept_loss: bool,
}

#[derive(Subcommand)]
pub(crate) enum UpgradeAction {
    /// Write in the newest formats from now on: earlier releases cannot open the data any more.
    Finish(FolderArguments),
}

#[derive(Args)]
pub(crate) struct KeysArguments {
    /// Folder of the server's data
    #[arg(long, env = "FLEETWARD_DATA", default_value = "./fleetward-data", global = true)]
    pub(crate) data: PathBuf,
    #[command(subcommand)]
    pub(crate) action: KeysAction,
}

#[derive(Subcommand)]
pub(crate) enum KeysAction {
    /// Make a key and print its secret, this once.
    Create {
        /// File with an IAM-style policy document [default: everything is allowed]
        #[arg(long)]
        policy_file: Option<PathBuf>,
    },
    /// List the keys, without their secrets.
    List,
    /// Make a key useless.
    Disable {
        /// The key's id
        access_key_id: String,
    },
}

#[derive(Args)]
pub(crate) struct MutesArguments {
    /// Address of the server's API
    #[arg(long, env = "FLEETWARD_API", default_value = "127.0.0.1:8470", global = true)]
    pub(crate) api: SocketAddr,
    /// The region that the server's ARNs carry
    #[arg(long, env = "FLEETWARD_REGION", default_value = "us-east-1", global = true)]
    pub(crate) region: String,
    /// The id of an API access key
    #[arg(
        long,
        env = "AWS_ACCESS_KEY_ID",
        default_value = "",
        hide_default_value = true,
        global = true
    )]
    pub(crate) access_key_id: String,
    /// Its secret; better in the environment than here, where others may see it
    #[arg(
        long,
        env = "AWS_SECRET_ACCESS_KEY",
        default_value = "",
        hide_default_value = true,
        hide_env_values = true,
        global = true
    )]
    pub(crate) secret_access_key: String,
    #[command(subcommand)]
    pub(crate) action: MutesAction,
}

#[derive(Subcommand)]
pub(crate) enum MutesAction {
    /// List the mutes that are not over, one JSON object a line.
    List,
    /// Mute a thing, a group and all below it, a profile or one of its behaviors.
    Create(MuteArguments),
    /// Take a mute away: what it held is sent if it is still so.
    Delete {
        /// The mute's id
        mute_id: String,
    },
}

#[derive(Args)]
#[command(group = ArgGroup::new("subject").required(true).args(["thing", "group", "profile"]))]
pub(crate) struct MuteArguments {
    /// A thing
    #[arg(long)]
    pub(crate) thing: Option<String>,
    /// A thing group
    #[arg(long)]
    pub(crate) group: Option<String>,
    /// A security profile
    #[arg(long)]
    pub(crate) profile: Option<String>,
    /// One behavior of the profile
    #[arg(long, requires = "profile")]
    pub(crate) behavior: Option<String>,
    /// For how long, such as 30m or 24h; 720h at most
    #[arg(long = "for", value_parser = parse_duration)]
    pub(crate) lasting: Duration,
    /// Why
    #[arg(long)]
    pub(crate) reason: String,
}

#[derive(Args)]
pub(crate) struct SimulateArguments {
    /// How many things
    #[arg(long, default_value_t = 100_000)]
    pub(crate) things: u64,
    /// How many reports of each
    #[arg(long, default_value_t = 10)]
    pub(crate) rounds: u64,
}
