//! A delivery: one event for one endpoint, the unit that is retried. Its state machine:
//!
//! ```text
//!             ┌────────────── acknowledged ──────────────▶ succeeded
//!  pending ───┤                                                ▲
//!     │       ├─ failed, schedule left ─▶ retrying ─ … ────────┤ manual retry
//!     │       └─ failed, schedule spent ─▶ failed ─────────────┘
//!     └─ cancelled (a person) · skipped (endpoint disabled)
//! ```
//! `delivering` is shown while a worker holds the job's lease; it is never stored.

use std::time::Duration;

use crate::attempt::{Outcome, Trigger};
use crate::clock::Micros;
use crate::id::{DeliveryId, EndpointId, EventId, MerchantId};
use crate::retry::RetryPolicy;

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(i16)]
pub enum Status {
    /// Waiting for its first attempt, or for a manual retry.
    Pending = 0,
    /// Waiting for its next attempt.
    Retrying = 1,
    /// Acknowledged.
    Succeeded = 2,
    /// Its schedule is spent.
    Failed = 3,
    /// Stopped by a person.
    Cancelled = 4,
    /// Never sent, see [`SkipReason`].
    Skipped = 5,
    /// An attempt is in flight. Shown, never stored.
    Delivering = 6,
}

impl Status {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 7] = [
        Self::Pending,
        Self::Retrying,
        Self::Succeeded,
        Self::Failed,
        Self::Cancelled,
        Self::Skipped,
        Self::Delivering,
    ];

    /// The number storage keeps.
    pub const fn code(self) -> i16 {
        self as i16
    }

    /// The status of a stored number, if it is one.
    pub fn from_code(code: i16) -> Option<Self> {
        usize::try_from(code)
            .ok()
            .and_then(|index| Self::ALL.get(index).copied())
    }

    /// How the API spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Retrying => "retrying",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Skipped => "skipped",
            Self::Delivering => "delivering",
        }
    }

    /// What the API shows, given the delivery's job: none, waiting, or under a lease.
    #[must_use]
    pub const fn shown(self, job: Option<JobState>) -> Self {
        match job {
            None => self,
            Some(JobState::Leased) => Self::Delivering,
            Some(JobState::Waiting) => match self {
                Self::Retrying => Self::Retrying,
                _ => Self::Pending,
            },
        }
    }
}

/// What a delivery's job is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobState {
    /// Waiting for its due time or for a worker.
    Waiting,
    /// A worker holds its lease.
    Leased,
}

/// Why a delivery was never sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i16)]
pub enum SkipReason {
    /// Its endpoint was disabled when the event came, or for too long afterwards.
    EndpointDisabled = 1,
}

impl SkipReason {
    /// The number storage keeps.
    pub const fn code(self) -> i16 {
        self as i16
    }

    /// The reason of a stored number, if it is one.
    pub const fn from_code(code: i16) -> Option<Self> {
        match code {
            1 => Some(Self::EndpointDisabled),
            _ => None,
        }
    }

    /// How the API spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EndpointDisabled => "endpoint_disabled",
        }
    }
}

/// A delivery as the log shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its id.
    pub id: DeliveryId,
    /// The event.
    pub event_id: EventId,
    /// The event's id on the wire.
    pub wire_event_id: String,
    /// The event's type.
    pub event_type: String,
    /// The endpoint.
    pub endpoint_id: EndpointId,
    /// The merchant.
    pub merchant_id: MerchantId,
    /// Where it stands, its job considered.
    pub status: Status,
    /// Why it was never sent.
    pub skip_reason: Option<SkipReason>,
    /// POSTs so far.
    pub attempt_count: i32,
    /// When the next attempt is due.
    pub next_attempt_at: Option<Micros>,
    /// How the last attempt ended.
    pub last_outcome: Option<Outcome>,
    /// The last attempt's HTTP status.
    pub last_http_status: Option<u16>,
    /// When the event was taken in.
    pub created_at: Micros,
    /// When it came to its present end.
    pub finished_at: Option<Micros>,
    /// Whether it is a test send.
    pub is_test: bool,
}

