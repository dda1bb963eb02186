//! The arrows between crates: who may depend on whom.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, MetadataCommand};

/// Every crate with what it may depend on. A new arrow is a decision: it needs a record in `docs/adr`.
const ARROWS: [(&str, &[&str]); 9] = [
    ("domain", &[]),
    ("migrations", &[]),
    ("storage", &["domain", "migrations"]),
    ("queue", &["domain"]),
    ("gateway", &["domain", "storage", "queue"]),
    ("worker", &["domain", "storage", "queue", "gateway"]),
    ("admin", &["domain", "storage", "gateway"]),
    (
        "server",
        &[
            "domain",
            "migrations",
            "storage",
            "queue",
            "gateway",
            "worker",
            "admin",
        ],
    ),
    (
        "testkit",
        &[
            "domain",
            "migrations",
            "storage",
            "queue",
            "gateway",
            "worker",
            "admin",
        ],
    ),
];

/// The crates' arrows of these kinds, as they are.
fn arrows(is_meant: impl Fn(DependencyKind) -> bool) -> BTreeMap<String, BTreeSet<String>> {
    let metadata = MetadataCommand::new()
        .manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.toml"))
        .no_deps()
        .other_options(["--offline".to_owned()])
        .exec()
        .expect("cargo metadata");
    let packages = metadata.workspace_packages();
    let ours: BTreeSet<String> = packages
        .iter()
        .map(|package| package.name.to_string())
        .collect();
    let of = |package: &cargo_metadata::Package| {
        let meant = package
            .dependencies
            .iter()
            .filter(|dependency| is_meant(dependency.kind));
        meant
            .map(|dependency| dependency.name.clone())
            .filter(|name| ours.contains(name))
            .collect()
    };
    packages
        .iter()
        .map(|package| (package.name.to_string(), of(package)))
        .collect()
}

#[test]
fn the_workspace_has_the_nine_crates() {
    let found: Vec<String> = arrows(|_| true).into_keys().collect();
    let mut planned = ARROWS.map(|(name, _)| name.to_owned());
    planned.sort();
    assert_eq!(found, planned);
}

#[test]
fn every_arrow_is_in_the_table() {
    let found = arrows(|kind| kind != DependencyKind::Development);
    for (name, allowed) in ARROWS {
        let extra: Vec<&String> = found[name]
            .iter()
            .filter(|other| !allowed.contains(&other.as_str()))
            .collect();
        assert!(extra.is_empty(), "{name} must not depend on {extra:?}");
    }
}

/// What a crate builds on, however far down.
fn foundations(name: &str) -> BTreeSet<&'static str> {
    let direct = ARROWS
        .iter()
        .filter(|(other, _)| *other == name)
        .flat_map(|(_, allowed)| *allowed);
    direct
        .flat_map(|other| foundations(other).into_iter().chain([*other]))
        .collect()
}

#[test]
fn tests_lean_on_testkit_and_on_what_their_crate_builds_on() {
    let found = arrows(|kind| kind == DependencyKind::Development);
    for (name, _) in ARROWS {
        let allowed = foundations(name);
        let extra: Vec<&String> = found[name]
            .iter()
            .filter(|other| other.as_str() != "testkit" && !allowed.contains(other.as_str()))
            .collect();
        assert!(
            extra.is_empty(),
            "the tests of {name} must not depend on {extra:?}"
        );
    }
}
