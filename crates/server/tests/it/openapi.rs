//! The committed API documents are those of the code.

use crate::process::{hookyard, repository};

#[test]
fn the_committed_documents_are_those_of_the_code() {
    let made = tempfile::tempdir().unwrap();
    let status = hookyard()
        .args(["openapi", "--write"])
        .arg(made.path())
        .status()
        .unwrap();
    assert!(status.success());
    for name in ["hookyard.json", "hookyard-3.0.json"] {
        let fresh = std::fs::read_to_string(made.path().join(name)).unwrap();
        let committed =
            std::fs::read_to_string(repository().join("openapi").join(name)).unwrap_or_default();
        assert!(
            fresh == committed,
            "openapi/{name} is not what the code says: run `make gen`"
        );
    }
}

#[test]
fn each_version_of_the_specification_is_printed() {
    for (version, start) in [("3.1", "3.1."), ("3.0", "3.0.")] {
        let output = hookyard()
            .args(["openapi", "--version", version])
            .output()
            .unwrap();
        let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert!(
            document["openapi"].as_str().unwrap().starts_with(start),
            "{version}"
        );
    }
}
