//! Published payloads against the schemas of their types: refused, or taken with a warning.

use serde_json::{Value, json};
use testkit::fixtures;
use testkit::receiver::Receiver;
use testkit::rest::Answer;
use testkit::server::Mode;

use super::stage::{EVENT, SOON, Stage, create_strict_merchant, flexype, with};

in_both_modes! {
    contract_041_061_071_a_payload_that_does_not_match_is_refused_and_the_pointer_named,
    contract_116_119_each_field_has_the_type_of_its_sample,
    a_batch_is_refused_whole_and_each_mismatch_named,
    a_lenient_merchant_gets_warnings_and_the_payload_is_sent_as_it_came,
    a_merchant_may_change_its_mode_at_any_time,
    numbers_of_any_size_are_answered_with_422_at_worst,
    a_test_send_with_a_payload_of_its_own_is_held_to_the_schema,
}

async fn strict(mode: Mode) -> Stage {
    let mut stage = Stage::start(mode).await;
    stage.merchant = create_strict_merchant(stage.rest()).await;
    stage
}

/// The sample with another value at the pointer, or without it.
fn changed(event_type: &str, pointer: &str, value: Option<Value>) -> Value {
    let mut payload: Value = serde_json::from_str(fixtures::payload(event_type)).unwrap();
    if let Some(value) = value {
        *payload.pointer_mut(pointer).unwrap() = value;
        return payload;
    }
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let parent = payload.pointer_mut(parent).unwrap();
    parent.as_object_mut().unwrap().remove(key).unwrap();
    payload
}

async fn publish(stage: &Stage, event_type: &str, payload: &Value) -> Answer {
    let body = json!({"event_type": event_type, "payload": payload});
    stage.publish_body(&body.to_string(), &[]).await
}

/// Pointer and code of each error.
fn errors(refused: &Answer) -> Vec<(String, String)> {
    assert_eq!(refused.problem(422), "validation-failed");
    let problem = refused.json();
    let pair = |error: &Value| {
        let text = |key: &str| error[key].as_str().unwrap().to_owned();
        (text("pointer"), text("code"))
    };
    problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(pair)
        .collect()
}

async fn refused_at(stage: &Stage, event_type: &str, pointer: &str, value: Option<Value>) {
    let payload = changed(event_type, pointer, value);
    let refused = publish(stage, event_type, &payload).await;
    let expected = (format!("/payload{pointer}"), "schema".to_owned());
    assert_eq!(errors(&refused), [expected], "{event_type}");
}

async fn contract_041_061_071_a_payload_that_does_not_match_is_refused_and_the_pointer_named(
    mode: Mode,
) {
    let stage = strict(mode).await;
    let session = "ABANDONED_SESSION";
    refused_at(&stage, session, "/user/phone_with_dial_code", None).await;
    refused_at(
        &stage,
        session,
        "/cart/0/product_id",
        Some(json!("9945414435106")),
    )
    .await;
    refused_at(&stage, session, "/cart/0/product_id", Some(json!(u64::MAX))).await;
    refused_at(&stage, session, "/cart/0/price", Some(json!("189"))).await;
    refused_at(
        &stage,
        "ABANDONED_CHECKOUT",
        "/session_state",
        Some(json!("PAID")),
    )
    .await;
    let unknown = changed(session, "/user/dial_code", Some(Value::Null));
    publish(&stage, session, &unknown).await.expect(202);
    let list = stage.rest().get(&stage.path("/events")).await.expect(200);
    assert_eq!(
        list["data"].as_array().unwrap().len(),
        1,
        "only what was taken"
    );
}

async fn contract_116_119_each_field_has_the_type_of_its_sample(mode: Mode) {
    let stage = strict(mode).await;
    refused_at(&stage, "add_to_cart", "/value", Some(json!(20))).await;
    refused_at(&stage, "purchase", "/value", Some(json!("35"))).await;
    refused_at(&stage, "purchase", "/context/order_id", Some(json!("449"))).await;
    refused_at(
        &stage,
        "email_automation_delivered",
        "/step_id",
        Some(json!("1")),
    )
    .await;
    refused_at(
        &stage,
        "email_automation_opened",
        "/step_id",
        Some(json!(1)),
    )
    .await;
    refused_at(
        &stage,
        "checkouts/completed",
        "/line_items/1/variant_id",
        Some(json!(7)),
    )
    .await;
}

async fn a_batch_is_refused_whole_and_each_mismatch_named(mode: Mode) {
    let stage = strict(mode).await;
    let good = json!({"event_type": "contact_created", "payload": changed("contact_created", "/created_at", Some(json!(1)))});
    let bad = json!({"event_type": "contact_created", "payload": changed("contact_created", "/created_at", None)});
    let path = stage.path("/events/batch");
    let body = json!({"events": [good, bad, good, bad]});
    let refused = stage.rest().post(&path, &body).await;
    let at = |place: usize| {
        (
            format!("/events/{place}/payload/created_at"),
            "schema".to_owned(),
        )
    };
    assert_eq!(errors(&refused), [at(1), at(3)]);
    let one = stage.rest().post(&path, &json!({"events": [bad]})).await;
    assert_eq!(errors(&one), [at(0)]);
    let many = json!({"events": vec![bad; 300]});
    let many = stage.rest().post(&path, &many).await;
    assert_eq!(errors(&many).len(), 100);
    let list = stage.rest().get(&stage.path("/events")).await.expect(200);
    assert_eq!(list["data"], json!([]));
}

