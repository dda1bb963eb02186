//! What a Flashy receiver gets: contract E8.

use serde_json::{Value, json};
use testkit::fixtures::{FLASHY, flashy_payload};
use testkit::receiver::{Behaviour, Receiver};
use testkit::server::Mode;

use super::golden::{Arrived, compact, endpoint_of, keys, play};
use super::stage::{SOON, Stage};

in_both_modes! {
    contract_099_100_123_each_sample_arrives_as_printed_in_an_array,
    contract_101_102_103_104_times_accounts_and_contacts_are_as_printed,
    contract_105_106_107_page_view_arrives_as_printed,
    contract_108_109_110_111_112_113_118_119_120_121_122_each_payload_keeps_its_keys_in_order,
    contract_114_115_116_117_a_purchase_keeps_numbers_strings_and_sums,
    contract_116_119_121_122_123_clashes_and_slips_of_the_samples_pass_untouched,
    contract_125_any_2xx_acknowledges_others_and_slow_ones_are_retried,
    contract_126_an_anonymous_visitor_has_no_contact,
}

/// The keys of each event type, in the order they are printed.
const KEYS: [(&str, &str); 13] = [
    (
        "page_view",
        "page_url page_title timezone referral utm gclid cid account_id first_visit session_count timestamp \
         anonymous_id flsid contact_id event",
    ),
    (
        "add_to_cart",
        "value content_ids currency timestamp account_id anonymous_id flsid contact_id event",
    ),
    (
        "contact_subscribed",
        "account_id contact_id feed_id timestamp event",
    ),
    (
        "contact_unsubscribed",
        "account_id contact_id feed_id created_at event",
    ),
    (
        "contact_updated",
        "account_id contact_id old new created_at event",
    ),
    ("contact_created", "account_id contact_id created_at event"),
    (
        "purchase",
        "account_id contact_id order_id content_ids value status currency context delayed created_at event",
    ),
    (
        "automation_completed",
        "account_id contact_id auto_index automation_id last_step created_at event",
    ),
    (
        "email_automation_delivered",
        "account_id contact_id auto_index automation_id template_id step_id created_at event",
    ),
    (
        "email_automation_opened",
        "account_id contact_id automation_id auto_index template_id step_id created_at event",
    ),
    (
        "email_automation_clicked",
        "account_id contact_id automation_id auto_index link step_id created_at event",
    ),
    (
        "email_campaign_bounced",
        "account_id contact_id campaign_id bounce_type created_at event",
    ),
    (
        "incoming_sms",
        "account_id message from to status from_country created_at event",
    ),
];

/// All samples, delivered.
async fn all(mode: Mode) -> Vec<Arrived> {
    let stage = Stage::start(mode).await;
    play(&stage, "flashy", &FLASHY).await.1
}

