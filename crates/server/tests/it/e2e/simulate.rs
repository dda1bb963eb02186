//! The simulator: from the command line, and over REST.

use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::{Value, json};
use testkit::rest::text;
use testkit::server::Mode;

use super::stage::Stage;

in_both_modes! {
    a_simulation_over_rest_answers_what_the_command_prints_and_stores_nothing,
}

fn examples() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples/simulations")
}

fn hookyard(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hookyard"));
    command
        .arg("simulate")
        .args(arguments)
        .current_dir(examples());
    command.output().expect("a binary that starts")
}

#[test]
fn contract_036_074_080_083_086_087_every_shipped_example_plays_as_committed() {
    let files = std::fs::read_dir(examples()).expect("the examples");
    let mut names: Vec<String> = files
        .map(|file| {
            file.expect("a file")
                .file_name()
                .into_string()
                .expect("UTF-8")
        })
        .collect();
    names.sort_unstable();
    assert!(names.len() >= 5, "{names:?}");
    for name in names {
        let played = hookyard(&[&name]);
        assert!(played.status.success(), "{name}: {played:?}");
        let printed = String::from_utf8(played.stdout).expect("UTF-8");
        insta::assert_snapshot!(name.trim_end_matches(".json"), printed);
    }
}

#[test]
fn a_wrong_script_is_refused_with_pointers() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("bad.json");
    std::fs::write(
        &path,
        r#"{"activities":[{"type":"page_viewed"}],"untl":"10:00"}"#,
    )
    .unwrap();
    let refused = hookyard(&[path.to_str().expect("UTF-8")]);
    assert_eq!(refused.status.code(), Some(1));
    let said = String::from_utf8(refused.stderr).expect("UTF-8");
    for pointer in ["/untl: ", "/activities/0/visitor: "] {
        assert!(said.contains(pointer), "{said}");
    }
    assert_eq!(hookyard(&["missing.json"]).status.code(), Some(1));
}

async fn a_simulation_over_rest_answers_what_the_command_prints_and_stores_nothing(mode: Mode) {
    let stage = Stage::start(mode).await;
    let name = "abandoned-checkout-table.json";
    let script = std::fs::read_to_string(examples().join(name)).unwrap();
    let script: Value = serde_json::from_str(&script).unwrap();
    let answer = stage.rest().post("/v1/simulate", &script).await.expect(200);
    let printed = hookyard(&["--json", name]);
    let printed: Value = serde_json::from_slice(&printed.stdout).unwrap();
    assert_eq!(answer, printed);
    let steps = answer["steps"].as_array().unwrap();
    let events: Vec<&Value> = steps
        .iter()
        .filter(|step| step["kind"] == "event")
        .collect();
    assert_eq!(events.len(), 1, "{answer}");
    let event = &events[0]["event"];
    assert_eq!(text(event, "occurred_at"), "2026-05-07T10:25:00.000Z");
    assert_eq!(event["payload"]["session_id"], "B");
    assert_eq!(event["payload"]["session_state"], "INITIATED");
    for list in ["/sessions", "/checkouts", "/events"] {
        let rows = stage.rest().get(&stage.path(list)).await.expect(200);
        assert_eq!(rows["data"], json!([]), "{list}");
    }
    let wrong = stage
        .rest()
        .post("/v1/simulate", &json!({"activities": []}))
        .await;
    assert_eq!(wrong.problem(422), "validation-failed");
    assert_eq!(wrong.json()["errors"][0]["pointer"], "/activities");
    let anyone = stage
        .rest()
        .logged_out()
        .post("/v1/simulate", &script)
        .await;
    assert_eq!(anyone.problem(401), "unauthenticated");
}
