use super::file::FileSettings;
use super::*;

fn resolve(flags: ServeArguments, toml: &str) -> Result<Settings, String> {
    let file = FileSettings::parse(toml).map_err(|failure| failure.to_string())?;
    Settings::combine(flags, file).map_err(|failure| failure.to_string())
}

#[test]
fn without_any_setting_the_documented_defaults_hold() {
    let settings = resolve(ServeArguments::default(), "").unwrap();
    assert_eq!(settings.data, PathBuf::from("./fleetward-data"));
    assert_eq!(settings.api.to_string(), "127.0.0.1:8470");
    assert_eq!(settings.mqtt.to_string(), "127.0.0.1:1883");
    assert_eq!(
        settings.mqtts.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["127.0.0.1:8883"]
    );
    assert_eq!(settings.period_ms, 300_000);
    assert_eq!(settings.detect.silence_ms, 2 * 24 * 3_600_000);
    assert_eq!(settings.auth, Auth::SigV4);
    assert_eq!(settings.place.account, "123456789012");
    assert_eq!(settings.place.region, "us-east-1");
}

#[test]
fn a_flag_wins_over_the_file() {
    let flags = ServeArguments { period: Some("2s".into()), ..ServeArguments::default() };
    let settings = resolve(flags, "period = \"60s\"\napi = \":0\"\n").unwrap();
    assert_eq!(settings.period_ms, 2_000);
    assert_eq!(settings.api.to_string(), "127.0.0.1:0");
}

#[test]
fn an_unknown_key_names_the_nearest_known_one() {
    let error = resolve(ServeArguments::default(), "perod = \"1s\"").unwrap_err();
    assert_eq!(error, "unknown key perod; did you mean period?");
    let error = resolve(ServeArguments::default(), "[alerts]\nallow_adresses = []").unwrap_err();
    assert_eq!(error, "unknown key alerts.allow_adresses; did you mean alerts.allow_addresses?");
    let toml = "[alerts.targets.\"arn:aws:sns:us-east-1:1:t\"]\nwebhok = \"https://a\"";
    let error = resolve(ServeArguments::default(), toml).unwrap_err();
    assert!(error.ends_with("did you mean alerts.targets.\"arn:aws:sns:us-east-1:1:t\".webhook?"));
}

#[test]
fn targets_and_lists_are_read() {
    let toml = r#"
        mqtts = ["127.0.0.1:0", "127.0.0.43:443"]
        [alerts]
        allow_addresses = ["127.0.0.0/8"]
        [alerts.targets."arn:aws:sns:us-east-1:123456789012:alarms"]
        webhook = "http://127.0.0.1:9000/hook"
    "#;
    let settings = resolve(ServeArguments::default(), toml).unwrap();
    assert_eq!(settings.mqtts.len(), 2);
    assert_eq!(settings.alerts.allow_addresses.len(), 1);
    assert_eq!(settings.alerts.targets.len(), 1);
}

#[test]
fn what_would_expose_the_fleet_is_refused() {
    let with = |set: fn(&mut ServeArguments)| {
        let mut flags = ServeArguments::default();
        set(&mut flags);
        resolve(flags, "").unwrap_err()
    };
    assert!(with(|f| f.mqtt = Some("0.0.0.0:1883".into())).contains("setting mqtt"));
    assert!(with(|f| f.api = Some("0.0.0.0:8470".into())).contains("setting api"));
    assert!(with(|f| f.auth = Some("none".into())).contains("neither sigv4 nor off"));
    assert!(with(|f| f.period = Some("0s".into())).contains("1s to 300s"));
    assert!(with(|f| f.period = Some("1 day".into())).contains("not a duration"));
    assert!(with(|f| f.account = Some("12".into())).contains("twelve digits"));
    assert!(with(|f| f.mqtts = vec!["localhost".into()]).contains("setting mqtts"));
}

#[test]
fn the_rate_of_reports_is_a_setting_and_zero_is_no_limit() {
    let settings = resolve(ServeArguments::default(), "").unwrap().reports;
    assert_eq!((settings.rate_per_second, settings.burst), (1.0, 60));
    assert!(!settings.counted);
    let toml = "[reports]\nrate = 0\nburst = 5\nmemory = 1000\ncounted = true";
    let settings = resolve(ServeArguments::default(), toml).unwrap().reports;
    assert_eq!((settings.rate_per_second, settings.burst), (0.0, 5));
    assert_eq!((settings.memory_bytes, settings.counted), (1_000, true));
    let toml = "[reports]\nrate = 0.0034";
    assert_eq!(resolve(ServeArguments::default(), toml).unwrap().reports.rate_per_second, 0.0034);
    for (toml, says) in [
        ("[reports]\nrate = -1", "setting reports.rate: -1 is not a number of reports a second"),
        ("[reports]\nprincipal_rate = nan", "setting reports.principal_rate: NaN"),
        ("[reports]\nburst = 0", "setting reports.burst: 0 takes no report"),
        ("[reports]\nrates = 1", "unknown key reports.rates; did you mean reports.rate?"),
    ] {
        let error = resolve(ServeArguments::default(), toml).unwrap_err();
        assert!(error.starts_with(says), "{error}");
    }
}

#[test]
fn a_silence_is_no_shorter_than_a_period_and_no_longer_than_events_are_kept() {
    let of = |silence: &str| {
        let toml = format!("period = \"60s\"\n[detect]\nsilence = \"{silence}\"");
        resolve(ServeArguments::default(), &toml).map(|settings| settings.detect.silence_ms)
    };
    assert_eq!(of("60s"), Ok(60_000));
    assert_eq!(of("720h"), Ok(30 * 24 * 3_600_000));
    for wrong in ["59s", "721h"] {
        let error = of(wrong).unwrap_err();
        assert!(error.contains("setting detect.silence"), "{error}");
        assert!(error.ends_with("is not within one period (60s) and 720h"), "{error}");
    }
    assert!(of("2 days").unwrap_err().starts_with("setting detect.silence: 2 days"));
    let error = resolve(ServeArguments::default(), "[detect]\nsilent = \"1h\"").unwrap_err();
    assert_eq!(error, "unknown key detect.silent; did you mean detect.silence?");
}
