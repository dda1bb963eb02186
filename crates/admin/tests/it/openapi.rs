//! The documents.

use std::collections::HashSet;

use admin::{Version, spec};
use serde_json::Value;

fn document(version: Version) -> Value {
    serde_json::from_str(&spec(version)).unwrap()
}

fn operations(document: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, methods)| {
            let methods = methods.as_object().unwrap().iter();
            methods.map(|(method, operation)| (path.as_str(), method.as_str(), operation))
        })
}

#[test]
fn operations_have_unique_ids_one_tag_and_words() {
    let document = document(Version::V3_1);
    let mut ids = HashSet::new();
    for (path, method, operation) in operations(&document) {
        let id = operation["operationId"].as_str().unwrap();
        assert!(ids.insert(id), "{id} twice");
        assert!(id.starts_with(|c: char| c.is_ascii_lowercase()), "{id}");
        assert_eq!(
            operation["tags"].as_array().unwrap().len(),
            1,
            "{method} {path}"
        );
        assert!(operation["summary"].is_string(), "{method} {path}");
        assert!(path.starts_with("/v1/"), "{path}");
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            assert!(
                parameter["description"].is_string(),
                "{method} {path}: {parameter}"
            );
        }
    }
    assert!(ids.len() > 30, "{}", ids.len());
}

#[test]
fn every_operation_says_what_may_go_wrong() {
    let document = document(Version::V3_1);
    for (path, method, operation) in operations(&document) {
        let problems: Vec<_> = operation["responses"]
            .as_object()
            .unwrap()
            .iter()
            .filter(|(status, _)| status.starts_with('4'))
            .collect();
        assert!(!problems.is_empty(), "{method} {path}");
        for (status, response) in problems {
            let content = response["content"].as_object().unwrap();
            assert!(
                content.contains_key("application/problem+json"),
                "{method} {path} {status}"
            );
        }
        let open =
            path == "/v1/auth/token" || path == "/v1/auth/refresh" || path == "/v1/auth/logout";
        assert_eq!(operation.get("security").is_none(), open, "{method} {path}");
    }
}

#[test]
fn an_action_that_may_be_repeated_never_conflicts() {
    let document = document(Version::V3_1);
    let actions = ["/enable", "/disable", "/rotate"];
    let conflicts = operations(&document)
        .filter(|(path, _, _)| actions.iter().any(|end| path.ends_with(end)))
        .map(|(_, _, operation)| operation["responses"].get("409").is_some());
    assert_eq!(conflicts.collect::<Vec<_>>(), [false; 6]);
}

#[test]
fn every_schema_of_a_body_is_described_with_an_example() {
    let document = document(Version::V3_1);
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        if name.starts_with("List_") {
            continue;
        }
        assert!(
            schema["description"].is_string(),
            "{name} has no description"
        );
        if schema["enum"].is_array() {
            continue;
        }
        let example = schema["example"]
            .as_object()
            .unwrap_or_else(|| panic!("{name} has no example"));
        let properties = schema["properties"].as_object().unwrap();
        for key in example.keys() {
            assert!(
                properties.contains_key(key),
                "{name}: the example has an unknown {key}"
            );
        }
        for key in schema["required"].as_array().into_iter().flatten() {
            assert!(
                example.contains_key(key.as_str().unwrap()),
                "{name}: the example lacks {key}"
            );
        }
        for (key, property) in properties {
            let described =
                property["description"].is_string() || property.to_string().contains("$ref");
            assert!(described, "{name}.{key} has no description");
        }
    }
}

#[test]
fn both_versions_say_what_they_are_and_mean_the_same() {
    let (new, old) = (document(Version::V3_1), document(Version::V3_0));
    assert_eq!(
        (new["openapi"].as_str(), old["openapi"].as_str()),
        (Some("3.1.0"), Some("3.0.3"))
    );
    assert!(new["webhooks"].is_object() && old.get("webhooks").is_none());
    assert_eq!(operations(&new).count(), operations(&old).count());
    assert!(!spec(Version::V3_1).contains("nullable"));
    assert!(!spec(Version::V3_0).contains("charset"));
    let finished = |document: &Value| {
        document["components"]["schemas"]["Delivery"]["properties"]["finished_at"].clone()
    };
    assert_eq!(
        finished(&new)["type"],
        serde_json::json!(["string", "null"])
    );
    assert_eq!(finished(&old)["nullable"], true);
    assert_eq!(
        new["components"]["schemas"]["CreateEndpoint"]["additionalProperties"],
        false
    );
}

#[test]
fn generated_clients_get_one_type_for_each_enumeration_and_need_no_filter() {
    for version in [Version::V3_1, Version::V3_0] {
        let document = document(version);
        let schemas = document["components"]["schemas"].as_object().unwrap();
        for (name, schema) in schemas.iter().filter(|(name, _)| *name != "Problem") {
            for (key, property) in schema["properties"].as_object().into_iter().flatten() {
                assert!(!property.to_string().contains("enum"), "{name}.{key}");
            }
        }
        assert!(schemas["Delivery"]["properties"]["last_outcome"]["description"].is_string());
        for (path, method, operation) in operations(&document) {
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let optional = parameter["in"] != "path";
                assert_eq!(
                    parameter["required"], !optional,
                    "{method} {path}: {parameter}"
                );
            }
            let body = &operation["requestBody"]["content"];
            let media = body.as_object().map_or(1, serde_json::Map::len);
            assert_eq!(media, 1, "{method} {path}");
        }
    }
}
