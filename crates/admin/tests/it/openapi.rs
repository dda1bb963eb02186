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
        for words in ["summary", "description"] {
            let words = operation[words].as_str().unwrap_or_default();
            assert!(!words.is_empty(), "{method} {path}");
        }
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
            let response = response["$ref"].as_str().unwrap().trim_start_matches('#');
            let content = &document.pointer(response).unwrap()["content"];
            assert!(
                content["application/problem+json"]["schema"].is_object(),
                "{method} {path} {status}"
            );
        }
        let open = path.starts_with("/v1/auth/") && path != "/v1/auth/password";
        let security = operation["security"].as_array().unwrap();
        assert_eq!(security.is_empty(), open, "{method} {path}");
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

/// Every `example` below `value` with the schema it must fit, and where it stands.
fn examples<'a>(value: &'a Value, at: &str, found: &mut Vec<(String, &'a Value, &'a Value)>) {
    match value {
        Value::Object(fields) => {
            if let Some(example) = fields.get("example") {
                // Of a parameter, a header or a body the schema stands beside it, else it is the schema's own.
                found.push((
                    at.to_owned(),
                    fields.get("schema").unwrap_or(value),
                    example,
                ));
            }
            for (key, field) in fields.iter().filter(|(key, _)| *key != "example") {
                examples(field, &format!("{at}/{key}"), found);
            }
        }
        Value::Array(items) => {
            for (place, item) in items.iter().enumerate() {
                examples(item, &format!("{at}/{place}"), found);
            }
        }
        _ => {}
    }
}

#[test]
fn every_example_fits_its_schema() {
    let document = document(Version::V3_1);
    let mut found = Vec::new();
    examples(&document, "", &mut found);
    let webhooks = found.iter().filter(|(at, ..)| at.starts_with("/webhooks"));
    assert!(
        found.len() > 300 && webhooks.count() > 24,
        "{}",
        found.len()
    );
    for (at, schema, example) in found {
        let mut whole = schema.clone();
        whole["components"] = document["components"].clone();
        let schema = jsonschema::options()
            .should_validate_formats(true)
            .build(&whole)
            .unwrap_or_else(|error| panic!("{at}: {error}"));
        let errors: Vec<_> = schema.iter_errors(example).map(|e| e.to_string()).collect();
        assert!(errors.is_empty(), "{at}: {errors:?}");
    }
}

#[test]
fn every_event_type_of_the_catalogue_has_a_webhook_with_its_headers() {
    let document = document(Version::V3_1);
    let webhooks = document["webhooks"].as_object().unwrap();
    let catalogue = domain::catalog::built_in();
    assert_eq!(webhooks.len(), catalogue.len() + 1, "and one for any type");
    for entry in catalogue {
        let (_, webhook) = webhooks
            .iter()
            .find(|(name, webhook)| {
                name.starts_with(entry.dialect.as_str())
                    && webhook["post"]["summary"] == *entry.name
            })
            .unwrap_or_else(|| panic!("{}", entry.name));
        let webhook = &webhook["post"];
        let description = webhook["description"].as_str().unwrap();
        assert!(description.contains(&entry.fires_when), "{}", entry.name);
        let parameters = webhook["parameters"].as_array().unwrap();
        let headers: Vec<_> = parameters.iter().map(|header| &header["name"]).collect();
        for signature in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
            assert!(headers.contains(&&Value::from(signature)), "{}", entry.name);
        }
        assert!(
            parameters
                .iter()
                .all(|h| h["description"] != "A header of the dialect.")
        );
    }
}

#[test]
fn problems_name_the_request_and_when_to_come_again() {
    let document = document(Version::V3_1);
    let headers = |response: &Value| -> Vec<String> {
        response["headers"]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect()
    };
    let problems = document["components"]["responses"].as_object().unwrap();
    for (name, problem) in problems {
        let headers = headers(problem);
        assert!(headers.contains(&"X-Request-Id".to_owned()), "{name}");
        let waits = ["TooManyRequests", "Unavailable"].contains(&name.as_str());
        assert_eq!(headers.contains(&"Retry-After".to_owned()), waits, "{name}");
    }
    assert!(headers(&problems["Unauthenticated"]).contains(&"WWW-Authenticate".to_owned()));
    for (path, method, operation) in operations(&document) {
        for (status, response) in operation["responses"].as_object().unwrap() {
            let success = status.starts_with('2');
            let named = success && headers(response).contains(&"X-Request-Id".to_owned());
            assert_eq!(named, success, "{method} {path} {status}");
        }
    }
}

#[test]
fn every_schema_of_a_body_is_described_with_an_example() {
    let document = document(Version::V3_1);
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        if name.ends_with("List") {
            continue;
        }
        assert!(
            schema["description"].is_string(),
            "{name} has no description"
        );
        if schema["type"] == "string" {
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
                // 3.0 has no other way to say null beside a reference.
                let spelled = property.to_string().replace(r#"{"enum":[null]}"#, "");
                assert!(!spelled.contains("enum"), "{name}.{key}");
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
