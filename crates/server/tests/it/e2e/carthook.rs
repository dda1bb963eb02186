//! What a CartHook receiver gets: contract E9.

use serde_json::{Value, json};
use testkit::fixtures::{CARTHOOK, carthook_payload};
use testkit::receiver::{Behaviour, Receiver};
use testkit::rest::text;
use testkit::server::Mode;

use super::golden::{Arrived, compact, endpoint_of, keys, play};
use super::stage::{Published, SOON, Stage};

in_both_modes! {
    contract_127_topics_come_in_with_and_without_a_slash_and_go_out_in_a_header,
    contract_128_only_topics_that_are_subscribed_to_are_pushed,
    contract_129_a_chosen_id_begins_with_cev,
    contract_129_an_event_is_found_by_the_id_it_was_given,
    contract_129_130_131_ids_stay_the_same_over_retries_topics_and_changes,
    contract_133_one_event_has_one_id_and_each_endpoint_its_own,
    contract_141_an_uninstall_has_three_keys,
    contract_143_144_145_154_each_topic_arrives_as_printed_but_for_the_three_ids,
    contract_132_146_147_148_149_150_151_155_fields_keep_their_kinds_and_spellings,
    contract_156_any_2xx_acknowledges_others_and_slow_ones_are_retried,
}

