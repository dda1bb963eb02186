use std::ffi::OsString;
use std::io::Write as _;
use std::time::Duration;

use super::*;

fn load(
    environment: &[(&str, &str)],
    set: &[&str],
    file: Option<&str>,
) -> Result<(Settings, String), ConfigError> {
    let mut held = tempfile::NamedTempFile::new().expect("a temporary file");
    held.write_all(file.unwrap_or_default().as_bytes())
        .expect("written");
    let flags = Flags {
        config: file.map(|_| held.path().to_owned()),
        set: set.iter().map(|&pair| pair.to_owned()).collect(),
        ..Flags::default()
    };
    let environment = environment
        .iter()
        .map(|(name, text)| (OsString::from(name), OsString::from(text)));
    let values = Values::of(&flags, environment)?;
    Ok((Settings::from_values(&values)?, effective_toml(&values)))
}

fn fault(environment: &[(&str, &str)], set: &[&str], file: Option<&str>) -> String {
    load(environment, set, file)
        .expect_err("refused")
        .to_string()
}

#[test]
fn the_defaults_are_those_of_the_crates() {
    let (settings, _) = load(&[], &[], None).unwrap();
    let gateway = GatewaySettings::default();
    assert_eq!(settings.gateway.dialects, gateway.dialects);
    assert_eq!(settings.gateway.ingest_pace, gateway.ingest_pace);
    assert_eq!(settings.gateway.ingest_waiting, gateway.ingest_waiting);
    assert_eq!(settings.gateway.ingest_bytes, gateway.ingest_bytes);
    assert_eq!(
        settings.gateway.endpoints_per_merchant,
        gateway.endpoints_per_merchant
    );
    assert_eq!(settings.gateway.tests_per_minute, gateway.tests_per_minute);
    assert_eq!(settings.admin, admin::Settings::default());
    assert_eq!(
        format!("{:?}", settings.worker),
        format!("{:?}", worker::WorkerSettings::default())
    );
    assert_eq!(
        format!("{:?}", settings.outbound),
        format!("{:?}", OutboundSettings::default())
    );
    let database = DatabaseSettings::new("");
    assert_eq!(settings.hot_connections, database.hot_connections);
    assert_eq!(settings.api_connections, database.api_connections);
}

#[test]
fn the_default_file_is_read_and_changes_nothing() {
    let (mut from_file, _) = load(&[], &[], Some(&default_toml())).unwrap();
    let (mut without, _) = load(&[], &[], None).unwrap();
    // Where a value came from differs, of course.
    for settings in [&mut from_file, &mut without] {
        for shown in &mut settings.shown {
            shown.source.clear();
        }
    }
    assert_eq!(format!("{from_file:?}"), format!("{without:?}"));
}

#[test]
fn a_flag_wins_over_a_variable_over_the_file_over_the_default() {
    let file = Some("[worker]\nslots = 3\nper_host = 4\nclaim_pace = \"1s\"\n");
    let environment = [
        ("HOOKYARD_WORKER__SLOTS", "5"),
        ("HOOKYARD_WORKER__PER_HOST", "6"),
    ];
    let (settings, shown) = load(&environment, &["worker.slots=7"], file).unwrap();
    assert_eq!(settings.worker.slots, 7);
    assert_eq!(settings.worker.per_host, 6);
    assert_eq!(settings.worker.claim_pace, Duration::from_secs(1));
    assert_eq!(settings.worker.settle_pace, Duration::from_millis(10));
    assert!(shown.contains("slots = 7 # flag\n"), "{shown}");
    assert!(
        shown.contains("per_host = 6 # HOOKYARD_WORKER__PER_HOST\n"),
        "{shown}"
    );
    assert!(
        shown.contains("settle_pace = \"10ms\" # default\n"),
        "{shown}"
    );
}

#[test]
fn an_unknown_key_is_refused_with_the_nearest() {
    assert_eq!(
        fault(&[("HOOKYARD_OUTBOUND_ALLOW_HTTP", "true")], &[], None),
        "unknown setting HOOKYARD_OUTBOUND_ALLOW_HTTP: did you mean HOOKYARD_OUTBOUND__ALLOW_HTTP?"
    );
    let text = fault(
        &[("HOOKYARD_LISTN", "")],
        &["worker.slot=1"],
        Some("[outbond]\nallow_http = true\n"),
    );
    assert!(text.contains("did you mean HOOKYARD_LISTEN?"), "{text}");
    assert!(
        text.contains("--set worker.slot: did you mean worker.slots?"),
        "{text}"
    );
    assert!(text.contains("did you mean outbound.allow_http?"), "{text}");
}

#[test]
fn a_bad_value_is_refused_by_name_with_what_is_right() {
    for (name, text, part) in [
        ("HOOKYARD_WORKER__CLAIM_PACE", "3", "250ms"),
        ("HOOKYARD_LISTEN", "8080", "127.0.0.1:8080"),
        ("HOOKYARD_MIGRATE", "yes", "true or false"),
        (
            "HOOKYARD_OUTBOUND__ALLOWED_NETWORKS",
            "10.0.0.0/33",
            "127.0.0.0/8",
        ),
        ("HOOKYARD_DATABASE_URL", "mysql://x", "postgres://"),
        ("HOOKYARD_LOG_FORMAT", "xml", "json or text"),
        ("HOOKYARD_MASTER_KEY", "c2hvcnQ=", "32 bytes"),
        ("HOOKYARD_DIALECTS__FLEXYPE__TIMEOUT", "31s", "30s"),
        ("HOOKYARD_DIALECTS__STANDARD__TIMEOUT", "1m", "30s"),
        ("HOOKYARD_WORKER__SLOTS", "3", "at least 4"),
        ("HOOKYARD_WORKER__IN_FLIGHT_PER_ENDPOINT", "0", "at least 1"),
        ("HOOKYARD_WORKER__PER_HOST", "0", "at least 1"),
    ] {
        let fault = fault(&[(name, text)], &[], None);
        assert!(fault.starts_with(name) && fault.contains(part), "{fault}");
    }
}

