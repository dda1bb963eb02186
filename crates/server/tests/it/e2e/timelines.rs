//! Sessions and checkouts as the API shows them, and why an event fired or did not.

use serde_json::{Value, json};
use testkit::rest::text;
use testkit::server::Mode;

use super::activities::{LATE, done, known, record, wait_for_state, watched};
use super::stage::create_merchant;

in_both_modes! {
    contract_040_057_086_094_timelines_say_why_events_fired_or_did_not,
    lists_are_paged_newest_first_and_filtered,
    another_merchants_sessions_and_checkouts_are_not_there,
}

fn texts(detail: &Value) -> Vec<&str> {
    let timeline = detail["timeline"].as_array().expect("a timeline");
    timeline.iter().map(|entry| text(entry, "text")).collect()
}

#[track_caller]
fn says(detail: &Value, words: &str) {
    let said = texts(detail);
    assert!(
        said.iter().any(|text| text.contains(words)),
        "{words}: {said:#?}"
    );
}

async fn contract_040_057_086_094_timelines_say_why_events_fired_or_did_not(mode: Mode) {
    let (stage, receiver) = watched(mode, "flexype", &["ABANDONED_CHECKOUT"]).await;
    let view = done(
        "product_viewed",
        "phone",
        "",
        &json!({"product_id": 7, "title": "Mug"}),
    );
    let mut named = known(view.clone(), "jane@example.com");
    named["visitor"]["session_id"] = json!("s-1");
    let mut anonymous = done("page_viewed", "tablet", "", &json!({}));
    anonymous["visitor"]["session_id"] = json!("s-2");
    let mut quiet = known(
        done("page_viewed", "laptop", "", &json!({})),
        "joe@example.com",
    );
    quiet["visitor"]["session_id"] = json!("s-3");
    let mut open = done("checkout_opened", "phone", "A", &json!({}));
    open["visitor"]["session_id"] = json!("s-1");
    let next = done("checkout_opened", "phone", "B", &json!({}));
    record(&stage, &[named, anonymous, quiet, open]).await;
    let running = wait_for_state(&stage, "/checkouts?checkout_id=A", "open").await;
    let path = stage.path(&format!("/checkouts/{}", text(&running, "id")));
    assert!(running["due_at"].is_string(), "{running}");
    says(&stage.rest().get(&path).await.expect(200), "Due at ");
    record(&stage, &[next]).await;
    receiver.wait_for(1, LATE).await;
    let detail = |list: &'static str, state: &'static str| {
        let stage = &stage;
        async move {
            let row = wait_for_state(stage, list, state).await;
            let kind = list.split('?').next().unwrap_or_default();
            let path = stage.path(&format!("{kind}/{}", text(&row, "id")));
            stage.rest().get(&path).await.expect(200)
        }
    };
    let first = detail("/sessions?session_id=s-1", "converted").await;
    says(
        &first,
        "PRODUCT_VIEWED did not fire: no endpoint is subscribed to it.",
    );
    says(&first, "was converted by opening checkout A");
    let nobody = detail("/sessions?session_id=s-2", "expired_anonymous").await;
    says(&nobody, "the shopper was not identified");
    let third = detail("/sessions?session_id=s-3", "abandoned").await;
    says(
        &third,
        "ABANDONED_SESSION fired, but no endpoint was subscribed",
    );
    let superseded = detail("/checkouts?checkout_id=A", "superseded").await;
    says(&superseded, "was superseded by checkout B");
    let left = detail("/checkouts?checkout_id=B", "abandoned").await;
    let timeline = left["timeline"].as_array().unwrap();
    let fired = timeline
        .iter()
        .find(|entry| entry["kind"] == "event")
        .unwrap();
    assert_eq!(fired["event"]["event_type"], "ABANDONED_CHECKOUT");
    let event_id = receiver.requests()[0].json()["event_id"].clone();
    assert_eq!(fired["event"]["event_id"], event_id);
    let delivery = text(&fired["event"]["deliveries"][0], "id").to_owned();
    stage.wait_for(&delivery, "succeeded").await;
    let back = done(
        "checkout_step",
        "phone",
        "B",
        &json!({"state": "PHONE_ENTERED"}),
    );
    record(&stage, &[back]).await;
    let left = detail("/checkouts?checkout_id=B", "abandoned").await;
    says(&left, "No new event: checkout B is abandoned already since");
    let last = left["timeline"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(last["activity"]["data"], json!({"state": "PHONE_ENTERED"}));
}

async fn lists_are_paged_newest_first_and_filtered(mode: Mode) {
    let (stage, _receiver) = watched(mode, "flexype", &["ABANDONED_CHECKOUT"]).await;
    for place in 0..5 {
        let device = format!("d-{place}");
        let mut view = done("page_viewed", &device, "", &json!({}));
        view["visitor"]["session_id"] = json!(format!("s-{place}"));
        view["identity"] = json!({"phone": format!("98765{place}"), "dial_code": "91"});
        record(&stage, &[view]).await;
    }
    let mut seen = Vec::new();
    let mut path = stage.path("/sessions?limit=2");
    loop {
        let page = stage.rest().get(&path).await.expect(200);
        let rows = page["data"].as_array().unwrap();
        seen.extend(rows.iter().map(|row| text(row, "session_id").to_owned()));
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        path = stage.path(&format!("/sessions?limit=2&cursor={cursor}"));
    }
    assert_eq!(seen, ["s-4", "s-3", "s-2", "s-1", "s-0"]);
    for (filter, found) in [
        ("phone=%2B91987653", 1),
        ("phone=91987653", 1),
        ("phone=987653", 0),
        ("email=jane@example.com", 0),
        ("session_id=s-2", 1),
        ("checkout_id=none", 0),
        ("state=converted", 0),
    ] {
        let path = stage.path(&format!("/sessions?{filter}"));
        let rows = stage.rest().get(&path).await.expect(200);
        assert_eq!(rows["data"].as_array().unwrap().len(), found, "{filter}");
    }
    let unknown = stage.rest().get(&stage.path("/checkouts?mail=x")).await;
    assert_eq!(unknown.problem(400), "invalid-parameter");
    let lost = stage.rest().get(&stage.path("/checkouts?state=lost")).await;
    assert_eq!(lost.problem(400), "invalid-parameter");
}

async fn another_merchants_sessions_and_checkouts_are_not_there(mode: Mode) {
    let (stage, _receiver) = watched(mode, "flexype", &["ABANDONED_CHECKOUT"]).await;
    let other = create_merchant(stage.rest(), "Other").await;
    let view = done("page_viewed", "phone", "", &json!({}));
    let open = done("checkout_opened", "phone", "A", &json!({}));
    record(&stage, &[view, open]).await;
    for list in ["sessions", "checkouts"] {
        let rows = stage.rest().get(&stage.path(&format!("/{list}"))).await;
        let rows = rows.expect(200);
        let id = text(&rows["data"][0], "id").to_owned();
        let own = stage.path(&format!("/{list}/{id}"));
        stage.rest().get(&own).await.expect(200);
        let foreign = format!("/v1/merchants/{other}/{list}/{id}");
        assert_eq!(stage.rest().get(&foreign).await.problem(404), "not-found");
        let path = format!("/v1/merchants/{other}/{list}");
        let empty = stage.rest().get(&path).await.expect(200);
        assert_eq!(empty["data"], json!([]));
    }
}