/// These samples, delivered: the text of each, and its one object.
async fn some<const N: usize>(mode: Mode, event_types: [&'static str; N]) -> [(String, Value); N] {
    let stage = Stage::start(mode).await;
    let samples = event_types.map(|event_type| (event_type, flashy_payload(event_type)));
    let arrived = play(&stage, "flashy", &samples).await.1;
    let read = |one: &Arrived| (compact(one.body()), one.request.json()[0].clone());
    let read: Vec<_> = arrived.iter().map(read).collect();
    read.try_into().expect("as many as were published")
}

async fn contract_099_100_123_each_sample_arrives_as_printed_in_an_array(mode: Mode) {
    for one in all(mode).await {
        assert_eq!(one.body(), format!("[{}]", one.sample.trim()));
        assert_eq!(
            compact(one.body()),
            format!("[{}]", compact(one.sample)),
            "{}",
            one.event_type
        );
        let body = one.request.json();
        assert_eq!(body.as_array().map(Vec::len), Some(1));
        let (last, name) = body[0].as_object().unwrap().iter().next_back().unwrap();
        assert_eq!((last.as_str(), name), ("event", &json!(one.event_type)));
    }
}

async fn contract_101_102_103_104_times_accounts_and_contacts_are_as_printed(mode: Mode) {
    for one in all(mode).await {
        let object = &one.request.json()[0];
        let stamped = ["page_view", "add_to_cart", "contact_subscribed"].contains(&one.event_type);
        let (time, other) = if stamped {
            ("timestamp", "created_at")
        } else {
            ("created_at", "timestamp")
        };
        let seconds = object[time].as_i64().expect("an integer");
        assert!((1_600_000_000..1_700_000_000).contains(&seconds));
        assert_eq!(object.get(other), None, "{}", one.event_type);
        let account = object["account_id"].as_i64().expect("an integer");
        assert!([246, 247, 5_125].contains(&account), "{account}");
        let contact = object.get("contact_id").map(|id| {
            let id = id.as_str().expect("a string");
            id.len() == 32 && id.bytes().all(|byte| b"0123456789abcdef".contains(&byte))
        });
        let wanted = (one.event_type != "incoming_sms").then_some(true);
        assert_eq!(contact, wanted, "{}", one.event_type);
    }
}

async fn contract_105_106_107_page_view_arrives_as_printed(mode: Mode) {
    let [(text, view)] = some(mode, ["page_view"]).await;
    assert_eq!(text, format!("[{}]", compact(flashy_payload("page_view"))));
    assert_eq!(view["timezone"], "Asia/Jerusalem");
    assert_eq!(view["referral"], "");
    let utm = view["utm"].as_object().unwrap();
    assert_eq!(
        keys(&view["utm"]),
        ["campaign", "source", "medium", "term", "content"]
    );
    assert!(utm.values().all(Value::is_null));
    for name in ["gclid", "cid", "flsid"] {
        assert_eq!(view.get(name), Some(&Value::Null), "{name}");
    }
    let anonymous = view["anonymous_id"].as_str().unwrap();
    let hex = anonymous.strip_prefix("246:").expect("the account first");
    assert!(hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
    assert_eq!(
        view["page_url"],
        "https://example.com/?email=name@email.com"
    );
}

async fn contract_108_109_110_111_112_113_118_119_120_121_122_each_payload_keeps_its_keys_in_order(
    mode: Mode,
) {
    let arrived = all(mode).await;
    assert_eq!(arrived.len(), KEYS.len());
    for (one, (event_type, names)) in arrived.iter().zip(KEYS) {
        assert_eq!(one.event_type, event_type);
        let object = &one.request.json()[0];
        assert_eq!(keys(object).join(" "), names, "{event_type}");
        if event_type == "contact_updated" {
            assert_eq!(object["old"], json!({"birthday": null}));
            assert_eq!(object["new"], json!({"birthday": 1_660_262_400}));
        }
    }
}

async fn contract_114_115_116_117_a_purchase_keeps_numbers_strings_and_sums(mode: Mode) {
    let [(text, purchase)] = some(mode, ["purchase"]).await;
    let context = &purchase["context"];
    assert_eq!(
        keys(context).join(" "),
        "checkout_url status items total order_id billing shipping"
    );
    assert_eq!(
        keys(&context["billing"]).join(" "),
        "address city state postcode country"
    );
    assert_eq!(
        keys(&context["shipping"]).join(" "),
        "address city state postcode country method price"
    );
    assert_eq!(
        context["items"],
        json!([{"image_link": false, "title": "product", "quantity": 1, "total": "20"}])
    );
    for spelling in [
        r#""order_id":"449","content_ids":[65],"value":35,"#,
        r#""total":"20"}],"total":"35.00","order_id":449,"#,
        r#""method":"Flat rate","price":"15"}},"delayed":true,"#,
    ] {
        assert!(text.contains(spelling), "{spelling} in {text}");
    }
    let cents = |value: &Value| value.as_str().and_then(|text| text.parse::<f64>().ok());
    let parts = [&context["items"][0]["total"], &context["shipping"]["price"]];
    let sum: Option<f64> = parts.into_iter().map(cents).sum();
    assert_eq!(sum, purchase["value"].as_f64());
    assert_eq!(sum, cents(&context["total"]));
    assert_eq!(purchase["status"], context["status"]);
}

async fn contract_116_119_121_122_123_clashes_and_slips_of_the_samples_pass_untouched(mode: Mode) {
    let pieces = [
        ("add_to_cart", r#""value":"20","content_ids":[65]"#),
        ("email_automation_delivered", r#""step_id":1,"#),
        ("email_automation_opened", r#""step_id":"1","#),
        ("email_automation_clicked", r#""step_id":"1","#),
        ("email_campaign_bounced", r#""bounce_type":"soft_bounced","#),
        (
            "incoming_sms",
            r#""to":"972525999999","status":"received","from_country":"US""#,
        ),
        ("purchase", "https://exmaple.com/checkout/order-pay/449/"),
        ("purchase", r#""address":"בן גוריון 33","city":"באר שבע""#),
    ];
    let arrived = all(mode).await;
    for (event_type, piece) in pieces {
        let one = arrived.iter().find(|one| one.event_type == event_type);
        let text = compact(one.expect("a sample").body());
        assert!(text.contains(piece), "{piece} in {text}");
    }
}

async fn contract_125_any_2xx_acknowledges_others_and_slow_ones_are_retried(mode: Mode) {
    let (stage, receiver) = tokio::join!(Stage::start(mode), Receiver::start());
    receiver.answer(Behaviour::Script(vec![
        Behaviour::Hang,
        Behaviour::Status(410),
        Behaviour::Status(302),
        Behaviour::Status(299),
    ]));
    let body = endpoint_of("flashy", &receiver.url(), &["contact_created"]);
    let endpoint = stage.endpoint(&body).await;
    let payload = flashy_payload("contact_created");
    let published = stage.publish_of("contact_created", payload).await;
    let delivery = stage.wait_for(published.only(), "succeeded").await;
    assert_eq!(delivery["last_http_status"], 299);
    let outcomes: Vec<Value> = stage
        .attempts(published.only())
        .await
        .into_iter()
        .map(|attempt| attempt["outcome"].clone())
        .collect();
    assert_eq!(outcomes, ["timeout", "http_status", "redirect", "success"]);
    for request in receiver.requests() {
        let special = |name: &&http::HeaderName| name.as_str().starts_with("x-");
        assert_eq!(request.headers.keys().find(special), None);
        assert_eq!(request.header("webhook-id"), Some(&*published.event_id));
        let signature = request.header("webhook-signature");
        assert!(signature.is_some_and(|text| text.starts_with("v1,")));
    }
    let shown = stage.rest().get(&stage.endpoint_path(&endpoint, "")).await;
    assert_eq!(shown.expect(200)["enabled"], true, "410 is not heard");
    receiver.answer(Behaviour::Status(500));
    let published = stage.publish_of("contact_created", payload).await;
    let failed = stage.wait_for(published.only(), "failed").await;
    assert_eq!(failed["attempt_count"], 4, "the first and three more");
}

async fn contract_126_an_anonymous_visitor_has_no_contact(mode: Mode) {
    let (stage, receiver) = tokio::join!(Stage::start(mode), Receiver::start());
    let types = ["page_view", "add_to_cart"];
    let body = endpoint_of("flashy", &receiver.url(), &types);
    stage.endpoint(&body).await;
    for (place, event_type) in types.into_iter().enumerate() {
        let mut payload: Value = serde_json::from_str(flashy_payload(event_type)).unwrap();
        assert!(payload["anonymous_id"].is_string() && payload["contact_id"].is_string());
        payload["contact_id"] = Value::Null;
        stage.publish_of(event_type, &payload.to_string()).await;
        let request = receiver.wait_for(place + 1, SOON).await.remove(place);
        assert_eq!(request.json(), json!([payload]));
    }
}