#[test]
fn rates_and_proxies_are_read_and_a_wrong_rate_is_refused() {
    let variables = [
        ("HOOKYARD_LIMITS__REQUESTS_PER_KEY", "100/s"),
        ("HOOKYARD_TRUSTED_PROXIES", "10.0.0.0/8,::1"),
    ];
    let (settings, _) = load(&variables, &[], None).unwrap();
    let limits = settings.admin;
    assert_eq!(limits.requests_per_key, "100/s".parse().ok());
    assert_eq!(limits.requests_per_merchant, None);
    assert_eq!(limits.trusted_proxies.len(), 2);
    let wrong = [("HOOKYARD_LIMITS__REQUESTS_PER_KEY", "many")];
    let fault = fault(&wrong, &[], None);
    assert!(
        fault.contains("REQUESTS_PER_KEY") && fault.contains("100/s"),
        "{fault}"
    );
}

#[test]
fn durations_and_lists_are_read() {
    let (settings, _) = load(
        &[
            ("HOOKYARD_DIALECTS__FLEXYPE__SCHEDULE", "250ms, 90s,15m,2h"),
            ("HOOKYARD_DIALECTS__STANDARD__SCHEDULE", ""),
            ("HOOKYARD_OUTBOUND__ALLOWED_NETWORKS", "127.0.0.0/8,::1"),
            ("HOOKYARD_SELF_HOSTS", "a.example, b.example"),
            ("HOOKYARD_PUBLIC_URL", "https://Hooks.Example/"),
        ],
        &[],
        None,
    )
    .unwrap();
    let schedule = &settings.gateway.dialects.flexype.schedule;
    assert_eq!(
        schedule.iter().map(Duration::as_millis).collect::<Vec<_>>(),
        [250, 90_000, 900_000, 7_200_000]
    );
    assert!(settings.gateway.dialects.standard.schedule.is_empty());
    assert_eq!(settings.outbound.allowed_networks.len(), 2);
    assert_eq!(
        settings.outbound.self_hosts,
        ["a.example", "b.example", "hooks.example"]
    );
    assert_eq!(
        settings.public_url.as_deref(),
        Some("https://Hooks.Example")
    );
}

#[test]
fn a_secret_comes_from_a_file_and_is_never_shown() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "correct horse").unwrap();
    let environment = [
        ("HOOKYARD_ADMIN__EMAIL", "Jane@Example.com"),
        (
            "HOOKYARD_ADMIN__PASSWORD_FILE",
            file.path().to_str().unwrap(),
        ),
        (
            "HOOKYARD_DATABASE_URL",
            "postgres://hookyard:battery@db/hookyard",
        ),
    ];
    let (settings, shown) = load(&environment, &[], None).unwrap();
    let admin = settings.first_admin.clone().unwrap();
    assert_eq!(
        (admin.email.as_str(), admin.password.reveal()),
        ("jane@example.com", "correct horse")
    );
    for secret in ["horse", "battery"] {
        assert!(
            !shown.contains(secret) && !format!("{settings:?}").contains(secret),
            "{shown}"
        );
    }
    assert!(
        shown.contains("postgres://hookyard:[redacted]@db/hookyard"),
        "{shown}"
    );
}

#[test]
fn a_secret_and_its_file_together_are_refused() {
    let both = [
        ("HOOKYARD_MASTER_KEY", "x"),
        ("HOOKYARD_MASTER_KEY_FILE", "y"),
    ];
    assert!(fault(&both, &[], None).contains("both set"));
}

#[test]
fn the_database_is_a_file_in_the_data_directory_unless_named() {
    let (settings, _) = load(&[("HOOKYARD_DATA_DIR", "/srv/hy")], &[], None).unwrap();
    assert_eq!(
        settings.database_file(),
        Some(PathBuf::from("/srv/hy/hookyard.db"))
    );
    let (settings, _) = load(
        &[("HOOKYARD_DATABASE_URL", "sqlite:///srv/x.db?mode=rwc")],
        &[],
        None,
    )
    .unwrap();
    assert_eq!(settings.database_file(), Some(PathBuf::from("/srv/x.db")));
    let (settings, _) = load(&[("HOOKYARD_DATABASE_URL", "postgres://db/x")], &[], None).unwrap();
    assert_eq!(settings.database_file(), None);
}

/// A key of a section that the documents do not know would be in none of them.
#[test]
fn every_setting_is_in_both_documents() {
    let (toml, page) = (default_toml(), super::reference());
    for key in super::keys::KEYS {
        let (_, name) = key.path.rsplit_once('.').unwrap_or(("", key.path));
        assert!(toml.contains(&format!("{name} =")), "{}", key.path);
        let variable = key.path.to_uppercase().replace('.', "__");
        assert!(
            page.contains(&format!("`HOOKYARD_{variable}`")),
            "{}",
            key.path
        );
    }
}
