//! Carries bulk retry jobs on: each is held by one worker at a time, by a lease in the database, and goes on in small
//! steps at its rate. A worker that dies leaves the job where its last commit was; another takes it over when the
//! lease has run out.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use domain::clock::{Clock as _, Micros};
use domain::id::{DeliveryId, RetryJobId, WorkerId};
use domain::retry_job::{RetryJobStatus, RetryResult};
use gateway::retry_jobs::Advanced;
use gateway::{Error, Gateway};
use storage::Storage;
use storage::retry_jobs::{LeasedJob, Waited};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::Parts;

/// Between two looks while there is no job.
const LOOK: Duration = Duration::from_secs(1);
/// Between two steps of a job, at least. Many small ones: what lives is written between them, and waits for one at most.
const PACE: Duration = Duration::from_millis(20);
/// Between two counts of a job's results.
const COUNT: Duration = Duration::from_millis(500);
/// How long a job is held without a sign of life. Renewed when half of it is over.
const LEASE: Duration = Duration::from_secs(10);
/// Attempts queued in one step.
const STEP: usize = 10;
/// Attempts of one job without a result. Beyond, it waits: what is queued is a backlog like any other.
const UNDER_WAY: u64 = 10_000;
/// Deliveries whose result is asked for at once.
const RESULTS: u64 = 1_000;

/// How many attempts a job may queue now: its rate, of which at most a second is saved up.
#[derive(Debug, Clone, Copy)]
struct Pace {
    saved: f64,
    at: Instant,
}

impl Pace {
    const fn new(now: Instant) -> Self {
        Self {
            saved: 0.0,
            at: now,
        }
    }

    /// Whole attempts that may be queued, at most `most`.
    fn allows(&mut self, rate: u32, most: usize, now: Instant) -> usize {
        let rate = f64::from(rate);
        let gained = now.duration_since(self.at).as_secs_f64() * rate;
        self.saved = (self.saved + gained).min(rate.max(1.0));
        self.at = now;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and the rate"
        )]
        let whole = self.saved as usize;
        whole.min(most)
    }

    /// How long until a whole attempt may be queued.
    fn until_next(&self, rate: u32) -> Duration {
        let missing = (1.0 - self.saved).max(0.0);
        Duration::from_secs_f64(missing / f64::from(rate.max(1)))
    }

    fn spend(&mut self, queued: u64) {
        self.saved -= f64::from(u32::try_from(queued).unwrap_or(u32::MAX));
    }
}

/// What this worker remembers of a job that it holds.
#[derive(Debug)]
struct Held {
    pace: Pace,
    /// The last delivery whose result was asked for.
    asked: DeliveryId,
    /// When results were counted last.
    counted_at: Option<Instant>,
}

struct Runner {
    id: WorkerId,
    storage: Arc<Storage>,
    gateway: Arc<Gateway>,
    held: HashMap<RetryJobId, Held>,
    failing: bool,
}

/// Starts carrying jobs on, until `stop`.
pub(crate) fn start(parts: &Parts, id: WorkerId, stop: CancellationToken) -> JoinHandle<()> {
    let mut runner = Runner {
        id,
        storage: Arc::clone(&parts.storage),
        gateway: Arc::clone(&parts.gateway),
        held: HashMap::new(),
        failing: false,
    };
    tokio::spawn(async move {
        while !stop.is_cancelled() {
            let pause = runner.look().await.unwrap_or(LOOK);
            tokio::select! {
                () = stop.cancelled() => {}
                () = sleep(pause) => {}
            }
        }
        runner.leave().await;
    })
}

