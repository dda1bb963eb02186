//! The payloads that triggers assemble from activities, one file per dialect. Each is one JSON object with its
//! keys in the order the platform prints them; ids and amounts keep the digits the source gave.
//!
//! Nothing here can fail: what is unknown, or stored in a shape that was never accepted, is null, an empty list or
//! what the function says.

pub mod carthook;
pub mod flashy;
pub mod flexype;
mod json;
#[cfg(test)]
pub(crate) mod samples;

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::samples::{activity, checkout, jane, second, value};
    use super::{carthook, flashy, flexype};
    use crate::id::MerchantId;
    use crate::merchant::Store;
    use crate::trigger::Key;
    use crate::trigger::activity::ActivityKind;
    use crate::trigger::checkout::Step;
    use crate::trigger::data::fields;
    use crate::trigger::shopper::Visitor;

    /// Values of every type, in every field.
    const VALUES: [&str; 14] = [
        "null",
        "true",
        "-0",
        "1e400",
        "12345678901234567890123",
        r#""""#,
        r#""\ud800""#,
        r#""a\"b\\""#,
        "[]",
        "[[null]]",
        r#"["x",7,{}]"#,
        r#"[{"price":"9e9","quantity":-1,"product_id":{},"title":"\u0000"}]"#,
        "{}",
        r#"{"email":[],"phone":7,"price":"x","source":false}"#,
    ];

    #[test]
    fn contract_070_whatever_is_stored_makes_valid_json() {
        let visitor = Visitor {
            merchant_id: MerchantId::from_uuid(Uuid::nil()),
            device: Key::device("d1"),
            shopper_id: None,
            session_id: None,
            sessions: 1,
            first_seen: second(0),
            known_since: None,
        };
        let (jane, store, checkout) = (jane(), Store::default(), checkout("c1", Step::Initiated));
        for kind in ActivityKind::ALL {
            for given in VALUES {
                let members: Vec<_> = fields(kind)
                    .iter()
                    .map(|field| format!(r#""{}":{given}"#, field.name))
                    .collect();
                let one = activity(kind.as_str(), 1, &format!("{{{}}}", members.join(",")));
                let history = std::slice::from_ref(&one);
                for payload in [
                    flexype::product_viewed(&jane, &one),
                    flexype::collection_viewed(&jane, &one),
                    flexype::new_customer(&jane, &one),
                    flexype::abandoned_session(&jane, history),
                    flexype::abandoned_checkout(&jane, &checkout, history),
                    flashy::page_view(1, &visitor, Some(&jane), &one),
                    flashy::add_to_cart(1, None, None, &one),
                    flashy::purchase(1, &jane, None, false, &one),
                    carthook::created(&store, history),
                    carthook::updated(&store, history),
                    carthook::completed(&store, history),
                ] {
                    assert!(value(&payload).is_object());
                }
            }
        }
    }
}
