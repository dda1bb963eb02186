//! What a bulk retry is asked for with, and what is shown of one.

use domain::attempt::Outcome;
use domain::clock::Micros;
use domain::delivery::Status;
use domain::id::{DeliveryId, EndpointId, EventId, MerchantId, RetryJobId};
use domain::retry_job::{RetryJob, RetryJobStatus};
use gateway::retry_jobs::NewRetryJob;
use poem_openapi::Object;
use serde::{Deserialize, Serialize};
use storage::deliveries::DeliveryFilter;
use storage::retry_jobs::Selection;

use crate::many::Many;
use crate::problem::ApiError;
use crate::text::{Text, plain_fault};

/// Values that one field of a filter may name.
const VALUES_MAX: usize = 100;

/// A new bulk retry. Which deliveries: either `delivery_ids` or `filter`.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateRetryJob {
    /// These deliveries, 1 to 1,000.
    delivery_ids: Option<Vec<Text<DeliveryId>>>,
    /// The deliveries that the log shows for this filter. `{}` are all.
    filter: Option<RetryFilter>,
    /// Attempts a second at most; the platform's rate when left out.
    rate: Option<u32>,
    /// Also send again what has succeeded.
    include_succeeded: Option<bool>,
    /// Only count: nothing is stored, nothing is sent.
    dry_run: Option<bool>,
}

/// The delivery log's own filter. A field with several values means any of them; different fields must all hold.
#[derive(Default, Deserialize, Object)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RetryFilter {
    /// Of these merchants. Only for bulk retries across merchants.
    merchant_ids: Many<Text<MerchantId>>,
    /// In these states.
    status: Many<Text<Status>>,
    /// To these endpoints.
    endpoint_id: Many<Text<EndpointId>>,
    /// Of events of these types.
    event_type: Many<String>,
    /// Of this event: our id or, of a merchant's own event, the id on the wire.
    event_id: Option<String>,
    /// Whose last attempt ended like this.
    outcome: Many<Text<Outcome>>,
    /// Whose last attempt was answered with one of these.
    http_status: Many<u16>,
    /// With at least this many attempts.
    #[oai(validator(minimum(value = "0")))]
    min_attempts: Option<i32>,
    /// Test sends, which are never retried, or all others.
    is_test: Option<bool>,
    /// Made at or after.
    from: Option<Text<Micros>>,
    /// Made before.
    to: Option<Text<Micros>>,
}

/// A bulk retry.
#[derive(Serialize, Object)]
#[oai(rename = "RetryJob")]
pub(super) struct RetryJobOut {
    /// Its id; null for a dry run, of which nothing is stored.
    pub(super) id: Option<Text<RetryJobId>>,
    /// The merchant; null for a bulk retry across merchants.
    merchant_id: Option<Text<MerchantId>>,
    /// Where it stands.
    status: Text<RetryJobStatus>,
    /// Deliveries to retry, as counted when it was asked for; 1,000,000 stands for that many or more.
    estimate: u64,
    /// Endpoints that these go to, as counted by a dry run; null for what is stored.
    pub(super) endpoints: Option<u64>,
    /// Attempts queued so far.
    queued: u64,
    /// Deliveries passed over: in flight or due already, their endpoint disabled, deleted or removed, or their merchant
    /// suspended.
    skipped: u64,
    /// Queued attempts that were acknowledged.
    succeeded: u64,
    /// Queued attempts that were not.
    failed: u64,
    /// Queued attempts that were taken back before they began, because this or the delivery was cancelled.
    withdrawn: u64,
    /// Deliveries yet to queue, as far as the estimate holds, and queued attempts without a result.
    left: u64,
    /// Attempts a second at most.
    rate: u32,
    /// Whether what has succeeded is sent again, too.
    include_succeeded: bool,
    /// Who asked for it; null for a dry run.
    actor: Option<String>,
    /// When it was asked for.
    created_at: Text<Micros>,
    /// When its last result was in.
    finished_at: Option<Text<Micros>>,
}

impl From<RetryJob> for RetryJobOut {
    fn from(job: RetryJob) -> Self {
        let stored = job.status != RetryJobStatus::Estimated;
        let progress = job.progress;
        Self {
            id: stored.then_some(Text(job.id)),
            merchant_id: job.merchant_id.map(Text),
            status: Text(job.status),
            estimate: progress.estimate,
            endpoints: None,
            queued: progress.queued,
            skipped: progress.skipped,
            succeeded: progress.succeeded,
            failed: progress.failed,
            withdrawn: progress.withdrawn,
            left: job.left(),
            rate: job.rate,
            include_succeeded: job.include_succeeded,
            created_at: Text(job.created_at),
            finished_at: job.finished_at.map(Text),
            actor: stored.then_some(job.actor),
        }
    }
}

