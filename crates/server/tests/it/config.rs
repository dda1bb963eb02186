//! Settings as the process takes them. The rules in detail are tested beside the code.

use crate::process::{hookyard, repository};

#[test]
fn a_flag_wins_over_the_environment_over_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("hookyard.toml");
    std::fs::write(
        &file,
        "listen = \"127.0.0.1:1\"\npublic_url = \"https://file.example\"\nlog = \"error\"\n",
    )
    .unwrap();
    let output = hookyard()
        .args(["config", "--listen", "127.0.0.1:3", "--config"])
        .arg(&file)
        .env("HOOKYARD_LISTEN", "127.0.0.1:2")
        .env("HOOKYARD_LOG", "warn")
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    for line in [
        "listen = \"127.0.0.1:3\" # flag",
        "log = \"warn\" # HOOKYARD_LOG",
        "public_url = \"https://file.example\" # ",
        "data_dir = \"./data\" # default",
    ] {
        assert!(shown.contains(line), "no `{line}` in {shown}");
    }
}

#[test]
fn an_unknown_variable_ends_the_process_with_78_and_the_nearest_name() {
    let output = hookyard()
        .arg("serve")
        .env("HOOKYARD_MASTERKEY", "x")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(78));
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(text.contains("did you mean HOOKYARD_MASTER_KEY?"), "{text}");
}

#[test]
fn secrets_are_never_printed() {
    let output = hookyard()
        .arg("config")
        .env("HOOKYARD_ADMIN__EMAIL", "a@b.example")
        .env("HOOKYARD_ADMIN__PASSWORD", "correct horse")
        .env("HOOKYARD_REDIS_URL", "redis://:battery@localhost")
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success() && shown.contains("[redacted]"),
        "{shown}"
    );
    assert!(
        !shown.contains("horse") && !shown.contains("battery"),
        "{shown}"
    );
}

#[test]
fn the_documents_of_the_settings_are_those_of_the_code() {
    let made = tempfile::tempdir().unwrap();
    std::fs::create_dir(made.path().join("docs")).unwrap();
    let status = hookyard()
        .args(["config", "--write"])
        .arg(made.path())
        .status()
        .unwrap();
    assert!(status.success());
    for name in ["config.default.toml", "docs/settings.md"] {
        let fresh = std::fs::read_to_string(made.path().join(name)).unwrap();
        let committed = std::fs::read_to_string(repository().join(name)).unwrap_or_default();
        assert!(
            fresh == committed,
            "{name} is not what the code says: run `make gen`"
        );
    }
}