/// The ids of the pages' samples, which ours stand for.
const PRINTED: [(&str, &str); 5] = [
    ("id", r#""cev_P12jn3Qzexr""#),
    ("id", r#""cev_941942192""#),
    ("webhook_id", r#""cwe_Sai45cWed""#),
    ("webhook_id", r#""cwe_91249124""#),
    ("merchant_id", ""),
];

/// The sample with the ids that this request carries.
fn expected(one: &Arrived) -> String {
    let body = one.request.json();
    let mut text = compact(one.sample);
    let sample: Value = serde_json::from_str(one.sample).unwrap();
    for (name, printed) in PRINTED {
        let merchant = sample["merchant_id"].to_string();
        let printed = if printed.is_empty() {
            &merchant
        } else {
            printed
        };
        text = text.replace(printed, &body[name].to_string());
    }
    text
}

/// Whether the id is `<prefix>_` and 26 letters of ours.
fn is_id(value: &Value, prefix: &str) -> bool {
    let suffix = value.as_str().and_then(|id| id.strip_prefix(prefix));
    suffix.is_some_and(|rest| {
        let letters = rest.strip_prefix('_').unwrap_or_default();
        letters.len() == 26 && letters.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

/// An endpoint for these topics at the receiver.
async fn subscribe(stage: &Stage, receiver: &Receiver, topics: &[&str]) -> Value {
    let body = endpoint_of("carthook", &receiver.url(), topics);
    stage.endpoint(&body).await
}

/// What our endpoint and merchant are called in bodies, as the API shows it.
async fn shown_ids(stage: &Stage, endpoint: &Value) -> (Value, Value) {
    let merchant = stage.rest().get(&stage.path("")).await.expect(200);
    let shown = stage.rest().get(&stage.endpoint_path(endpoint, "")).await;
    (
        shown.expect(200)["webhook_id"].clone(),
        merchant["carthook_merchant_id"].clone(),
    )
}

async fn contract_127_topics_come_in_with_and_without_a_slash_and_go_out_in_a_header(mode: Mode) {
    let (stage, receiver) = tokio::join!(Stage::start(mode), Receiver::start());
    let wanted = ["/checkouts/created", "/app/uninstalled", "app/uninstalled"];
    let endpoint = subscribe(&stage, &receiver, &wanted).await;
    let canonical = json!(["app/uninstalled", "checkouts/created"]);
    assert_eq!(endpoint["event_types"], canonical);
    let path = stage.endpoint_path(&endpoint, "/subscriptions");
    let put = json!({"event_types": wanted});
    let put = stage.rest().put(&path, &put).await;
    assert_eq!(put.expect(200)["event_types"], canonical);
    for (place, (topic, sent)) in [
        ("/checkouts/created", "checkouts/created"),
        ("checkouts/created", "checkouts/created"),
        ("app/uninstalled", "app/uninstalled"),
        ("/app/uninstalled", "app/uninstalled"),
    ]
    .into_iter()
    .enumerate()
    {
        let published = stage.publish_of(topic, carthook_payload(topic)).await;
        let request = receiver.wait_for(place + 1, SOON).await.remove(place);
        assert_eq!(request.header("x-carthook-topic"), Some(sent));
        assert_eq!(request.json().get("topic"), None);
        assert_eq!(stage.delivery(published.only()).await["event_type"], sent);
    }
    let with_slash = r#"{"event_type":"/checkouts/created","payload":{},"event_id":"cev_1"}"#;
    let payload = carthook_payload("checkouts/created");
    let with_slash = with_slash.replace("{}", payload);
    stage.publish_body(&with_slash, &[]).await.expect(202);
    let without = with_slash.replace("/checkouts", "checkouts");
    stage.publish_body(&without, &[]).await.expect(200);
    let twice = with_slash.replace("/checkouts", "//checkouts");
    let refused = stage.publish_body(&twice, &[]).await;
    assert_eq!(refused.json()["errors"][0]["pointer"], "/event_type");
    let wish = json!({"event_type": "/app/uninstalled"});
    let path = stage.endpoint_path(&endpoint, "/test");
    stage.rest().post(&path, &wish).await.expect(200);
    let test = receiver.wait_for(6, SOON).await.remove(5);
    assert_eq!(test.header("x-carthook-topic"), Some("app/uninstalled"));
}

async fn contract_128_only_topics_that_are_subscribed_to_are_pushed(mode: Mode) {
    let (stage, receiver) = tokio::join!(Stage::start(mode), Receiver::start());
    subscribe(&stage, &receiver, &["checkouts/completed"]).await;
    for (topic, payload) in CARTHOOK {
        let count = stage.publish_of(topic, payload).await.deliveries.len();
        let wanted = usize::from(topic == "checkouts/completed");
        assert_eq!(count, wanted, "{topic}");
    }
    let requests = receiver.wait_for(1, SOON).await;
    assert_eq!(
        requests[0].header("x-carthook-topic"),
        Some("checkouts/completed")
    );
}

async fn contract_129_a_chosen_id_begins_with_cev(mode: Mode) {
    let (stage, receiver) = tokio::join!(Stage::start(mode), Receiver::start());
    subscribe(&stage, &receiver, &["checkouts/created"]).await;
    let payload = carthook_payload("checkouts/created");
    let event = |event_id: &str| {
        format!(
            r#"{{"event_type":"checkouts/created","payload":{payload},"event_id":"{event_id}"}}"#
        )
    };
    let accepted = stage.publish_body(&event("cev_P12jn3Qzexr"), &[]).await;
    assert_eq!(accepted.expect(202)["event_id"], "cev_P12jn3Qzexr");
    let request = receiver.wait_for(1, SOON).await.remove(0);
    assert_eq!(request.json()["id"], "cev_P12jn3Qzexr");
    assert_eq!(request.header("webhook-id"), Some("cev_P12jn3Qzexr"));
    for event_id in ["evt_1", "P12jn3Qzexr", "CEV_1"] {
        let refused = stage.publish_body(&event(event_id), &[]).await;
        assert_eq!(refused.problem(422), "validation-failed");
        assert_eq!(refused.json()["errors"][0]["pointer"], "/event_id");
    }
    let batch = format!(r#"{{"events":[{},{}]}}"#, event("cev_2"), event("evt_2"));
    let path = stage.path("/events/batch");
    let refused = stage.rest().send(http::Method::POST, &path, &[], batch);
    assert_eq!(
        refused.await.json()["errors"][0]["pointer"],
        "/events/1/event_id"
    );
}

async fn contract_129_an_event_is_found_by_the_id_it_was_given(mode: Mode) {
    let stage = Stage::start(mode).await;
    let payload = carthook_payload("checkouts/created");
    let published = stage.publish_of("checkouts/created", payload).await;
    assert!(published.event_id.starts_with("cev_"), "{published:?}");
    let path = |id: &str| stage.path(&format!("/events/{id}"));
    let event = stage.rest().get(&path(&published.event_id)).await;
    let event = event.expect(200);
    assert_eq!(event["event_id"], published.event_id);
    let same = stage.rest().get(&path(text(&event, "id"))).await;
    assert_eq!(same.expect(200)["event_id"], published.event_id);
    let other = published.event_id.replace("cev_", "cev_test_");
    let none = stage.rest().get(&path(&other)).await;
    assert_eq!(none.problem(404), "not-found");
}

async fn contract_129_130_131_ids_stay_the_same_over_retries_topics_and_changes(mode: Mode) {
    let (stage, receiver) = tokio::join!(Stage::start(mode), Receiver::start());
    receiver.answer(Behaviour::statuses(&[500, 503, 404, 500, 200]));
    let topics = ["checkouts/created", "checkouts/updated"];
    let endpoint = subscribe(&stage, &receiver, &topics).await;
    let (webhook, merchant) = shown_ids(&stage, &endpoint).await;
    assert_eq!(endpoint["webhook_id"], webhook);
    assert!(is_id(&webhook, "cwe") && is_id(&merchant, "cmid"));
    let payload = carthook_payload(topics[0]);
    let published = stage.publish_of(topics[0], payload).await;
    assert!(is_id(&json!(published.event_id), "cev"));
    stage.wait_for(published.only(), "failed").await;
    stage.act(published.only(), "retry").await.expect(202);
    stage.wait_for(published.only(), "succeeded").await;
    for request in receiver.requests() {
        let body = request.json();
        assert_eq!(body["id"], published.event_id);
        assert_eq!(request.header("webhook-id"), Some(&*published.event_id));
        assert_eq!(
            (&body["webhook_id"], &body["merchant_id"]),
            (&webhook, &merchant)
        );
    }
    let change = json!({"url": format!("{}/moved", receiver.url()), "event_types": [topics[1]]});
    let path = stage.endpoint_path(&endpoint, "");
    stage.rest().patch(&path, &change).await.expect(200);
    let other = stage
        .publish_of(topics[1], carthook_payload(topics[1]))
        .await;
    assert_ne!(other.event_id, published.event_id, "another occurrence");
    let body = receiver.wait_for(6, SOON).await.remove(5).json();
    assert_eq!(
        (&body["webhook_id"], &body["merchant_id"]),
        (&webhook, &merchant)
    );
    let plain = stage.flexype(&receiver).await;
    let shown = plain.get("webhook_id").unwrap_or(&Value::Null);
    assert!(shown.is_null(), "only where the dialect is carthook");
}

async fn contract_133_one_event_has_one_id_and_each_endpoint_its_own(mode: Mode) {
    let (stage, one, other) =
        tokio::join!(Stage::start(mode), Receiver::start(), Receiver::start());
    let topic = "checkouts/updated";
    let first = subscribe(&stage, &one, &[topic]).await;
    let second = subscribe(&stage, &other, &[topic]).await;
    let published = stage.publish_of(topic, carthook_payload(topic)).await;
    let one = one.wait_for(1, SOON).await.remove(0).json();
    let other = other.wait_for(1, SOON).await.remove(0).json();
    assert_eq!(
        (&one["id"], &other["id"]),
        (&json!(published.event_id), &one["id"])
    );
    assert_eq!(one["merchant_id"], other["merchant_id"]);
    assert_eq!(one["webhook_id"], first["webhook_id"]);
    assert_eq!(other["webhook_id"], second["webhook_id"]);
    assert_ne!(one["webhook_id"], other["webhook_id"]);
}

async fn contract_141_an_uninstall_has_three_keys(mode: Mode) {
    let (stage, receiver) = tokio::join!(Stage::start(mode), Receiver::start());
    let topic = "app/uninstalled";
    let endpoint = subscribe(&stage, &receiver, &[topic]).await;
    let (webhook, merchant) = shown_ids(&stage, &endpoint).await;
    let published = stage.publish_of(topic, carthook_payload(topic)).await;
    let request = receiver.wait_for(1, SOON).await.remove(0);
    let wanted = format!(
        r#"{{"id":"{}","webhook_id":{webhook},"merchant_id":{merchant}}}"#,
        published.event_id
    );
    assert_eq!(String::from_utf8_lossy(&request.body), wanted);
}

async fn contract_143_144_145_154_each_topic_arrives_as_printed_but_for_the_three_ids(mode: Mode) {
    let stage = Stage::start(mode).await;
    let (endpoint, arrived) = play(&stage, "carthook", &CARTHOOK).await;
    let (webhook, merchant) = shown_ids(&stage, &endpoint).await;
    for one in &arrived {
        let body = one.request.json();
        assert_eq!(compact(one.body()), expected(one), "{}", one.event_type);
        assert!(is_id(&body["id"], "cev"));
        assert_eq!(body["id"], one.published.event_id);
        assert_eq!(
            (&body["webhook_id"], &body["merchant_id"]),
            (&webhook, &merchant)
        );
    }
    let bodies: Vec<Value> = arrived.iter().map(|one| one.request.json()).collect();
    for (body, names) in bodies.iter().zip([
        "id webhook_id cid merchant_id store_url funnel_id currency subtotal_price total_price cart_url \
         funnel_step line_items",
        "id webhook_id cid merchant_id store_url funnel_id currency subtotal_price total_price cart_url \
         funnel_step customer selected_shipping_rates coupons shipping_address billing_address line_items",
        "id webhook_id cid merchant_id store_url funnel_id customer carthook_order_id currency subtotal_price \
         total_price total_coupons_amount order_number order_id payment_gateway shipping_address \
         billing_address line_items selected_shipping_rates coupons",
    ]) {
        assert_eq!(keys(body).join(" "), names);
    }
}

async fn contract_132_146_147_148_149_150_151_155_fields_keep_their_kinds_and_spellings(
    mode: Mode,
) {
    let stage = Stage::start(mode).await;
    let topic = "checkouts/completed";
    let arrived = play(&stage, "carthook", &CARTHOOK[..3]).await.1;
    let text = compact(arrived[2].body());
    assert_eq!(arrived[2].event_type, topic);
    for spelling in [
        r#""funnel_id":"cfu_Sa9473Cf21","#,
        r#""cid":"cid_xxxxxx","#,
        r#""store_url":"store.myshopify.com","#,
        r#""product_id":"39117609670","variant_id":"39607609670","discounted_price":48.8,"price":49,"quantity":5,"sku":"SKU-XL-RED","tax_amount":4.39,"tax_rate":0.09,"taxable":true,"title":"Average Oceanic Rock""#,
        r#""customer":{"email":"customer+email@carthook.com","first_name":"First","last_name":"Last","buyer_accepts_marketing":true}"#,
        r#""shipping_address":{"first_name":"First","last_name":"Last","company":"Company","address1":"Address 1","address2":"Address 2","city":"New York","province":"New York","zip":"10001","country":"United States","phone":"12345678"}"#,
        r#""selected_shipping_rates":[{"title":"Priority Mail","price":7.29,"code":"Priority","source":"usps","carrier_identifier":null,"requested_fulfillment_service_id":null}]"#,
        r#""coupons":[{"coupon_code":"1DOLLAROFF","coupon_type":"amount_off","coupon_source":"shopify","amount":1,"title":"Some Coupon"}]"#,
        r#""carthook_order_id":"PcA4raUZdta1vTsJdcLb","#,
        r#""order_number":"CH-1234","order_id":"4214124124124124121241","#,
        r#""subtotal_price":247.5,"total_price":275.97,"total_coupons_amount":1,"#,
    ] {
        assert!(text.contains(spelling), "{spelling} in {text}");
    }
    for one in &arrived[..2] {
        let body = one.request.json();
        assert_eq!(body["cart_url"], "<CARTHOOK_CHECKOUT_CART_URL>");
    }
}

async fn contract_156_any_2xx_acknowledges_others_and_slow_ones_are_retried(mode: Mode) {
    let (stage, receiver) = tokio::join!(Stage::start(mode), Receiver::start());
    receiver.answer(Behaviour::Script(vec![
        Behaviour::Hang,
        Behaviour::Status(410),
        Behaviour::Status(404),
        Behaviour::Status(202),
    ]));
    let topic = "checkouts/created";
    let endpoint = subscribe(&stage, &receiver, &[topic]).await;
    let payload = carthook_payload(topic);
    let published = stage.publish_of(topic, payload).await;
    let delivery = stage.wait_for(published.only(), "succeeded").await;
    assert_eq!(delivery["last_http_status"], 202);
    let attempts = stage.attempts(published.only()).await;
    let outcomes: Vec<&str> = attempts.iter().map(|one| text(one, "outcome")).collect();
    assert_eq!(
        outcomes,
        ["timeout", "http_status", "http_status", "success"]
    );
    for request in receiver.requests() {
        assert_eq!(request.header("webhook-id"), Some(&*published.event_id));
        assert!(request.header("webhook-timestamp").is_some());
        let signature = request.header("webhook-signature");
        assert!(signature.is_some_and(|text| text.starts_with("v1,")));
    }
    let shown = stage.rest().get(&stage.endpoint_path(&endpoint, "")).await;
    assert_eq!(shown.expect(200)["enabled"], true, "410 is not heard");
    receiver.answer(Behaviour::Status(500));
    let published: Published = stage.publish_of(topic, payload).await;
    let failed = stage.wait_for(published.only(), "failed").await;
    assert_eq!(failed["attempt_count"], 4, "as many as the schedule says");
}
