use super::*;
use crate::trigger::checkout::Step;
use crate::trigger::payload::samples::activity;

fn errors(kind: &str, data: &str) -> Vec<String> {
    let kind = ActivityKind::from_name(kind).unwrap();
    let raw = RawValue::from_string(data.to_owned()).unwrap();
    let found = check(kind, &raw, "/data");
    found
        .iter()
        .map(|error| format!("{} {}", error.pointer, error.code))
        .collect()
}

/// A value that is right for a type.
fn right(holds: Type) -> String {
    match holds {
        Type::Id => r#""9945414435106""#.to_owned(),
        Type::Money => "189.50".to_owned(),
        Type::Rate => "0.09".to_owned(),
        Type::Count => "1".to_owned(),
        Type::Flag | Type::UrlOrFalse => "false".to_owned(),
        Type::Text | Type::Url => r#""https://my-store.com/é""#.to_owned(),
        Type::OneOf(names) => format!(r#""{}""#, names[0]),
        Type::Free => r#"{"any":[1,{"thing":null}]}"#.to_owned(),
        Type::Object(fields) => object(fields),
        Type::List(fields) | Type::Added(fields) => format!("[{}]", object(fields)),
        Type::Ids => r#"[65,"66"]"#.to_owned(),
    }
}

fn object(fields: &[Field]) -> String {
    let members: Vec<_> = fields
        .iter()
        .map(|field| format!(r#""{}":{}"#, field.name, right(field.holds)))
        .collect();
    format!("{{{}}}", members.join(","))
}

#[test]
fn every_field_of_every_kind_is_taken_and_only_what_is_required_must_be_there() {
    for kind in ActivityKind::ALL {
        let name = kind.as_str();
        assert_eq!(errors(name, &object(fields(kind))), [""; 0], "{name}");
        let nulls: Vec<_> = fields(kind)
            .iter()
            .map(|field| format!(r#""{}":null"#, field.name))
            .collect();
        let required: Vec<_> = fields(kind)
            .iter()
            .filter(|field| field.required)
            .map(|field| format!("/data/{} required", field.name))
            .collect();
        assert_eq!(errors(name, "{}"), required, "{name}");
        let nulls = format!("{{{}}}", nulls.join(","));
        assert_eq!(errors(name, &nulls), required, "{name}");
    }
}

#[test]
fn six_fields_are_required_where_they_stand() {
    let required: Vec<_> = ActivityKind::ALL
        .into_iter()
        .flat_map(|kind| fields(kind).iter().map(move |field| (kind.as_str(), field)))
        .filter(|(_, field)| field.required)
        .map(|(kind, field)| (kind, field.name))
        .collect();
    assert_eq!(
        required,
        [
            ("product_viewed", "product_id"),
            ("collection_viewed", "collection_id"),
            ("customer_created", "customer_id"),
            ("checkout_step", "state"),
            ("order_completed", "order_id"),
            ("funnel_checkout_created", "funnel_id"),
        ]
    );
}

#[test]
fn all_that_is_wrong_is_named_at_once() {
    let cart = r#"{"items":[{"product_id":1,"price":"ten"},{"quantity":1.5,"hnadle":"x"},7],"a/b":1,"metadata":[],"items":[]}"#;
    assert_eq!(
        errors("cart_updated", cart),
        [
            "/data/items/0/price type",
            "/data/items/1/quantity type",
            "/data/items/1/hnadle unknown_field",
            "/data/items/1/product_id required",
            "/data/items/2 type",
            "/data/a~1b unknown_field",
            "/data/metadata type",
            "/data/items repeated",
        ]
    );
}

#[test]
fn texts_objects_and_lists_are_bounded() {
    let long = |n: usize| format!(r#"{{"url":"{}"}}"#, "é".repeat(n));
    let many = |n: usize| {
        format!(
            r#"{{"items":[{}]}}"#,
            vec![r#"{"product_id":1}"#; n].join(",")
        )
    };
    let deep = format!(
        r#"{{"metadata":{{"a":{}{}}}}}"#,
        "[".repeat(200),
        "]".repeat(200)
    );
    for (kind, data, wrong) in [
        ("page_viewed", "[]", vec!["/data type"]),
        ("page_viewed", "null", vec!["/data type"]),
        ("page_viewed", &long(URL_MAX), vec![]),
        ("page_viewed", &long(URL_MAX + 1), vec!["/data/url length"]),
        (
            "page_viewed",
            r#"{"title":"\ud800"}"#,
            vec!["/data/title type"],
        ),
        ("page_viewed", &deep, vec!["/data/metadata type"]),
        ("page_viewed", r#"{"utm":"x"}"#, vec!["/data/utm type"]),
        ("cart_updated", &many(LIST_MAX), vec![]),
        (
            "cart_updated",
            &many(LIST_MAX + 1),
            vec!["/data/items too_many"],
        ),
        ("cart_updated", r#"{"items":{}}"#, vec!["/data/items type"]),
        (
            "cart_updated",
            r#"{"added":[1,"2",{"product_id":3}]}"#,
            vec![],
        ),
        (
            "cart_updated",
            r#"{"added":{}}"#,
            vec!["/data/added/product_id required"],
        ),
        (
            "cart_updated",
            r#"{"added":[true]}"#,
            vec!["/data/added/0 type"],
        ),
    ] {
        assert_eq!(errors(kind, data), wrong, "{kind} {data:.80}");
    }
}

#[test]
fn values_are_of_their_type() {
    for (kind, data, wrong) in [
        (
            "customer_created",
            r#"{"customer_id":1.0}"#,
            vec!["/data/customer_id type"],
        ),
        (
            "customer_created",
            r#"{"customer_id":-1}"#,
            vec!["/data/customer_id type"],
        ),
        (
            "customer_created",
            r#"{"customer_id":""}"#,
            vec!["/data/customer_id length"],
        ),
        (
            "customer_created",
            r#"{"customer_id":18446744073709551615}"#,
            vec![],
        ),
        (
            "customer_created",
            r#"{"customer_id":18446744073709551616}"#,
            vec!["/data/customer_id type"],
        ),
        (
            "checkout_step",
            r#"{"state":"initiated"}"#,
            vec!["/data/state invalid"],
        ),
        (
            "order_completed",
            r#"{"order_id":1,"content_ids":[1,null]}"#,
            vec!["/data/content_ids/1 type"],
        ),
        (
            "order_completed",
            r#"{"order_id":1,"items":[{"image_link":true}]}"#,
            vec!["/data/items/0/image_link type"],
        ),
        (
            "funnel_step",
            r#"{"line_items":[{"product_id":1,"tax_rate":101}]}"#,
            vec!["/data/line_items/0/tax_rate range"],
        ),
        (
            "funnel_step",
            r#"{"decision":"maybe","consent":"yes"}"#,
            vec!["/data/decision invalid", "/data/consent type"],
        ),
    ] {
        assert_eq!(errors(kind, data), wrong, "{kind} {data:.80}");
    }
}

#[test]
fn errors_have_an_end() {
    let fields: Vec<_> = (0..5_000).map(|n| format!(r#""x{n}":1"#)).collect();
    let data = format!("{{{}}}", fields.join(","));
    assert_eq!(errors("page_viewed", &data).len(), 100);
}

#[test]
fn an_unknown_field_is_told_the_nearest_known_one() {
    for (given, detail) in [
        ("shipping_rates", "did you mean `selected_shipping_rates`?"),
        ("funel_id", "did you mean `funnel_id`?"),
        ("zzz", "only funnel_id, cid,"),
    ] {
        let raw = RawValue::from_string(format!(r#"{{"{given}":1}}"#)).unwrap();
        let found = check(ActivityKind::FunnelStep, &raw, "");
        assert!(found[0].detail.contains(detail), "{}", found[0]);
    }
}

#[test]
fn whatever_is_stored_can_be_read() {
    for data in [
        "",
        "nonsense",
        "[]",
        "7",
        r#"{"state":5,"customer_id":[],"added":[],"consent":"true"}"#,
    ] {
        let read = activity("checkout_step", 0, data);
        assert_eq!(progress(&read), None);
        assert_eq!(customer_id(&read), None);
        assert_eq!(order_id(&read), None);
        assert!(!added(&read) && !consent(&read));
    }
}

#[test]
fn the_rules_read_state_customer_order_added_and_consent() {
    let step = activity("checkout_step", 0, r#"{"state":"OTP_VERIFIED"}"#);
    assert_eq!(progress(&step), Some(Progress::At(Step::PhoneEntered)));
    for (data, id) in [
        (r#"{"customer_id":77}"#, "77"),
        (r#"{"customer_id":"gid://x/7"}"#, "gid://x/7"),
    ] {
        assert_eq!(
            customer_id(&activity("customer_created", 0, data)).as_deref(),
            Some(id)
        );
    }
    for data in [r#"{"order_id":"449"}"#, r#"{"order_id":449}"#] {
        let order = activity("order_completed", 0, data);
        assert_eq!(order_id(&order).as_deref(), Some("449"));
    }
    for (data, names) in [
        (r#"{"added":[{"product_id":1}]}"#, true),
        (r#"{"added":{"product_id":1}}"#, true),
        (r#"{"added":65}"#, true),
        (r#"{"added":null}"#, false),
        (r#"{"items":[{"product_id":1}]}"#, false),
    ] {
        assert_eq!(added(&activity("cart_updated", 0, data)), names, "{data}");
    }
    assert!(consent(&activity(
        "funnel_sms_entered",
        0,
        r#"{"consent":true}"#
    )));
    assert!(!consent(&activity(
        "funnel_sms_entered",
        0,
        r#"{"consent":false}"#
    )));
}