impl Runner {
    /// One step of every job that is ours; when the next is due, if there is any.
    async fn look(&mut self) -> Option<Duration> {
        let jobs = match self.storage.unfinished_retry_jobs(self.id).await {
            Ok(jobs) => jobs,
            Err(error) => {
                self.failed(&error.into());
                return None;
            }
        };
        self.held
            .retain(|id, _| jobs.iter().any(|leased| leased.job.id == *id));
        let mut failure = None;
        let mut next: Option<Duration> = None;
        for leased in &jobs {
            match self.carry_on(leased).await {
                Ok(pause) => next = next.into_iter().chain(pause).min(),
                Err(error) => {
                    tracing::debug!(retry_job.id = %leased.job.id, %error, "retry_job.step_failed");
                    failure = Some(error);
                }
            }
        }
        match failure {
            Some(error) => self.failed(&error),
            None if std::mem::take(&mut self.failing) => {
                tracing::info!("bulk retry jobs go on again");
            }
            None => {}
        }
        next
    }

    /// The next step of a job; when the one after it is due, if the job is ours.
    async fn carry_on(&mut self, leased: &LeasedJob) -> Result<Option<Duration>, Error> {
        if !self.hold(leased).await? {
            self.held.remove(&leased.job.id);
            return Ok(None);
        }
        let counted = self.count_in_time(leased).await?;
        if leased.job.is_done() {
            self.finish(leased).await?;
        } else if leased.job.status == RetryJobStatus::Running && !leased.job.looked_through {
            self.queue(leased).await?;
        }
        // What was counted may have been the last.
        let pause = if counted {
            PACE
        } else {
            self.pause_after(leased)
        };
        Ok(Some(pause))
    }

    /// Takes the lease, or makes it longer in time.
    async fn hold(&self, leased: &LeasedJob) -> Result<bool, Error> {
        let now = self.storage.clock().now();
        if !leased.is_free_for(self.id, now) {
            return Ok(false);
        }
        if leased.owner == Some(self.id) && now + LEASE / 2 < leased.lease_until {
            return Ok(true);
        }
        let until = now + LEASE;
        Ok(self.storage.lease_retry_job(leased, self.id, until).await?)
    }

    /// Until the next step of a job: its rate allows no more before, or only results are waited for.
    fn pause_after(&self, leased: &LeasedJob) -> Duration {
        let job = &leased.job;
        let waits = job.status != RetryJobStatus::Running
            || job.looked_through
            || job.progress.under_way() >= UNDER_WAY;
        match self.held.get(&job.id) {
            Some(held) if !waits => held.pace.until_next(job.rate).clamp(PACE, COUNT),
            _ => COUNT,
        }
    }

    /// Whether results were counted.
    async fn count_in_time(&mut self, leased: &LeasedJob) -> Result<bool, Error> {
        let now = Instant::now();
        let counted_at = &mut self.held(leased.job.id).counted_at;
        if counted_at.is_some_and(|at| now < at + COUNT) {
            return Ok(false);
        }
        *counted_at = Some(now);
        self.count(leased).await
    }

    /// Counts the results that have come in, and whether there were any; of a cancelled job it takes back what has not
    /// begun.
    async fn count(&mut self, leased: &LeasedJob) -> Result<bool, Error> {
        if leased.job.progress.under_way() == 0 {
            return Ok(false);
        }
        let held = self.held(leased.job.id);
        let after = held.asked;
        let waited = self.storage.awaited_retries(leased, after, RESULTS).await?;
        self.held(leased.job.id).asked = next_asked(&waited);
        let results: Vec<(DeliveryId, RetryResult)> = waited
            .iter()
            .filter_map(|item| Some((item.delivery_id, item.result?)))
            .collect();
        if !results.is_empty() {
            self.storage.count_results(leased, &results).await?;
        }
        if leased.job.status == RetryJobStatus::Cancelled {
            let open: Vec<DeliveryId> = waited
                .iter()
                .filter(|item| item.result.is_none())
                .map(|item| item.delivery_id)
                .collect();
            self.storage.withdraw_retries(leased, &open).await?;
        }
        Ok(!results.is_empty())
    }

