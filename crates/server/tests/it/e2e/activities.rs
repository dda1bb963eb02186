//! Activities in, webhooks out: the scenarios of FlexyPe's page, with timers of seconds.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::receiver::{Receiver, Recorded};
use testkit::rest::{Answer, text};
use testkit::server::Mode;

use super::stage::{Stage, millis};

in_both_modes! {
    contract_036_037_046_047_054_059_060_a_shopper_who_goes_quiet_is_told_of_and_an_anonymous_one_is_not,
    contract_048_057_075_077_080_082_083_085_089_a_checkout_left_behind_is_told_of_once,
    contract_074_081_086_087_088_a_new_checkout_takes_the_place_of_the_first,
    contract_084_an_order_in_time_fires_nothing,
    contract_092_a_batch_from_the_future_or_the_distant_past_is_refused_whole,
    contract_049_a_repeated_activity_is_not_taken_again,
    contract_050_051_052_a_new_customer_is_told_of_once,
    contract_105_108_113_126_flashy_hears_of_views_carts_and_purchases,
    contract_134_135_136_137_138_139_a_funnel_is_told_of_step_by_step_and_closed_by_silence,
    everything_that_is_wrong_with_a_batch_is_told_at_once,
}

/// How long a timer of these cases and its delivery may take on a busy machine.
pub(crate) const LATE: Duration = Duration::from_secs(20);
/// Timers long enough for what comes before them, short enough to wait for.
pub(crate) const TIMERS: [(&str, &str); 3] = [
    ("HOOKYARD_TRIGGERS__SESSION_INACTIVITY", "2s"),
    ("HOOKYARD_TRIGGERS__CHECKOUT_ABANDONMENT", "3s"),
    ("HOOKYARD_TRIGGERS__UPSELL_INACTIVITY", "2s"),
];

/// A stage with a receiver of these event types.
pub(crate) async fn watched(mode: Mode, dialect: &str, types: &[&str]) -> (Stage, Receiver) {
    let (stage, receiver) = tokio::join!(Stage::start_with(mode, &TIMERS), Receiver::start());
    let account = json!({"flashy_account_id": 246});
    stage
        .rest()
        .patch(&stage.path(""), &account)
        .await
        .expect(200);
    let body = json!({"url": receiver.url(), "dialect": dialect, "event_types": types});
    stage.endpoint(&body).await;
    (stage, receiver)
}

/// An activity of a device; `checkout` may be empty.
pub(crate) fn done(kind: &str, device: &str, checkout: &str, data: &Value) -> Value {
    let mut visitor = json!({"device_id": device});
    if !checkout.is_empty() {
        visitor["checkout_id"] = json!(checkout);
    }
    json!({"type": kind, "visitor": visitor, "data": data})
}

/// The same by a shopper who is known.
pub(crate) fn known(mut activity: Value, email: &str) -> Value {
    activity["identity"] = json!({"email": email, "first_name": "Jane", "last_name": "Doe"});
    activity
}

/// Posts activities and returns the answer.
pub(crate) async fn post(stage: &Stage, activities: &[Value]) -> Answer {
    let path = stage.path("/activities");
    stage
        .rest()
        .post(&path, &json!({"activities": activities}))
        .await
}

/// Posts activities that are new.
pub(crate) async fn record(stage: &Stage, activities: &[Value]) {
    let answer = post(stage, activities).await.expect(202);
    assert_eq!(
        answer,
        json!({"accepted": activities.len(), "duplicates": 0})
    );
}