/// Which event of a filter is meant, as it was given.
pub(super) struct GivenEvent(pub(super) Option<String>);

impl CreateRetryJob {
    /// Whether nothing is to be stored.
    pub(super) fn is_dry(&self) -> bool {
        self.dry_run.unwrap_or(false)
    }

    /// What is asked for, the event's id aside, which is the caller's to look up.
    ///
    /// Errors: neither or both of ids and filter; a field of the filter is wrong.
    pub(super) fn read(self, across: bool) -> Result<(NewRetryJob, GivenEvent), ApiError> {
        let (selection, event) = match (self.delivery_ids, self.filter) {
            (Some(ids), None) => {
                let ids = ids.into_iter().map(|id| id.0).collect();
                (Selection::Ids(ids), None)
            }
            (None, Some(filter)) => filter.read(across)?,
            (Some(_), Some(_)) => {
                let detail = "give either `delivery_ids` or `filter`, not both";
                return Err(ApiError::field("/filter", "exclusive", detail));
            }
            (None, None) => {
                let detail = "give `delivery_ids` or `filter`; `{}` are all deliveries";
                return Err(ApiError::field("/filter", "required", detail));
            }
        };
        let new = NewRetryJob {
            selection,
            include_succeeded: self.include_succeeded.unwrap_or(false),
            rate: self.rate,
        };
        Ok((new, GivenEvent(event)))
    }
}

impl RetryFilter {
    fn read(self, across: bool) -> Result<(Selection, Option<String>), ApiError> {
        if !across && !self.merchant_ids.0.is_empty() {
            let detail = "a merchant's bulk retry is about its own deliveries";
            return Err(ApiError::field(
                "/filter/merchant_ids",
                "not_allowed",
                detail,
            ));
        }
        self.check_lengths()?;
        let names = self.event_type.0.iter();
        let names = names.filter_map(|name| plain_fault("/filter/event_type", name));
        let id = self.event_id.as_ref();
        let id = id.and_then(|id| plain_fault("/filter/event_id", id));
        ApiError::of_fields(names.chain(id).collect())?;
        let (from, to) = (self.from.map(|at| at.0), self.to.map(|at| at.0));
        if from.zip(to).is_some_and(|(from, to)| from > to) {
            let detail = "must not be later than `to`";
            return Err(ApiError::field("/filter/from", "range", detail));
        }
        let filter = DeliveryFilter {
            statuses: bare(self.status),
            endpoint_ids: bare(self.endpoint_id),
            event_types: self.event_type.0,
            event_id: None,
            outcomes: bare(self.outcome),
            http_statuses: self.http_status.0,
            min_attempts: self.min_attempts,
            is_test: self.is_test,
            from,
            to,
        };
        let merchant_ids = bare(self.merchant_ids);
        let selection = Selection::Filter {
            filter,
            merchant_ids,
        };
        Ok((selection, self.event_id))
    }

    fn check_lengths(&self) -> Result<(), ApiError> {
        let lengths = [
            ("merchant_ids", self.merchant_ids.0.len()),
            ("status", self.status.0.len()),
            ("endpoint_id", self.endpoint_id.0.len()),
            ("event_type", self.event_type.0.len()),
            ("outcome", self.outcome.0.len()),
            ("http_status", self.http_status.0.len()),
        ];
        match lengths.iter().find(|(_, length)| *length > VALUES_MAX) {
            None => Ok(()),
            Some((name, _)) => Err(ApiError::field(
                format!("/filter/{name}"),
                "length",
                format!("must have at most {VALUES_MAX} values"),
            )),
        }
    }
}

/// The same bulk retry about this event only.
pub(super) fn about(mut new: NewRetryJob, event: EventId) -> NewRetryJob {
    if let Selection::Filter { filter, .. } = &mut new.selection {
        filter.event_id = Some(event);
    }
    new
}

/// There is no such event.
pub(super) fn no_such_event() -> ApiError {
    ApiError::field("/filter/event_id", "unknown", "there is no such event")
}

fn bare<T>(values: Many<Text<T>>) -> Vec<T> {
    values.0.into_iter().map(|text| text.0).collect()
}
