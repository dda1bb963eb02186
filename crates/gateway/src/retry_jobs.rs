//! Bulk retry jobs: many manual retries at once, of one merchant's deliveries or, for ops, of everybody's. Made,
//! estimated and cancelled here; a worker carries them on, step by step, by [`Gateway::advance_retry_job`].

use std::collections::HashSet;

use domain::delivery::Delivery;
use domain::error::FieldError;
use domain::id::{DeliveryId, EndpointId, RetryJobId, WorkerId};
use domain::retry_job::{Progress, RetryJob, RetryJobStatus};
use domain::tenancy::{Reach, TenantScope};
use storage::retry_jobs::{LeasedJob, RetryPlan, Selection, Step};

use crate::retry::obstacle;
use crate::{Error, Gateway};

/// Deliveries that a job may name one by one.
pub const IDS_MAX: usize = 1_000;
/// Unknown ids that one answer names.
const NAMED_MAX: usize = 50;
/// Deliveries that a job looks at in one step, at most.
const PAGE: u64 = 200;
/// Those that it looks at beside as many as it may queue.
const UNFIT: u64 = 32;

/// A bulk retry as it is asked for.
#[derive(Debug, Clone)]
pub struct NewRetryJob {
    /// Which deliveries.
    pub selection: Selection,
    /// Also those that have succeeded.
    pub include_succeeded: bool,
    /// Attempts queued in a second; the platform's rate when `None`.
    pub rate: Option<u32>,
}

/// What a step did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advanced {
    /// The job is another worker's now, or has been cancelled: nothing was done.
    Lost,
    /// So many attempts were queued.
    Queued(u64),
}

impl Gateway {
    /// How many deliveries a bulk retry would be about, as far as the log knows now, and how many endpoints they go to.
    /// Nothing is stored.
    ///
    /// Errors: a field is wrong; storage fails.
    pub async fn estimate_retry_job(
        &self,
        of: Reach,
        new: &NewRetryJob,
    ) -> Result<(RetryJob, u64), Error> {
        let (mut job, _, endpoints) = self.prepare(of, new, "").await?;
        job.status = RetryJobStatus::Estimated;
        Ok((job, endpoints))
    }

    /// Makes a bulk retry job: of one merchant, or across merchants.
    ///
    /// Errors: a field is wrong; the merchant is suspended, or has too many jobs; storage fails.
    pub async fn create_retry_job(
        &self,
        of: Reach,
        new: &NewRetryJob,
        actor: &str,
    ) -> Result<RetryJob, Error> {
        let (job, plan, _) = self.prepare(of, new, actor).await?;
        let most = self.settings.retry_jobs;
        if !self.storage.create_retry_job(&job, &plan, most).await? {
            return Err(Error::LimitReached {
                detail: format!("There are {most} bulk retry jobs that have not finished."),
            });
        }
        tracing::info!(
            retry_job.id = %job.id,
            merchant.id = job.merchant_id.map(tracing::field::display),
            actor,
            estimate = job.progress.estimate,
            rate = job.rate,
            "retry_job.created"
        );
        Ok(job)
    }

    /// Cancels a job that runs. What it has queued and nobody has begun is taken back within moments.
    ///
    /// Errors: no such job; it does not run any more; storage fails.
    pub async fn cancel_retry_job(
        &self,
        of: Reach,
        id: RetryJobId,
        actor: &str,
    ) -> Result<RetryJob, Error> {
        match self.storage.cancel_retry_job(of, id).await? {
            None => Err(Error::NotFound),
            Some(false) => Err(Error::Conflict {
                detail: "It does not run any more.".to_owned(),
            }),
            Some(true) => {
                tracing::info!(retry_job.id = %id, actor, "retry_job.cancelled");
                let job = self.storage.retry_job(of, id).await?;
                job.ok_or(Error::NotFound)
            }
        }
    }

