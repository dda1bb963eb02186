//! The catalogue: what is served, and that its examples are what the platforms publish.

use serde_json::{Value, json};
use testkit::fixtures;
use testkit::receiver::Receiver;
use testkit::rest::text;
use testkit::server::Mode;

use super::stage::{SOON, Stage, create_strict_merchant};

in_both_modes! {
    contract_015_052_100_127_every_event_type_is_served_with_schema_example_and_dialect,
    every_example_can_be_published_and_test_sent,
    a_custom_type_is_held_to_its_schema,
    a_schema_that_is_none_is_refused_at_its_pointer,
}

/// Names with their dialects.
fn vendors() -> Vec<(&'static str, &'static str, &'static str)> {
    let of = |dialect, list: &'static [(&'static str, &'static str)]| {
        list.iter()
            .map(move |(name, sample)| (dialect, *name, *sample))
    };
    of("flexype", &fixtures::FLEXYPE)
        .chain(of("flashy", &fixtures::FLASHY))
        .chain(of("carthook", &fixtures::CARTHOOK))
        .collect()
}

async fn contract_015_052_100_127_every_event_type_is_served_with_schema_example_and_dialect(
    mode: Mode,
) {
    let stage = Stage::start(mode).await;
    let list = stage.rest().get("/v1/event-types").await.expect(200);
    let list = list["data"].as_array().unwrap();
    assert_eq!(list.len(), 5 + 13 + 4 + 1);
    for (dialect, name, sample) in vendors() {
        let path = format!("/v1/event-types/{}", name.replace('/', "%2F"));
        let entry = stage.rest().get(&path).await.expect(200);
        assert!(list.contains(&entry), "{name}");
        assert_eq!(entry["dialect"], dialect, "{name}");
        assert_eq!(entry["built_in"], true);
        let sample: Value = serde_json::from_str(sample).unwrap();
        assert_eq!(entry["example"], sample, "{name}");
        assert_eq!(
            entry["schema"]["$schema"],
            "https://json-schema.org/draft/2020-12/schema"
        );
        assert_eq!(entry["schema"]["type"], "object", "{name}");
        for words in ["description", "fires_when"] {
            assert!(text(&entry, words).len() > 15, "{name}");
        }
    }
}

async fn every_example_can_be_published_and_test_sent(mode: Mode) {
    // Flashy has more types than an endpoint may be sent tests a minute.
    let settings = [("HOOKYARD_LIMITS__TEST_SENDS", "100")];
    let start = Stage::start_with(mode, &settings);
    let (mut stage, receiver) = tokio::join!(start, Receiver::start());
    stage.merchant = create_strict_merchant(stage.rest()).await;
    let list = stage.rest().get("/v1/event-types").await.expect(200);
    let mut sent = 0;
    for dialect in ["standard", "flexype", "flashy", "carthook"] {
        let of = list["data"].as_array().unwrap().iter();
        let entries: Vec<&Value> = of.filter(|entry| entry["dialect"] == dialect).collect();
        let names: Vec<&Value> = entries.iter().map(|entry| &entry["name"]).collect();
        let body = json!({"url": receiver.url(), "dialect": dialect, "event_types": names});
        let endpoint = stage.endpoint(&body).await;
        let path = stage.endpoint_path(&endpoint, "/test");
        for entry in entries {
            let name = text(entry, "name");
            let published = stage.publish_of(name, &entry["example"].to_string()).await;
            stage
                .wait_for(&published.deliveries[0].0, "succeeded")
                .await;
            let wish = json!({"event_type": name});
            let attempt = stage.rest().post(&path, &wish).await.expect(200);
            assert_eq!(attempt["outcome"], "success", "{name}");
            let wish = json!({"event_type": name, "payload": []});
            let refused = stage.rest().post(&path, &wish).await;
            assert_eq!(refused.problem(422), "validation-failed", "{name}");
            sent += 2;
        }
    }
    assert_eq!(receiver.wait_for(sent, SOON).await.len(), sent);
}

async fn a_custom_type_is_held_to_its_schema(mode: Mode) {
    let mut stage = Stage::start(mode).await;
    stage.merchant = create_strict_merchant(stage.rest()).await;
    let schema = json!({"type": "object", "required": ["total"], "properties": {"total": {"type": "number", "minimum": 0}}});
    let new = json!({"name": "order.paid", "dialect": "standard", "description": "An order was paid.",
        "schema": schema, "example": {"total": 12.5}});
    let entry = stage.rest().post("/v1/event-types", &new).await.expect(201);
    assert_eq!(
        (&entry["schema"], &entry["built_in"]),
        (&schema, &json!(false))
    );
    stage.publish_of("order.paid", r#"{"total":12.50}"#).await;
    let body = r#"{"event_type":"order.paid","payload":{"total":-1}}"#;
    let refused = stage.publish_body(body, &[]).await;
    assert_eq!(refused.problem(422), "validation-failed");
    let error = &refused.json()["errors"][0];
    assert_eq!(
        (&error["pointer"], &error["code"], &error["detail"]),
        (
            &json!("/payload/total"),
            &json!("schema"),
            &json!("must be 0 or more")
        )
    );
}

async fn a_schema_that_is_none_is_refused_at_its_pointer(mode: Mode) {
    let stage = Stage::start(mode).await;
    let remote = json!({"properties": {"a": {"$ref": "https://example.com/a.json"}}});
    for (schema, example, pointer) in [
        (json!({"type": "objct"}), json!({}), "/schema/type"),
        (json!([]), json!({}), "/schema"),
        (remote, json!({}), "/schema/properties/a/$ref"),
        (json!({"$ref": "#"}), json!({}), "/schema/$ref"),
        (json!({"required": ["a"]}), json!({}), "/example/a"),
    ] {
        let new = json!({"name": "order.paid", "dialect": "standard", "description": "An order was paid.",
            "schema": schema, "example": example});
        let refused = stage.rest().post("/v1/event-types", &new).await;
        assert_eq!(refused.problem(422), "validation-failed", "{schema}");
        assert_eq!(refused.json()["errors"][0]["pointer"], pointer, "{schema}");
    }
    let missing = stage.rest().get("/v1/event-types/order.paid").await;
    assert_eq!(missing.problem(404), "not-found");
}