/// An attempt that has ended, as far as the next step depends on it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ended {
    /// How it ended.
    pub outcome: Outcome,
    /// Its number, 1 for the first.
    pub number: i32,
    /// Why it was made.
    pub trigger: Trigger,
    /// When it ended.
    pub at: Micros,
    /// What the receiver asked for.
    pub retry_after: Option<Duration>,
    /// Chance in 0..1 for the jitter.
    pub chance: f64,
}

/// What follows an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Finished: acknowledged.
    Succeeded,
    /// Again at this time.
    Retry(Micros),
    /// Finished: no more automatic attempts.
    Failed,
}

impl Next {
    /// The status to store.
    pub const fn status(self) -> Status {
        match self {
            Self::Succeeded => Status::Succeeded,
            Self::Retry(_) => Status::Retrying,
            Self::Failed => Status::Failed,
        }
    }
}

/// What follows an attempt: the whole state machine of design section 5 in one function. Manual
/// retries and test sends have no schedule.
pub fn after(ended: Ended, policy: &RetryPolicy) -> Next {
    if ended.outcome == Outcome::Success {
        return Next::Succeeded;
    }
    if ended.trigger != Trigger::Schedule {
        return Next::Failed;
    }
    policy
        .next(ended.number, ended.at, ended.chance, ended.retry_after)
        .map_or(Next::Failed, Next::Retry)
}

/// Whether attempt `number`, not yet made, is still within what the schedule allows. A job claimed
/// again and again without a result ends here; a manual retry is one attempt, lost or not.
pub fn within_budget(number: i32, trigger: Trigger, was_lost: bool, policy: &RetryPolicy) -> bool {
    match trigger {
        Trigger::Schedule => number <= policy.attempts(),
        Trigger::Manual | Trigger::Test => !was_lost,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn policy(retries: usize) -> RetryPolicy {
        RetryPolicy {
            schedule: vec![Duration::from_mins(1); retries],
            jitter: false,
            hears_retry_after: false,
        }
    }

    fn ended(outcome: Outcome, number: i32, trigger: Trigger) -> Ended {
        Ended {
            outcome,
            number,
            trigger,
            at: Micros(0),
            retry_after: None,
            chance: 0.5,
        }
    }

    #[test]
    fn contract_024_025_098_every_outcome_on_every_attempt_has_the_expected_next_step() {
        for outcome in Outcome::ALL {
            for number in 1..=6 {
                for trigger in [Trigger::Schedule, Trigger::Manual, Trigger::Test] {
                    let next = after(ended(outcome, number, trigger), &policy(3));
                    let expected = match (outcome, trigger, number) {
                        (Outcome::Success, ..) => Next::Succeeded,
                        (_, Trigger::Schedule, 1..=3) => Next::Retry(Micros(60_000_000)),
                        _ => Next::Failed,
                    };
                    assert_eq!(next, expected, "{outcome:?} {number} {trigger:?}");
                }
            }
        }
    }

    #[test]
    fn contract_028_a_lost_manual_retry_is_not_made_again() {
        assert!(within_budget(9, Trigger::Manual, false, &policy(3)));
        assert!(!within_budget(9, Trigger::Manual, true, &policy(3)));
        assert!(!within_budget(5, Trigger::Schedule, true, &policy(3)));
    }

    #[test]
    fn contract_098_a_job_without_a_lease_shows_as_waiting() {
        assert_eq!(
            Status::Failed.shown(Some(JobState::Waiting)),
            Status::Pending
        );
        assert_eq!(
            Status::Retrying.shown(Some(JobState::Waiting)),
            Status::Retrying
        );
        assert_eq!(
            Status::Retrying.shown(Some(JobState::Leased)),
            Status::Delivering
        );
        assert_eq!(Status::Failed.shown(None), Status::Failed);
    }

    proptest! {
        #[test]
        fn every_path_ends(retries in 0usize..30, outcomes in prop::collection::vec(0i16..17, 0..64)) {
            let policy = policy(retries);
            let mut number = 0;
            for code in outcomes.into_iter().chain(std::iter::repeat(1)) {
                number += 1;
                prop_assert!(within_budget(number, Trigger::Schedule, true, &policy));
                let outcome = Outcome::from_code(code).unwrap();
                match after(ended(outcome, number, Trigger::Schedule), &policy) {
                    Next::Retry(_) => {}
                    Next::Succeeded | Next::Failed => break,
                }
            }
            prop_assert!(number <= policy.attempts());
        }
    }
}