    /// Does the next step of a job that this worker holds: looks at its next deliveries and queues at most `most`
    /// attempts.
    ///
    /// Errors: storage fails; then nothing was done.
    pub async fn advance_retry_job(
        &self,
        leased: &LeasedJob,
        worker: WorkerId,
        most: usize,
    ) -> Result<Advanced, Error> {
        // Some cannot be sent; at a low rate not many more are wanted than that.
        let page = PAGE.min(u64::try_from(most).unwrap_or(PAGE) + UNFIT);
        let found = self.storage.retry_candidates(leased, page).await?;
        self.config.catch_up().await?;
        let mut wanted: Vec<(DeliveryId, EndpointId)> = Vec::new();
        let mut looked_at = 0;
        for delivery in &found {
            if wanted.len() == most {
                break;
            }
            looked_at += 1;
            if self.may_be_sent(delivery).await? {
                wanted.push((delivery.id, delivery.endpoint_id));
            }
        }
        let last = u64::try_from(found.len()).is_ok_and(|count| count < page);
        let step = Step {
            upto: found[..looked_at]
                .last()
                .map_or(leased.cursor, |delivery| delivery.id),
            looked_through: last && looked_at == found.len(),
            looked_at,
            wanted,
        };
        let queued = self.storage.queue_retries(leased, worker, step).await?;
        Ok(queued.map_or(Advanced::Lost, Advanced::Queued))
    }

    async fn may_be_sent(&self, delivery: &Delivery) -> Result<bool, Error> {
        let config = self.config.merchant(delivery.merchant_id).await?;
        Ok(config.is_some_and(|config| {
            !config.merchant.suspended && obstacle(&config, delivery).is_none()
        }))
    }

    /// Checks what is asked for and counts it.
    async fn prepare(
        &self,
        of: Reach,
        new: &NewRetryJob,
        actor: &str,
    ) -> Result<(RetryJob, RetryPlan, u64), Error> {
        if let Reach::Merchant(scope) = of {
            self.check_active(scope).await?;
        }
        let rate = self.checked_rate(new.rate)?;
        if let Selection::Ids(ids) = &new.selection {
            self.check_ids(of, ids).await?;
        }
        let now = self.now();
        let plan = RetryPlan {
            selection: new.selection.clone(),
            include_succeeded: new.include_succeeded,
            asked_at: now,
        };
        let (estimate, endpoints) = self.storage.count_retries(of, &plan).await?;
        let job = RetryJob {
            id: self.draw(|rng| RetryJobId::new(now, rng)),
            merchant_id: of.merchant_id(),
            actor: actor.to_owned(),
            rate,
            include_succeeded: new.include_succeeded,
            status: RetryJobStatus::Running,
            progress: Progress {
                estimate,
                ..Progress::default()
            },
            looked_through: false,
            created_at: now,
            finished_at: None,
        };
        Ok((job, plan, endpoints))
    }

    async fn check_active(&self, scope: TenantScope) -> Result<(), Error> {
        self.config.catch_up().await?;
        let config = self.config.merchant(scope.merchant_id()).await?;
        if config.ok_or(Error::NotFound)?.merchant.suspended {
            return Err(Error::Suspended);
        }
        Ok(())
    }

    fn checked_rate(&self, rate: Option<u32>) -> Result<u32, Error> {
        let most = self.settings.retry_rate_max;
        match rate {
            None => Ok(self.settings.retry_rate.min(most)),
            Some(rate) if (1..=most).contains(&rate) => Ok(rate),
            Some(_) => Err(Error::field(
                "/rate",
                "range",
                format!("must be 1 to {most}"),
            )),
        }
    }

    /// A foreign merchant's delivery looks like one that does not exist.
    async fn check_ids(&self, of: Reach, ids: &[DeliveryId]) -> Result<(), Error> {
        if !(1..=IDS_MAX).contains(&ids.len()) {
            let detail = format!("must have 1 to {IDS_MAX} ids");
            return Err(Error::field("/delivery_ids", "length", detail));
        }
        let unknown: HashSet<DeliveryId> = self.storage.unknown_deliveries(of, ids).await?;
        let wrong: Vec<FieldError> = ids
            .iter()
            .enumerate()
            .filter(|(_, id)| unknown.contains(id))
            .take(NAMED_MAX)
            .map(|(place, _)| {
                let pointer = format!("/delivery_ids/{place}");
                FieldError::new(pointer, "unknown", "there is no such delivery")
            })
            .collect();
        if wrong.is_empty() {
            Ok(())
        } else {
            Err(Error::Invalid(wrong))
        }
    }
}
