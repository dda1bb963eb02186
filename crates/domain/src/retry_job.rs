//! A bulk retry job: many manual retries asked for at once, made behind live work. It looks at its deliveries one
//! after the other, oldest first, and queues one attempt of each that may have one; it ends when every attempt that it
//! queued has a result.
//!
//! ```text
//!  estimate ─┬─ skipped: in flight, or its endpoint takes nothing now
//!            └─ queued ─┬─ succeeded · failed
//!                       └─ withdrawn: cancelled, or its endpoint deleted, before the attempt
//! ```

use crate::attempt::Trigger;
use crate::clock::Micros;
use crate::id::{MerchantId, RetryJobId};

/// Where a bulk retry job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i16)]
pub enum RetryJobStatus {
    /// It queues attempts, or waits for their results.
    Running = 0,
    /// Every attempt that it queued has a result.
    Completed = 1,
    /// Stopped by a person: what it had queued and nobody had begun was withdrawn.
    Cancelled = 2,
    /// Only counted, by a dry run. Shown, never stored.
    Estimated = 3,
}

impl RetryJobStatus {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 4] = [
        Self::Running,
        Self::Completed,
        Self::Cancelled,
        Self::Estimated,
    ];

    /// The number storage keeps.
    pub const fn code(self) -> i16 {
        self as i16
    }

    /// The status of a stored number, if it is one.
    pub fn from_code(code: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.code() == code)
    }

    /// How the API spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
            Self::Estimated => "estimated",
        }
    }
}

/// How far a job has come, in deliveries. No number ever falls.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// How many it was to retry, as counted when it was made.
    pub estimate: u64,
    /// Attempts queued.
    pub queued: u64,
    /// Deliveries passed over: in flight, or their endpoint takes nothing now.
    pub skipped: u64,
    /// Queued attempts that were acknowledged.
    pub succeeded: u64,
    /// Queued attempts that were not.
    pub failed: u64,
    /// Queued attempts that were taken back before they began.
    pub withdrawn: u64,
}

impl Progress {
    /// Queued attempts without a result.
    pub const fn under_way(self) -> u64 {
        self.queued
            .saturating_sub(self.succeeded + self.failed + self.withdrawn)
    }
}

/// A bulk retry job as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryJob {
    /// Its id.
    pub id: RetryJobId,
    /// Whose deliveries it retries; everybody's when `None`.
    pub merchant_id: Option<MerchantId>,
    /// Who asked for it.
    pub actor: String,
    /// Attempts that it queues in a second at most.
    pub rate: u32,
    /// Whether what has succeeded is sent again, too.
    pub include_succeeded: bool,
    /// Where it stands.
    pub status: RetryJobStatus,
    /// How far it has come.
    pub progress: Progress,
    /// Whether it has looked at all its deliveries.
    pub looked_through: bool,
    /// When it was made.
    pub created_at: Micros,
    /// When its last result was in.
    pub finished_at: Option<Micros>,
}

impl RetryJob {
    /// Deliveries that it has yet to queue, as far as the estimate holds, and results that it waits for.
    pub const fn left(&self) -> u64 {
        let progress = self.progress;
        let unseen = match self.status {
            RetryJobStatus::Running | RetryJobStatus::Estimated if !self.looked_through => progress
                .estimate
                .saturating_sub(progress.queued + progress.skipped),
            _ => 0,
        };
        unseen + progress.under_way()
    }

    /// Whether nothing will change any more but its status.
    pub const fn is_done(&self) -> bool {
        let no_more = self.looked_through || !matches!(self.status, RetryJobStatus::Running);
        no_more && self.progress.under_way() == 0
    }
}

/// What a queued attempt came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RetryResult {
    /// It was acknowledged.
    Succeeded,
    /// It was made, or lost with its worker, and not acknowledged.
    Failed,
    /// It was never made: its job is gone.
    Withdrawn,
}

/// What became of the attempt that was queued after `number` others, if it has a result. `attempts` and `succeeded`
/// are the delivery's own, `None` where the log has dropped it; `waits` says whether it has a job.
pub fn result_of(number: i32, delivery: Option<(i32, bool)>, waits: bool) -> Option<RetryResult> {
    match delivery {
        Some((attempts, succeeded)) if attempts > number => Some(if succeeded {
            RetryResult::Succeeded
        } else {
            RetryResult::Failed
        }),
        _ if waits => None,
        _ => Some(RetryResult::Withdrawn),
    }
}

/// Whether cancelling takes back a job that waits: what the schedule sends anyway goes on.
pub fn is_withdrawn(trigger: Trigger) -> bool {
    trigger == Trigger::Manual
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn job(status: RetryJobStatus, looked_through: bool, progress: Progress) -> RetryJob {
        RetryJob {
            id: RetryJobId::from_uuid(Uuid::nil()),
            merchant_id: None,
            actor: String::new(),
            rate: 1,
            include_succeeded: false,
            status,
            progress,
            looked_through,
            created_at: Micros(0),
            finished_at: None,
        }
    }

    #[test]
    fn what_is_left_is_unseen_or_under_way() {
        use RetryJobStatus::{Cancelled, Running};
        let progress = Progress {
            estimate: 100,
            queued: 40,
            skipped: 5,
            succeeded: 20,
            failed: 9,
            withdrawn: 1,
        };
        for (status, looked_through, left) in [
            (Running, false, 55 + 10),
            (Running, true, 10),
            (Cancelled, false, 10),
        ] {
            let job = job(status, looked_through, progress);
            assert_eq!((job.left(), job.is_done()), (left, false), "{status:?}");
        }
        let all = Progress {
            succeeded: 30,
            ..progress
        };
        assert!(!job(Running, false, all).is_done(), "not looked through");
        assert!(job(Running, true, all).is_done());
        assert!(job(Cancelled, false, all).is_done());
        // More were found than counted: nothing falls below zero.
        let more = Progress {
            queued: 200,
            ..progress
        };
        assert_eq!(job(Running, false, more).left(), 170);
    }

    #[test]
    fn an_attempt_has_a_result_when_it_is_counted_or_its_job_is_gone() {
        use RetryResult::{Failed, Succeeded, Withdrawn};
        for (delivery, waits, result) in [
            (Some((4, false)), true, None),
            (Some((4, false)), false, Some(Withdrawn)),
            (Some((5, true)), false, Some(Succeeded)),
            (Some((5, false)), false, Some(Failed)),
            // Brought forward, failed, and waiting for its next retry.
            (Some((5, false)), true, Some(Failed)),
            (None, false, Some(Withdrawn)),
            (None, true, None),
        ] {
            assert_eq!(
                result_of(4, delivery, waits),
                result,
                "{delivery:?} {waits}"
            );
        }
    }

    #[test]
    fn every_status_survives_its_number() {
        for status in RetryJobStatus::ALL {
            assert_eq!(RetryJobStatus::from_code(status.code()), Some(status));
        }
        assert_eq!(RetryJobStatus::from_code(9), None);
    }
}