/// The only row of a list, once it is in this state.
pub(crate) async fn wait_for_state(stage: &Stage, list: &str, wanted: &str) -> Value {
    let end = Instant::now() + LATE;
    loop {
        let found = stage.rest().get(&stage.path(list)).await.expect(200);
        let rows = found["data"].as_array().expect("data");
        assert!(rows.len() <= 1, "{found}");
        if rows.iter().any(|row| row["state"] == wanted) {
            return rows[0].clone();
        }
        assert!(Instant::now() < end, "{found}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn types(requests: &[Recorded], member: &str) -> Vec<String> {
    let name = |request: &Recorded| text(&request.json(), member).to_owned();
    let mut names: Vec<String> = requests.iter().map(name).collect();
    names.sort_unstable();
    names
}

fn keys(value: &Value) -> Vec<&str> {
    let members = value.as_object().expect("an object");
    members.keys().map(String::as_str).collect()
}

fn of_type(requests: &[Recorded], event_type: &str) -> Value {
    let bodies = requests.iter().map(Recorded::json);
    let mut found = bodies.filter(|body| body["event_type"] == event_type);
    found.next().expect("a request of the type")
}

async fn contract_036_037_046_047_054_059_060_a_shopper_who_goes_quiet_is_told_of_and_an_anonymous_one_is_not(
    mode: Mode,
) {
    let wanted = ["PRODUCT_VIEWED", "COLLECTION_VIEWED", "ABANDONED_SESSION"];
    let (stage, receiver) = watched(mode, "flexype", &wanted).await;
    let mug = json!({"product_id": 9_945_414_435_106_i64, "title": "Mug", "handle": "mug"});
    let kitchen = json!({"collection_id": 44, "name": "Kitchen"});
    let mut nobody = done("product_viewed", "tablet", "", &mug);
    nobody["visitor"]["session_id"] = json!("s-nobody");
    let page = done(
        "page_viewed",
        "phone",
        "",
        &json!({"url": "https://my-store.com/"}),
    );
    record(
        &stage,
        &[
            nobody,
            page,
            known(
                done("identified", "phone", "", &json!({})),
                "jane@example.com",
            ),
            done("product_viewed", "phone", "", &mug),
            done("collection_viewed", "phone", "", &kitchen),
        ],
    )
    .await;
    let requests = receiver.wait_for(3, LATE).await;
    assert_eq!(
        types(&requests, "event_type"),
        ["ABANDONED_SESSION", "COLLECTION_VIEWED", "PRODUCT_VIEWED"]
    );
    let viewed = of_type(&requests, "PRODUCT_VIEWED");
    let envelope = ["event_time", "event_type", "event_id", "store", "payload"];
    assert_eq!(keys(&viewed), envelope);
    assert_eq!(keys(&viewed["payload"]), ["user", "product_viewed"]);
    assert_eq!(
        viewed["payload"]["product_viewed"]["product_id"],
        9_945_414_435_106_i64
    );
    let left = of_type(&requests, "ABANDONED_SESSION");
    assert_eq!(
        keys(&left["payload"]),
        [
            "user",
            "cart",
            "client_meta",
            "metadata",
            "page_viewed",
            "products_viewed",
            "collection_viewed",
            "last_page_visited"
        ]
    );
    assert_eq!(left["payload"]["user"]["email"], "jane@example.com");
    assert_eq!(left["payload"]["page_viewed"].as_array().unwrap().len(), 1);
    let gone = wait_for_state(&stage, "/sessions?session_id=s-nobody", "expired_anonymous").await;
    assert_eq!(gone["shopper"], Value::Null);
    assert_eq!(receiver.requests().len(), 3);
}

async fn contract_048_057_075_077_080_082_083_085_089_a_checkout_left_behind_is_told_of_once(
    mode: Mode,
) {
    let wanted = ["PRODUCT_VIEWED", "ABANDONED_SESSION", "ABANDONED_CHECKOUT"];
    let (stage, receiver) = watched(mode, "flexype", &wanted).await;
    let mug = json!({"product_id": 7});
    let step = |state: &str| done("checkout_step", "phone", "c-2", &json!({"state": state}));
    record(
        &stage,
        &[
            known(
                done("product_viewed", "phone", "", &mug),
                "jane@example.com",
            ),
            done(
                "checkout_opened",
                "phone",
                "c-2",
                &json!({"total": "189.00"}),
            ),
            step("OTP_VERIFIED"),
            step("ADDRESS_LOADED"),
        ],
    )
    .await;
    let requests = receiver.wait_for(2, LATE).await;
    assert_eq!(
        types(&requests, "event_type"),
        ["ABANDONED_CHECKOUT", "PRODUCT_VIEWED"]
    );
    let left = of_type(&requests, "ABANDONED_CHECKOUT");
    assert_eq!(left["payload"]["session_id"], "c-2");
    assert_eq!(left["payload"]["session_state"], "ADDRESS_LOADED");
    let found = wait_for_state(&stage, "/checkouts?email=jane@example.com", "abandoned").await;
    let took = millis(&found["ended_at"]) - millis(&found["opened_at"]);
    assert!((took - 3_000.0).abs() < 1.5, "from the opening: {found}");
    let session = wait_for_state(&stage, "/sessions?checkout_id=c-2", "converted").await;
    assert_eq!(session["checkout"]["checkout_id"], "c-2");
    let order = done(
        "order_completed",
        "phone",
        "c-2",
        &json!({"order_id": 1001}),
    );
    record(&stage, &[step("ADDRESS_SHIPPING_SELECTED"), order]).await;
    let after = known(
        done("product_viewed", "laptop", "", &mug),
        "joe@example.com",
    );
    record(&stage, &[after]).await;
    let requests = receiver.wait_for(3, LATE).await;
    assert_eq!(
        types(&requests[2..], "event_type"),
        ["PRODUCT_VIEWED"],
        "neither the return nor the order fired"
    );
    let found = wait_for_state(&stage, "/checkouts?checkout_id=c-2", "abandoned").await;
    assert!(found["recovered_at"].is_string(), "{found}");
}

async fn contract_074_081_086_087_088_a_new_checkout_takes_the_place_of_the_first(mode: Mode) {
    let (stage, receiver) = watched(mode, "flexype", &["ABANDONED_CHECKOUT"]).await;
    let open = |id: &str| done("checkout_opened", "phone", id, &json!({}));
    let entered = done(
        "checkout_step",
        "phone",
        "A",
        &json!({"state": "PHONE_ENTERED"}),
    );
    record(&stage, &[known(open("A"), "jane@example.com"), entered]).await;
    record(&stage, &[open("B")]).await;
    let superseded = wait_for_state(&stage, "/checkouts?checkout_id=A", "superseded").await;
    assert_eq!(superseded["superseded_by"]["checkout_id"], "B");
    let first = receiver.wait_for(1, LATE).await[0].json();
    assert_eq!(first["payload"]["session_id"], "B");
    assert_eq!(first["payload"]["session_state"], "INITIATED");
    let back = done(
        "checkout_step",
        "phone",
        "B",
        &json!({"state": "ADDRESS_LOADED"}),
    );
    record(&stage, &[back, open("C")]).await;
    let requests = receiver.wait_for(2, LATE).await;
    let second = requests[1].json();
    assert_eq!(second["payload"]["session_id"], "C");
    assert_ne!(first["event_id"], second["event_id"]);
    assert_eq!(receiver.requests().len(), 2);
}

async fn contract_084_an_order_in_time_fires_nothing(mode: Mode) {
    let (stage, receiver) = watched(mode, "flexype", &["ABANDONED_CHECKOUT"]).await;
    let open = |device: &str, id: &str| done("checkout_opened", device, id, &json!({}));
    let order = done(
        "order_completed",
        "phone",
        "bought",
        &json!({"order_id": "1001"}),
    );
    record(
        &stage,
        &[known(open("phone", "bought"), "jane@example.com"), order],
    )
    .await;
    wait_for_state(&stage, "/checkouts?checkout_id=bought", "completed").await;
    record(&stage, &[known(open("laptop", "left"), "joe@example.com")]).await;
    let only = receiver.wait_for(1, LATE).await;
    assert_eq!(only[0].json()["payload"]["session_id"], "left");
    assert_eq!(receiver.requests().len(), 1);
}

async fn contract_092_a_batch_from_the_future_or_the_distant_past_is_refused_whole(mode: Mode) {
    let (stage, receiver) = watched(mode, "flexype", &["PRODUCT_VIEWED"]).await;
    let view = known(
        done("product_viewed", "phone", "", &json!({"product_id": 7})),
        "jane@example.com",
    );
    for bad in ["2001-01-01T00:00:00Z", "2999-01-01T00:00:00Z"] {
        let mut wrong = view.clone();
        wrong["occurred_at"] = json!(bad);
        let refused = post(&stage, &[view.clone(), wrong]).await;
        assert_eq!(refused.problem(422), "validation-failed");
        assert_eq!(
            refused.json()["errors"][0]["pointer"],
            "/activities/1/occurred_at"
        );
    }
    let none = stage.rest().get(&stage.path("/sessions")).await.expect(200);
    assert_eq!(none["data"], json!([]));
    record(&stage, &[view]).await;
    receiver.wait_for(1, LATE).await;
    assert_eq!(receiver.requests().len(), 1);
}

async fn contract_049_a_repeated_activity_is_not_taken_again(mode: Mode) {
    let (stage, receiver) = watched(mode, "flexype", &["PRODUCT_VIEWED"]).await;
    let view = |id: &str, product: u64| {
        let mut view = done(
            "product_viewed",
            "phone",
            "",
            &json!({"product_id": product}),
        );
        view["id"] = json!(id);
        known(view, "jane@example.com")
    };
    record(&stage, &[view("view-1", 1)]).await;
    let again = post(&stage, &[view("view-1", 1), view("view-2", 2)]).await;
    assert_eq!(again.expect(202), json!({"accepted": 1, "duplicates": 1}));
    let requests = receiver.wait_for(2, LATE).await;
    let product =
        |request: &Recorded| request.json()["payload"]["product_viewed"]["product_id"].as_u64();
    let mut products: Vec<_> = requests.iter().map(product).collect();
    products.sort_unstable();
    assert_eq!(products, [Some(1), Some(2)]);
}

async fn contract_050_051_052_a_new_customer_is_told_of_once(mode: Mode) {
    let (stage, receiver) = watched(mode, "flexype", &["NEW_CUSTOMER"]).await;
    let account = |id: u64| {
        let activity = done("customer_created", "phone", "", &json!({"customer_id": id}));
        known(activity, "jane@example.com")
    };
    record(&stage, &[account(5), account(5), account(6)]).await;
    let requests = receiver.wait_for(2, LATE).await;
    let mut payloads: Vec<Value> = requests
        .iter()
        .map(|r| r.json()["payload"].clone())
        .collect();
    payloads.sort_by_key(ToString::to_string);
    assert_eq!(keys(&payloads[0]), ["user", "shopify_customer_id"]);
    let ids: Vec<&str> = payloads
        .iter()
        .map(|p| text(p, "shopify_customer_id"))
        .collect();
    assert_eq!(
        ids,
        ["gid://shopify/Customer/5", "gid://shopify/Customer/6"]
    );
    assert_eq!(receiver.requests().len(), 2);
}

async fn contract_105_108_113_126_flashy_hears_of_views_carts_and_purchases(mode: Mode) {
    let wanted = ["page_view", "add_to_cart", "purchase"];
    let (stage, receiver) = watched(mode, "flashy", &wanted).await;
    let page =
        json!({"url": "https://my-store.com/", "title": "My Store", "timezone": "Asia/Jerusalem"});
    let cart = json!({
        "items": [{"product_id": 338, "quantity": 1, "price": "20.00"}],
        "added": [{"product_id": 338, "quantity": 1, "price": "20.00"}],
    });
    let order = json!({"order_id": "449", "value": 35, "content_ids": [338], "currency": "USD"});
    record(
        &stage,
        &[
            done("page_viewed", "phone", "", &page),
            known(done("cart_updated", "phone", "", &cart), "jane@example.com"),
            done("order_completed", "phone", "", &order),
        ],
    )
    .await;
    let requests = receiver.wait_for(3, LATE).await;
    let objects: Vec<Value> = requests
        .iter()
        .map(|request| request.json()[0].clone())
        .collect();
    let of = |event: &str| {
        let mut found = objects.iter().filter(|object| object["event"] == event);
        found.next().expect("an object of the event").clone()
    };
    let view = of("page_view");
    assert_eq!(
        (&view["account_id"], &view["contact_id"]),
        (&json!(246), &Value::Null)
    );
    assert_eq!(view["page_url"], "https://my-store.com/");
    let added = of("add_to_cart");
    assert_eq!(added["content_ids"], json!([338]));
    let purchase = of("purchase");
    assert_eq!(purchase["order_id"], "449");
    assert_eq!(purchase["contact_id"], added["contact_id"]);
}

async fn contract_134_135_136_137_138_139_a_funnel_is_told_of_step_by_step_and_closed_by_silence(
    mode: Mode,
) {
    let wanted = [
        "checkouts/created",
        "checkouts/updated",
        "checkouts/completed",
    ];
    let (stage, receiver) = watched(mode, "carthook", &wanted).await;
    let lines = json!([{"product_id": "1", "variant_id": "11", "price": "99.00", "quantity": 2}]);
    let begun = json!({"funnel_id": "cfu_1", "currency": "USD", "line_items": lines});
    let step = |page: &str| json!({"page": page, "decision": "accepted"});
    let mail = json!({"customer": {"email": "jane@example.com"}});
    record(
        &stage,
        &[
            done("funnel_checkout_created", "phone", "f-1", &begun),
            done("funnel_email_entered", "phone", "f-1", &mail),
            done(
                "funnel_sms_entered",
                "phone",
                "f-1",
                &json!({"consent": false}),
            ),
            done("funnel_step", "phone", "f-1", &step("upsell-1")),
        ],
    )
    .await;
    let requests = receiver.wait_for(4, LATE).await;
    let mut topics: Vec<_> = requests
        .iter()
        .map(|request| request.header("x-carthook-topic").unwrap_or_default())
        .collect();
    topics.sort_unstable();
    assert_eq!(
        topics,
        [
            "checkouts/completed",
            "checkouts/created",
            "checkouts/updated",
            "checkouts/updated"
        ]
    );
    let found = wait_for_state(&stage, "/checkouts?checkout_id=f-1", "completed").await;
    assert_eq!(found["kind"], "funnel");
    record(
        &stage,
        &[done("funnel_completed", "phone", "f-1", &json!({}))],
    )
    .await;
    let later = done("funnel_checkout_created", "laptop", "f-2", &begun);
    record(&stage, &[later]).await;
    let requests = receiver.wait_for(5, LATE).await;
    assert_eq!(
        requests[4].header("x-carthook-topic"),
        Some("checkouts/created"),
        "completed fires once"
    );
}

async fn everything_that_is_wrong_with_a_batch_is_told_at_once(mode: Mode) {
    let (stage, _receiver) = watched(mode, "flexype", &["PRODUCT_VIEWED"]).await;
    let mut bad = done("product_viewed", "phone", "", &json!({"product": 7}));
    bad["identity"] = json!({"email": "nobody"});
    let without = done("checkout_opened", "phone", "", &json!({}));
    let good = done("page_viewed", "phone", "", &json!({}));
    let refused = post(&stage, &[good, bad, without, json!({"type": "walked"})]).await;
    assert_eq!(refused.problem(422), "validation-failed");
    let problem = refused.json();
    let errors = problem["errors"].as_array().unwrap();
    let pointers: Vec<&str> = errors.iter().map(|error| text(error, "pointer")).collect();
    assert_eq!(
        pointers,
        [
            "/activities/1/identity/email",
            "/activities/1/data/product",
            "/activities/1/data/product_id",
            "/activities/2/visitor/checkout_id",
            "/activities/3/type",
            "/activities/3/visitor",
        ]
    );
    let nobody = stage.rest().logged_out();
    let refused = nobody.post(&stage.path("/activities"), &json!({})).await;
    assert_eq!(refused.problem(401), "unauthenticated");
}
