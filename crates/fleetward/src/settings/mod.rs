//! Settings: from flags and environment, the settings file and the defaults, into one value that
//! is right in itself.

mod detect;
mod file;
mod reports;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::path::PathBuf;

use fleetward_detect::limits::UNREGISTERED_THINGS;
use fleetward_domain::{Place, PolicyName};
use fleetward_front_door::ReportSettings;

use crate::command_line::ServeArguments;
use crate::duration::parse_duration;
use crate::failure::Failure;
pub(crate) use detect::DetectSettings;
pub(crate) use file::AlertSettings;
use file::FileSettings;

/// Where a server without `--data` keeps everything.
const DATA: &str = "./fleetward-data";
const API: &str = "127.0.0.1:8470";
const MQTT: &str = "127.0.0.1:1883";
const MQTTS: &str = "127.0.0.1:8883";
const PERIOD: &str = "300s";
const ACCOUNT: &str = "123456789012";
const REGION: &str = "us-east-1";
/// Fewer things than this have no percentile that says anything.
const STATISTICAL_THINGS: u32 = 20;
/// Partitions of one machine. A larger deployment chooses when its data folder is made; 16 keep
/// two cores and their successors busy and cost nothing.
/// Log that is kept for back-testing after the detectors are done with it.
const LOG_RETENTION_BYTES: u64 = 1 << 30;

/// Who may call the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Auth {
    /// Signature and key are checked.
    SigV4,
    /// Any signature goes; on loopback only.
    Off,
}

/// Everything that `serve` needs to know.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) data: PathBuf,
    pub(crate) api: SocketAddr,
    pub(crate) mqtt: SocketAddr,
    pub(crate) mqtts: Vec<SocketAddr>,
    pub(crate) mqtt_policy: Option<PolicyName>,
    pub(crate) period_ms: i64,
    pub(crate) auth: Auth,
    pub(crate) place: Place,
    pub(crate) ready_file: Option<PathBuf>,
    /// As the data folder has them, or as the log makes a new one.
    pub(crate) partitions: Option<u32>,
    pub(crate) log_retention_bytes: u64,
    pub(crate) unregistered_things: u32,
    pub(crate) statistical_things: u32,
    pub(crate) detect: DetectSettings,
    pub(crate) reports: ReportSettings,
    pub(crate) alerts: AlertSettings,
}

impl Settings {
    /// Puts flags, file and defaults together and checks them.
    ///
    /// # Errors
    /// A sentence that names the setting, the problem and what would be right.
    pub(crate) fn resolve(flags: ServeArguments) -> Result<Self, Failure> {
        let file = match &flags.config {
            Some(path) => FileSettings::read(path)?,
            None => FileSettings::default(),
        };
        Self::combine(flags, file)
    }

    fn combine(flags: ServeArguments, file: FileSettings) -> Result<Self, Failure> {
        let text = |flag: Option<String>, filed: Option<String>, default: &str| {
            flag.or(filed).unwrap_or_else(|| default.to_owned())
        };
        // Lists are not merged: whoever gives a flag means it to be all.
        let mqtts = match (flags.mqtts.is_empty(), file.mqtts) {
            (false, _) => flags.mqtts,
            (true, Some(filed)) => filed.into_list(),
            (true, None) => vec![MQTTS.to_owned()],
        };
        let period_ms = period_ms(&text(flags.period, file.period, PERIOD))?;
        let settings = Self {
            data: flags.data.or(file.data).unwrap_or_else(|| DATA.into()),
            api: address("api", &text(flags.api, file.api, API))?,
            mqtt: address("mqtt", &text(flags.mqtt, file.mqtt, MQTT))?,
            mqtts: mqtts.iter().map(|given| address("mqtts", given)).collect::<Result<_, _>>()?,
            mqtt_policy: flags
                .mqtt_policy
                .or(file.mqtt_policy)
                .map(|name| PolicyName::parse(name).map_err(Failure::of("setting mqtt_policy")))
                .transpose()?,
            period_ms,
            auth: auth(&text(flags.auth, file.auth, "sigv4"))?,
            place: place(
                text(flags.account, file.account, ACCOUNT),
                text(flags.region, file.region, REGION),
            )?,
            ready_file: flags.ready_file.or(file.ready_file),
            partitions: file.partitions.map(partitions).transpose()?,
            log_retention_bytes: file.log_retention_bytes.unwrap_or(LOG_RETENTION_BYTES),
            unregistered_things: file.unregistered_things.unwrap_or(UNREGISTERED_THINGS),
            statistical_things: file.statistical_things.unwrap_or(STATISTICAL_THINGS),
            detect: file.detect.resolve(period_ms)?,
            reports: file.reports.resolve()?,
            alerts: file.alerts,
        };
        settings.check_exposure()
    }

    /// What would put the fleet at risk is refused, not warned of.
    fn check_exposure(self) -> Result<Self, Failure> {
        if !self.mqtt.ip().is_loopback() {
            return Err(Failure::new(format!(
                "setting mqtt: {} is not a loopback address; MQTT without TLS is served on loopback \
                 only, use mqtts",
                self.mqtt
            )));
        }
        if !self.api.ip().is_loopback() {
            let hint = match self.auth {
                Auth::Off => "auth off is for loopback only",
                Auth::SigV4 => "the API speaks plain HTTP; put a TLS proxy before it",
            };
            return Err(Failure::new(format!(
                "setting api: {} is not a loopback address; {hint}",
                self.api
            )));
        }
        Ok(self)
    }
}

fn address(setting: &str, text: &str) -> Result<SocketAddr, Failure> {
    // `:1883` is short for the loopback address, as in the defaults.
    let full = if text.starts_with(':') { format!("127.0.0.1{text}") } else { text.to_owned() };
    full.parse().map_err(|_| {
        Failure::new(format!(
            "setting {setting}: {text} is not an address with a port, such as 127.0.0.1:8883"
        ))
    })
}

fn period_ms(text: &str) -> Result<i64, Failure> {
    let wrong = || {
        Failure::new(format!(
            "setting period: {text} is not a whole number of seconds within 1s to 300s"
        ))
    };
    let duration = parse_duration(text).map_err(Failure::of("setting period"))?;
    let ms = i64::try_from(duration.as_millis()).map_err(|_| wrong())?;
    if (1_000..=300_000).contains(&ms) && ms % 1_000 == 0 { Ok(ms) } else { Err(wrong()) }
}

fn auth(text: &str) -> Result<Auth, Failure> {
    match text {
        "sigv4" => Ok(Auth::SigV4),
        "off" => Ok(Auth::Off),
        other => Err(Failure::new(format!("setting auth: {other} is neither sigv4 nor off"))),
    }
}

fn place(account: String, region: String) -> Result<Place, Failure> {
    if account.len() != 12 || !account.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Failure::new(format!("setting account: {account} is not twelve digits")));
    }
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if region.is_empty() || region.len() > 32 || !region.bytes().all(fits) {
        return Err(Failure::new(format!(
            "setting region: {region} is not a region's name, such as us-east-1"
        )));
    }
    Ok(Place { account, region })
}

fn partitions(count: u32) -> Result<u32, Failure> {
    if (1..=4096).contains(&count) {
        Ok(count)
    } else {
        Err(Failure::new(format!("setting partitions: {count} is not within 1 to 4096")))
    }
}
