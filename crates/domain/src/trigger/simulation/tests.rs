//! Scripts, good and bad.

use super::*;

fn play(script: &str) -> Simulation {
    simulate(&Bytes::copy_from_slice(script.as_bytes())).unwrap()
}

fn wrong(script: &str) -> Vec<String> {
    let errors = simulate(&Bytes::copy_from_slice(script.as_bytes())).unwrap_err();
    errors.into_iter().map(|error| error.pointer).collect()
}

/// The events of a script: time, type, and whether anybody gets it.
fn events(simulation: &Simulation) -> Vec<(String, &'static str)> {
    let events = simulation
        .steps
        .iter()
        .filter_map(|step| step.event.as_ref());
    events
        .map(|event| {
            let time = event.occurred_at.rfc3339()[11..19].to_owned();
            (time, event.event_type)
        })
        .collect()
}

fn script(rest: &str, activities: &str) -> String {
    format!(r#"{{{rest}"activities":[{activities}]}}"#)
}

fn step(at: &str, kind: &str, checkout: &str, data: &str) -> String {
    format!(
        r#"{{"at":"{at}","type":"{kind}","visitor":{{"device_id":"d","checkout_id":"{checkout}"}},"identity":{{"email":"jane@example.com"}},"data":{data}}}"#
    )
}

#[test]
fn contract_074_083_086_087_the_table_of_the_vendor_comes_true() {
    let activities = [
        step("10:00", "checkout_opened", "A", "{}"),
        step("10:05", "checkout_step", "A", r#"{"state":"OTP_VERIFIED"}"#),
        step("10:10", "checkout_opened", "B", "{}"),
        step(
            "10:30",
            "checkout_step",
            "B",
            r#"{"state":"ADDRESS_LOADED"}"#,
        ),
    ];
    let played = play(&script("", &activities.join(",")));
    assert_eq!(
        events(&played),
        [("10:25:00".to_owned(), "ABANDONED_CHECKOUT")]
    );
    let event = played.steps.iter().find_map(|step| step.event.clone());
    let payload = String::from_utf8(event.unwrap().payload.to_vec()).unwrap();
    assert!(
        payload.contains(r#""session_id":"B","session_state":"INITIATED""#),
        "{payload}"
    );
    let last = &played.steps.last().unwrap().text;
    assert!(
        last.contains("No new event: checkout B is abandoned already"),
        "{last}"
    );
}

#[test]
fn the_same_script_gives_the_same_result() {
    let script = script("", &step("+1m", "checkout_opened", "A", "{}"));
    assert_eq!(play(&script), play(&script));
}

#[test]
fn contract_055_056_a_session_is_due_after_its_last_activity() {
    let viewed = |at: &str| {
        format!(
            r#"{{"at":"{at}","type":"product_viewed","visitor":{{"device_id":"d"}},"identity":{{"email":"jane@example.com"}},"data":{{"product_id":7}}}}"#
        )
    };
    let activities = [viewed("10:14:59"), viewed("10:00")].join(",");
    let played = play(&script(
        r#""subscriptions":["ABANDONED_SESSION"],"#,
        &activities,
    ));
    assert_eq!(
        events(&played),
        [("10:29:59".to_owned(), "ABANDONED_SESSION")]
    );
    let until = script(r#""until":"+20m","#, &activities);
    assert_eq!(
        events(&play(&until)),
        [
            ("10:00:00".to_owned(), "PRODUCT_VIEWED"),
            ("10:14:59".to_owned(), "PRODUCT_VIEWED")
        ]
    );
}

#[test]
fn timers_store_and_clock_are_the_scripts_own() {
    let rest = r#""start":"2026-01-01T00:00:00Z","timers":{"checkout_abandonment":"90s"},"settings":{"acr_clock":"activity"},"#;
    let activities = [
        step("+0s", "checkout_opened", "A", "{}"),
        step("+80s", "checkout_step", "A", r#"{"state":"PHONE_ENTERED"}"#),
    ];
    let played = play(&script(rest, &activities.join(",")));
    assert_eq!(
        events(&played),
        [("00:02:50".to_owned(), "ABANDONED_CHECKOUT")]
    );
}

#[test]
fn a_repeated_id_changes_nothing() {
    let with_id = step("10:00", "checkout_opened", "A", "{}").replacen('{', r#"{"id":"1","#, 1);
    let again = with_id.replace("10:00", "10:01");
    let played = play(&script("", &format!("{with_id},{again}")));
    let repeats = played
        .steps
        .iter()
        .filter(|step| step.text.contains("taken in before"));
    assert_eq!(repeats.count(), 1);
}

#[test]
fn everything_that_is_wrong_with_a_script_is_told() {
    let bad = r#"{"nme":"x","start":"noon","until":7,"timers":{"session_inactivity":"soon","x":"1s"},
        "settings":{"acr_clock":"closed"},"subscriptions":["PRODUCT_VIEWED","NOPE",7],"flashy_account_id":"x",
        "activities":[{"at":"25:00","type":"page_viewed","visitor":{"device_id":"d"}},
        {"type":"page_viewed","visitor":{"device_id":"d"}},
        {"at":"10:00","occurred_at":"2026-05-07T10:00:00Z","type":"page_viewed","visitor":{"device_id":"d"}},
        {"at":"10:00","type":"walked","visitor":{}}, 7]}"#;
    assert_eq!(
        wrong(bad),
        [
            "/nme",
            "/until",
            "/timers/x",
            "/settings/acr_clock",
            "/start",
            "/activities/0/at",
            "/activities/1/at",
            "/activities/2/at",
            "/activities/3/type",
            "/activities/3/visitor/device_id",
            "/activities/4",
            "/flashy_account_id",
            "/timers/session_inactivity",
            "/subscriptions/1",
            "/subscriptions/2",
        ]
    );
    assert_eq!(wrong("{}"), ["/activities"]);
    assert_eq!(wrong(r#"{"activities":[]}"#), ["/activities"]);
    assert_eq!(wrong(r#"{"activities":7}"#), ["/activities"]);
    assert_eq!(wrong("[]"), [""]);
    assert_eq!(wrong("{"), [""]);
    let early = script(
        r#""until":"09:00","#,
        &step("10:00", "checkout_opened", "A", "{}"),
    );
    assert_eq!(wrong(&early), ["/until"]);
    let many = vec![step("10:00", "checkout_opened", "A", "{}"); ACTIVITIES_MAX + 1];
    assert_eq!(wrong(&script("", &many.join(","))), ["/activities"]);
}

#[test]
fn a_small_script_does_not_make_a_large_answer() {
    let items: Vec<_> = (0..250)
        .map(|id| format!(r#"{{"product_id":{id},"title":"{}"}}"#, "x".repeat(100)))
        .collect();
    let lines = format!(
        r#"{{"funnel_id":"cfu_1","line_items":[{}]}}"#,
        items.join(",")
    );
    let mut activities = vec![step("10:00", "funnel_checkout_created", "f", &lines)];
    activities.extend(vec![
        step("10:01", "funnel_step", "f", r#"{"page":"up"}"#);
        400
    ]);
    assert_eq!(wrong(&script("", &activities.join(","))), ["/activities"]);
}
