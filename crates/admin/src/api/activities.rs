//! Activities: what shoppers do, posted in batches. The path is a busy one: what is right is parsed once, in place.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use domain::clock::Micros;
use domain::error::FieldError;
use domain::id::MerchantId;
use domain::trigger::activity::{Activity, ActivityKind};
use poem::web::Data;
use poem_openapi::param::Path;
use poem_openapi::{Object, OpenApi};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::Tag;
use crate::answers::Accepted;
use crate::app::App;
use crate::auth::Bearer;
use crate::body::{RawBody, parse};
use crate::problem::{ApiError, FAULTS_MAX, Slug};
use crate::raw_json::RawJson;
use crate::text::Text;

/// Bytes of a batch's body, as of a batch of events.
const BODY_MAX: usize = 16 * 1024 * 1024;
/// Activities of a batch.
const BATCH_MAX: usize = 1_000;
/// Bytes of one activity. What abandoned events tell is made of a shopper's activities, so they are kept small.
const ACTIVITY_MAX: usize = 64 * 1024;
/// Activities of a batch in one checkout: each may need the checkout's whole history.
const PER_CHECKOUT: usize = 100;

pub(crate) struct ActivitiesApi;

/// Who did it, by ids of your own: 1 to 128 characters each, none of them a control character.
#[expect(
    clippy::struct_field_names,
    reason = "the names of the wire all end in `id`"
)]
#[derive(Object)]
#[oai(rename = "Visitor")]
struct VisitorIn {
    /// The browser or device.
    device_id: String,
    /// The browsing session, if you name sessions. Without one, a device's session goes on until it ends.
    session_id: Option<String>,
    /// The checkout. Must be given with `checkout_opened`, `checkout_step` and everything of a funnel.
    checkout_id: Option<String>,
}

/// The person, as far as confirmed. An email address or a phone number identifies the visitor from now on.
#[derive(Object)]
#[oai(rename = "Identity")]
struct IdentityIn {
    /// Email address: one @, at most 320 characters.
    email: Option<String>,
    /// Phone number without its dial code: 1 to 20 digits.
    phone: Option<String>,
    /// Dial code of the country: 1 to 6 digits, with or without `+`.
    dial_code: Option<String>,
    /// First name, at most 200 characters.
    first_name: Option<String>,
    /// Last name, at most 200 characters.
    last_name: Option<String>,
    /// Your own id for the contact: 32 hex digits in lower case.
    contact_id: Option<String>,
    /// Who confirmed it: `FlexyPass`, also written `FlexyPePass`.
    source: Option<String>,
}

/// The browser. At most 2,048 characters each.
#[derive(Object)]
#[oai(rename = "Client")]
struct ClientIn {
    /// Its address.
    ip: Option<String>,
    /// Where it came from.
    referer: Option<String>,
    /// What it calls itself.
    user_agent: Option<String>,
}

/// Something a shopper did.
#[derive(Object)]
#[oai(rename = "Activity")]
pub(super) struct ActivityIn {
    /// Your own id for it, 1 to 128 characters: a repeat within 31 days is not taken again.
    id: Option<String>,
    /// What was done.
    r#type: Text<ActivityKind>,
    /// When; now when left out. At most 30 days ago; up to 5 minutes ahead counts as now.
    occurred_at: Option<Text<Micros>>,
    /// Who did it.
    visitor: VisitorIn,
    /// The person, if known.
    identity: Option<IdentityIn>,
    /// The browser.
    client: Option<ClientIn>,
    /// What else belongs to it; which fields there are depends on the type. Numbers keep every digit.
    data: Option<RawJson>,
}

/// Activities to be recorded together.
#[derive(Object)]
#[oai(rename = "RecordActivities")]
pub(super) struct RecordIn {
    /// 1 to 1,000 activities of at most 64 KiB each, at most 100 of them in one checkout.
    activities: Vec<ActivityIn>,
}

/// How a batch was taken.
#[derive(Serialize, Object)]
#[oai(rename = "RecordedActivities")]
struct RecordedOut {
    /// Activities that are new.
    accepted: u64,
    /// Activities that had been taken before, by their ids.
    duplicates: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Batch<'a> {
    #[serde(borrow)]
    activities: Vec<&'a RawValue>,
}

#[OpenApi(tag = "Tag::Activities")]
impl ActivitiesApi {
    /// Record activities
    ///
    /// All of them or none. Answers 202 once they are stored, with what they mean and the events that fire at once.
    #[oai(
        path = "/merchants/:merchant_id/activities",
        method = "post",
        operation_id = "recordActivities"
    )]
    async fn record(
        &self,
        app: Data<&Arc<App>>,
        caller: Bearer,
        /// The merchant.
        merchant_id: Path<Text<MerchantId>>,
        body: RawBody<RecordIn, BODY_MAX>,
    ) -> Result<Accepted<RecordedOut>, ApiError> {
        let scope = caller.merchant(merchant_id.0.0)?;
        let activities = read(&body.bytes)?;
        let taken = app.gateway.record_activities(scope, activities).await?;
        Ok(Accepted(RecordedOut {
            accepted: taken.accepted as u64,
            duplicates: taken.duplicates as u64,
        }))
    }
}