async fn a_lenient_merchant_gets_warnings_and_the_payload_is_sent_as_it_came(mode: Mode) {
    let (stage, receiver) = tokio::join!(Stage::start(mode), Receiver::start());
    stage.flexype(&receiver).await;
    let body = format!(r#"{{"event_type":"{EVENT}","event_id":"a-1","payload":{{ "n": 1.50 }}}}"#);
    let taken = stage.publish_body(&body, &[]).await.expect(202);
    let missing = |key: &str| json!({"pointer": format!("/payload/{key}"), "detail": "is missing"});
    assert_eq!(
        taken["warnings"],
        json!([missing("user"), missing("product_viewed")])
    );
    let again = stage.publish_body(&body, &[]).await;
    assert_eq!(again.expect(200), taken, "a repeat has the first answer");
    let request = receiver.wait_for(1, SOON).await.remove(0);
    let sent = String::from_utf8(request.body.to_vec()).unwrap();
    assert!(sent.contains(r#"{ "n": 1.50 }"#), "{sent}");
    let fine = fixtures::payload(EVENT);
    let body = format!(
        r#"{{"events":[{{"event_type":"{EVENT}","payload":{fine}}},{{"event_type":"{EVENT}","payload":{{}}}}]}}"#
    );
    let path = stage.path("/events/batch");
    let both = stage
        .rest()
        .send(http::Method::POST, &path, &[], body)
        .await
        .expect(202);
    assert_eq!(both["events"][0]["warnings"], json!([]), "{both}");
    assert_eq!(
        both["events"][1]["warnings"][0],
        missing("user"),
        "a pointer in the event"
    );
}

async fn a_merchant_may_change_its_mode_at_any_time(mode: Mode) {
    let stage = strict(mode).await;
    let merchant = stage.path("");
    let shown = stage.rest().get(&merchant).await.expect(200);
    assert_eq!(shown["settings"]["schema_mode"], "strict", "the default");
    let odd = json!({});
    errors(&publish(&stage, EVENT, &odd).await);
    for (mode, status) in [("warn", 202), ("strict", 422), ("warn", 202)] {
        let change = json!({"settings": {"schema_mode": mode}});
        let changed = stage.rest().patch(&merchant, &change).await.expect(200);
        assert_eq!(changed["settings"]["schema_mode"], mode);
        assert_eq!(changed["settings"]["acr_clock"], "open", "left as it was");
        assert_eq!(publish(&stage, EVENT, &odd).await.status, status, "{mode}");
    }
    let wrong = json!({"settings": {"schema_mode": "loose"}});
    let refused = stage.rest().patch(&merchant, &wrong).await;
    assert_eq!(refused.problem(422), "validation-failed");
}

async fn numbers_of_any_size_are_answered_with_422_at_worst(mode: Mode) {
    let stage = strict(mode).await;
    let sample = fixtures::payload("contact_created");
    for number in ["4214124124124124121241", "1e300", "1e400", "-1e400"] {
        let payload = sample.replace("1674656958", number);
        let body = format!(r#"{{"event_type":"contact_created","payload":{payload}}}"#);
        let answer = stage.publish_body(&body, &[]).await;
        assert!([202, 422].contains(&answer.status), "{number}: {answer:?}");
        let payload = sample.replacen('{', &format!(r#"{{"more":{number},"#), 1);
        let body = format!(r#"{{"event_type":"contact_created","payload":{payload}}}"#);
        let answer = stage.publish_body(&body, &[]).await;
        let expected = if number.ends_with("400") { 422 } else { 202 };
        assert_eq!(answer.status, expected, "{number}: {answer:?}");
    }
}

async fn a_test_send_with_a_payload_of_its_own_is_held_to_the_schema(mode: Mode) {
    let (mut stage, receiver) = tokio::join!(Stage::start(mode), Receiver::start());
    let lenient = std::mem::take(&mut stage.merchant);
    stage.merchant = create_strict_merchant(stage.rest()).await;
    let body = with(
        flexype(&receiver.url()),
        &json!({"event_types": ["NEW_CUSTOMER"]}),
    );
    let endpoint = stage.endpoint(&body).await;
    let path = stage.endpoint_path(&endpoint, "/test");
    let wish = |payload: Value| json!({"payload": payload});
    let bad = changed("NEW_CUSTOMER", "/shopify_customer_id", Some(json!(7)));
    let refused = stage.rest().post(&path, &wish(bad.clone())).await;
    let expected = (
        "/payload/shopify_customer_id".to_owned(),
        "schema".to_owned(),
    );
    assert_eq!(errors(&refused), [expected]);
    let good = changed(
        "NEW_CUSTOMER",
        "/user/email",
        Some(json!("joe@example.com")),
    );
    stage
        .rest()
        .post(&path, &wish(good.clone()))
        .await
        .expect(200);
    let sent = receiver.wait_for(1, SOON).await.remove(0).json();
    assert_eq!(sent["payload"], good);
    stage.merchant = lenient;
    let endpoint = stage.endpoint(&body).await;
    let path = stage.endpoint_path(&endpoint, "/test");
    stage.rest().post(&path, &wish(bad)).await.expect(200);
}