    /// Queues as many attempts as the job's rate allows.
    async fn queue(&mut self, leased: &LeasedJob) -> Result<(), Error> {
        let room = UNDER_WAY.saturating_sub(leased.job.progress.under_way());
        let most = STEP.min(usize::try_from(room).unwrap_or(STEP));
        let rate = leased.job.rate;
        let allowed = self
            .held(leased.job.id)
            .pace
            .allows(rate, most, Instant::now());
        if allowed == 0 {
            return Ok(());
        }
        let advanced = self.gateway.advance_retry_job(leased, self.id, allowed);
        match advanced.await? {
            Advanced::Lost => {
                self.held.remove(&leased.job.id);
            }
            Advanced::Queued(queued) => {
                self.held(leased.job.id).pace.spend(queued);
                metrics::counter!("hookyard_bulk_retries_total").increment(queued);
            }
        }
        Ok(())
    }

    async fn finish(&self, leased: &LeasedJob) -> Result<(), Error> {
        if !self.storage.finish_retry_job(leased).await? {
            return Ok(());
        }
        let job = self
            .storage
            .retry_job(leased.reach(), leased.job.id)
            .await?;
        let Some(job) = job else { return Ok(()) };
        let (status, progress) = (job.status.as_str(), job.progress);
        metrics::counter!("hookyard_retry_jobs_total", "status" => status).increment(1);
        tracing::info!(
            retry_job.id = %job.id,
            merchant.id = job.merchant_id.map(tracing::field::display),
            status,
            queued = progress.queued,
            skipped = progress.skipped,
            succeeded = progress.succeeded,
            failed = progress.failed,
            withdrawn = progress.withdrawn,
            "retry_job.finished"
        );
        Ok(())
    }

    fn held(&mut self, id: RetryJobId) -> &mut Held {
        self.held.entry(id).or_insert_with(|| Held {
            pace: Pace::new(Instant::now()),
            asked: first(),
            counted_at: None,
        })
    }

    async fn leave(&self) {
        if !self.held.is_empty()
            && let Err(error) = self.storage.release_retry_jobs(self.id).await
        {
            tracing::debug!(%error, "the leases of bulk retry jobs will run out by themselves");
        }
    }

    fn failed(&mut self, error: &Error) {
        if !std::mem::replace(&mut self.failing, true) {
            tracing::warn!(%error, "a bulk retry job cannot go on");
        }
    }
}

/// Where the next look for results begins: after this page, or again at the first.
fn next_asked(waited: &[Waited]) -> DeliveryId {
    match waited.last() {
        Some(last) if u64::try_from(waited.len()).is_ok_and(|count| count == RESULTS) => {
            last.delivery_id
        }
        _ => first(),
    }
}

fn first() -> DeliveryId {
    DeliveryId::floor(Micros(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_kept_and_no_more_than_a_second_is_saved_up() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        let mut queued = 0;
        for step in 1..=50 {
            let now = start + Duration::from_millis(200 * step);
            let allowed = pace.allows(7, 100, now);
            pace.spend(allowed as u64);
            queued += allowed;
        }
        assert_eq!(queued, 70, "in ten seconds");
        let later = start + Duration::from_hours(1);
        assert_eq!(pace.allows(7, 100, later), 7);
        assert_eq!(pace.allows(500, 100, later + Duration::from_secs(1)), 100);
    }

    #[test]
    fn the_slowest_rate_queues_one_in_a_second() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        assert_eq!(pace.allows(1, 100, start + Duration::from_millis(900)), 0);
        assert_eq!(pace.allows(1, 100, start + Duration::from_millis(1_100)), 1);
        assert_eq!(pace.until_next(1), Duration::ZERO);
        pace.spend(1);
        assert_eq!(pace.until_next(1), Duration::from_secs(1));
        assert_eq!(pace.allows(1, 100, start + Duration::from_millis(1_600)), 0);
        assert_eq!(pace.until_next(1), Duration::from_millis(500));
    }
}