/// Reads the body.
///
/// Errors: it is no JSON, there are none or too many activities, one is too large, fields are wrong: all of them.
fn read(body: &Bytes) -> Result<Vec<(Option<Micros>, Activity)>, ApiError> {
    let batch: Batch<'_> = parse(body)?;
    if !(1..=BATCH_MAX).contains(&batch.activities.len()) {
        return Err(ApiError::field(
            "/activities",
            "length",
            "must have 1 to 1,000 activities",
        ));
    }
    let mut activities = Vec::with_capacity(batch.activities.len());
    let mut errors = Vec::new();
    for (place, raw) in batch.activities.into_iter().enumerate() {
        if raw.get().len() > ACTIVITY_MAX {
            let detail = format!("An activity may have {ACTIVITY_MAX} bytes at most.");
            return Err(ApiError::new(Slug::PayloadTooLarge, detail));
        }
        let body = body.slice_ref(raw.get().as_bytes());
        match Activity::parse(&body, "") {
            Ok(activity) => activities.push(activity),
            Err(wrong) => errors.extend(wrong.into_iter().map(|error| FieldError {
                pointer: format!("/activities/{place}{}", error.pointer),
                ..error
            })),
        }
        if errors.len() >= FAULTS_MAX {
            break;
        }
    }
    if errors.is_empty() {
        errors = crowded(&activities);
    }
    if errors.is_empty() {
        return Ok(activities);
    }
    errors.truncate(FAULTS_MAX);
    Err(ApiError::fields(Slug::ValidationFailed, errors))
}

/// The first activity too many of each checkout.
fn crowded(activities: &[(Option<Micros>, Activity)]) -> Vec<FieldError> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    let mut errors = Vec::new();
    for (place, (_, activity)) in activities.iter().enumerate() {
        let Some(checkout) = activity.visitor.checkout_id.as_deref() else {
            continue;
        };
        let count = counts.entry(checkout).or_default();
        *count += 1;
        if *count == PER_CHECKOUT + 1 {
            errors.push(FieldError::new(
                format!("/activities/{place}/visitor/checkout_id"),
                "length",
                "at most 100 activities of a call may be in one checkout",
            ));
        }
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"type":"page_viewed","visitor":{"device_id":"d"}}"#;

    fn read_list(list: &str) -> Result<Vec<(Option<Micros>, Activity)>, ApiError> {
        read(&Bytes::from(format!(r#"{{"activities":[{list}]}}"#)))
    }

    fn pointers(error: &ApiError) -> Vec<&str> {
        let errors = error.errors.iter();
        errors.map(|field| field.pointer.as_str()).collect()
    }

    #[test]
    fn a_batch_has_1_to_1000_activities() {
        assert_eq!(pointers(&read_list("").unwrap_err()), ["/activities"]);
        let list = |count: usize| vec![GOOD; count].join(",");
        assert_eq!(read_list(&list(1_000)).unwrap().len(), 1_000);
        assert_eq!(
            pointers(&read_list(&list(1_001)).unwrap_err()),
            ["/activities"]
        );
    }

    #[test]
    fn all_wrong_fields_of_all_activities_are_told_up_to_a_hundred() {
        let bad = r#"{"type":"page_viewed","visitor":{},"data":{"nope":1}}"#;
        let error = read_list(&[GOOD, bad, GOOD, bad].join(",")).unwrap_err();
        assert_eq!(
            pointers(&error),
            [
                "/activities/1/visitor/device_id",
                "/activities/1/data/nope",
                "/activities/3/visitor/device_id",
                "/activities/3/data/nope",
            ]
        );
        let error = read_list(&vec![bad; 500].join(",")).unwrap_err();
        assert_eq!(error.errors.len(), FAULTS_MAX);
    }

    #[test]
    fn an_unknown_field_and_broken_json_are_refused() {
        let unknown = Bytes::from(format!(r#"{{"activities":[{GOOD}],"actvities":[]}}"#));
        assert_eq!(pointers(&read(&unknown).unwrap_err()), ["/actvities"]);
        let broken = read_list(r#"{"type":"page_viewed""#).unwrap_err();
        assert_eq!(broken.slug, Slug::MalformedRequest);
    }

    #[test]
    fn at_most_a_hundred_activities_are_in_one_checkout() {
        let step = r#"{"type":"checkout_opened","visitor":{"device_id":"d","checkout_id":"c"}}"#;
        let list = |count: usize| [vec![step; count], vec![GOOD; 200]].concat().join(",");
        assert_eq!(read_list(&list(100)).unwrap().len(), 300);
        assert_eq!(
            pointers(&read_list(&list(102)).unwrap_err()),
            ["/activities/100/visitor/checkout_id"]
        );
    }

    #[test]
    fn an_activity_has_64_kib_at_most() {
        let long = format!(
            r#"{{"type":"page_viewed","visitor":{{"device_id":"d"}},"data":{{"title":"{}"}}}}"#,
            "x".repeat(64 * 1024)
        );
        assert_eq!(read_list(&long).unwrap_err().slug, Slug::PayloadTooLarge);
    }
}
