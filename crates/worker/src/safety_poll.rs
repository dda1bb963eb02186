//! The safety poll: due rows nobody told us of. A short look back every second, four times as often while
//! the queue is away; a whole scan of a shard when it is taken over, every 30 seconds, and when its lanes
//! run low although the database holds more.

use std::sync::Arc;
use std::time::Duration;

use domain::clock::{Clock as _, Micros};
use domain::shard::{Shard, ShardSet};
use queue::{Queue, Stub};
use storage::jobs::{DueJob, ScanCursor};
use storage::{Error, Storage};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::Parts;
use crate::run::Report;

/// Between two polls while the queue is up, and while it is away.
const POLL: (Duration, Duration) = (Duration::from_secs(1), Duration::from_millis(250));
/// How far a poll looks back behind the last one: longer than a publish may take to commit.
const BACK: Duration = Duration::from_secs(5);
/// Between two whole scans.
const SCAN: Duration = Duration::from_secs(30);
/// Rows of one read.
const PAGE: i64 = 1_000;
/// Rows of one poll; more are found by a scan.
const POLL_ROWS: i64 = 5_000;

struct Poller {
    storage: Arc<Storage>,
    queue: Arc<dyn Queue>,
    reports: mpsc::UnboundedSender<Report>,
    cursor: Micros,
    failing: bool,
}

/// Starts polling. Shards sent to the answered channel are scanned as soon as may be; the task goes on until
/// `end`.
pub(crate) fn start(
    parts: &Parts,
    mut owned: watch::Receiver<ShardSet>,
    reports: mpsc::UnboundedSender<Report>,
    end: CancellationToken,
) -> (mpsc::Sender<ShardSet>, JoinHandle<()>) {
    let (wanted, mut asked) = mpsc::channel::<ShardSet>(4);
    let mut poller = Poller {
        storage: Arc::clone(&parts.storage),
        queue: Arc::clone(&parts.queue),
        reports,
        cursor: parts.storage.clock().now(),
        failing: false,
    };
    let poller = tokio::spawn(async move {
        let mut mine = ShardSet::EMPTY;
        let mut scan_at = Instant::now() + SCAN;
        let mut poll_at = Instant::now() + POLL.1;
        loop {
            // While the queue is away the next poll comes sooner; refills never put it off.
            if !poller.queue.is_up() {
                poll_at = poll_at.min(Instant::now() + POLL.1);
            }
            tokio::select! {
                () = end.cancelled() => return,
                Ok(()) = owned.changed() => {
                    let now_mine = *owned.borrow_and_update();
                    let taken_over = now_mine.without(mine);
                    mine = now_mine;
                    if !poller.scan(taken_over).await {
                        scan_at = Instant::now();
                    }
                }
                Some(shards) = asked.recv() => {
                    if !poller.scan(shards).await {
                        scan_at = Instant::now();
                    }
                }
                () = sleep_until(poll_at) => {
                    poller.poll(mine).await;
                    let pause = if poller.queue.is_up() { POLL.0 } else { POLL.1 };
                    poll_at = Instant::now() + pause;
                    // A scan that failed is repeated with the next poll.
                    if Instant::now() >= scan_at && poller.scan(mine).await {
                        scan_at = Instant::now() + SCAN;
                    }
                }
            }
        }
    });
    (wanted, poller)
}

impl Poller {
    async fn poll(&mut self, mine: ShardSet) {
        if mine.is_empty() {
            return;
        }
        let now = self.storage.clock().now();
        match self
            .storage
            .due_between(mine, self.cursor - BACK, now, POLL_ROWS)
            .await
        {
            Ok(jobs) => {
                self.recovered();
                let full = jobs.len() >= usize::try_from(POLL_ROWS).unwrap_or(usize::MAX);
                self.report(jobs);
                self.cursor = now;
                if full {
                    self.scan(mine).await;
                }
            }
            Err(error) => self.failed(&error),
        }
    }

    /// Whether all were read.
    async fn scan(&mut self, shards: ShardSet) -> bool {
        for shard in shards.iter() {
            if let Err(error) = self.scan_shard(shard).await {
                self.failed(&error);
                return false;
            }
        }
        true
    }

    async fn scan_shard(&self, shard: Shard) -> Result<(), Error> {
        let now = self.storage.clock().now();
        let mut cursor: Option<ScanCursor> = None;
        loop {
            let jobs = self.storage.due_page(shard, cursor, now, PAGE).await?;
            cursor = jobs.last().map(|job| (job.due, job.delivery_id));
            let last = jobs.len() < usize::try_from(PAGE).unwrap_or(usize::MAX);
            self.report(jobs);
            if last {
                return Ok(());
            }
        }
    }

    fn report(&self, jobs: Vec<DueJob>) {
        // Bulk retries are learnt of here alone: the queue is not told of them.
        let (bulk, live): (Vec<DueJob>, Vec<DueJob>) = jobs.into_iter().partition(|job| job.bulk);
        for (jobs, report) in [
            (live, Report::Due as fn(Vec<Stub>) -> Report),
            (bulk, Report::BulkDue),
        ] {
            if !jobs.is_empty() {
                drop(
                    self.reports
                        .send(report(jobs.into_iter().map(stub).collect())),
                );
            }
        }
    }

    fn failed(&mut self, error: &Error) {
        if !self.failing {
            self.failing = true;
            tracing::warn!(%error, "the safety poll cannot read");
        }
    }

    fn recovered(&mut self) {
        if self.failing {
            self.failing = false;
            tracing::info!("the safety poll reads again");
        }
    }
}

const fn stub(job: DueJob) -> Stub {
    Stub {
        delivery_id: job.delivery_id,
        endpoint_id: job.endpoint_id,
        merchant_id: job.merchant_id,
        due: job.due,
    }
}
