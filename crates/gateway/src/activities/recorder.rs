//! Collects batches of activities and decides on them together: one transaction for many callers.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use domain::id::MerchantId;
use domain::trigger::activity::{Activity, ActivityKind, Family};
use domain::trigger::checkout::CheckoutKind;
use domain::trigger::rules::RECOVERY;
use domain::trigger::{Key, data};
use rand::RngExt as _;
use rand::rngs::StdRng;
use storage::triggers::{ActivityKey, Wanted, activity_key};
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::Accepted;
use super::held::Held;
use crate::Error;
use crate::batcher::Collector;
use crate::config_cache::MerchantConfig;
use crate::fairness::{Piece, take_fairly};
use crate::triggers::{Answer, Question, Triggers};

/// Activities of one commit, about.
pub(super) const PER_COMMIT: usize = 1_000;
/// Times a batch is tried while others are in its way.
const TRIES: usize = 3;
/// Between two tries for merchants that are busy, when nothing else comes.
const HELD_PACE: Duration = Duration::from_millis(5);

/// A call on its way to the commit.
#[derive(Debug)]
pub(crate) struct Request {
    pub merchant_id: MerchantId,
    pub activities: Vec<Activity>,
    pub reply: oneshot::Sender<Result<Accepted, Error>>,
    /// When it has waited long enough for a merchant that is busy.
    pub until: Option<Instant>,
    /// Its place in memory, until it has been answered.
    pub _room: OwnedSemaphorePermit,
}

impl Piece for Request {
    fn merchant_id(&self) -> MerchantId {
        self.merchant_id
    }

    fn rows(&self) -> usize {
        self.activities.len()
    }
}

impl Request {
    /// The caller may have gone; what was stored stays stored.
    pub(super) fn answer(self, answer: Result<Accepted, Error>) {
        drop(self.reply.send(answer));
    }
}

pub(crate) struct Recorder {
    pub triggers: Arc<Triggers>,
    pub rng: StdRng,
}

impl Recorder {
    /// Records what comes until `stop`, then what still waits.
    pub(crate) async fn run(
        mut self,
        waiting: mpsc::Receiver<Request>,
        pace: Duration,
        stop: CancellationToken,
    ) {
        let mut collector = Collector::new(waiting, "activities", pace);
        let mut left = Vec::new();
        let mut held = Held::default();
        let mut closed = false;
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled(), if !closed => {
                    closed = true;
                    collector.close();
                    continue;
                }
                more = gather(&mut collector, &mut left, &held) => if !more { return },
            }
            if let Err(error) = self.round(&mut left, &mut held).await {
                // Whoever waits behind a database that is away would wait in vain, batch after batch.
                collector.take_waiting(&mut left);
                for request in left.drain(..).chain(held.take_all()) {
                    request.answer(Err(Error::of_storage(&error)));
                }
            }
        }
    }

    /// Records what came; then, apart from it, another try for those whose merchants were busy.
    ///
    /// Errors: the database is away.
    async fn round(
        &mut self,
        left: &mut Vec<Request>,
        held: &mut Held,
    ) -> Result<(), storage::Error> {
        held.keep_order(left);
        if !left.is_empty() {
            let busy = self.record(take_fairly(left, PER_COMMIT)).await?;
            held.put(busy);
        }
        let again = held.take();
        if !again.is_empty() {
            let busy = self.record(again).await?;
            held.put(busy);
        }
        held.give_up();
        Ok(())
    }

    /// Records a batch; if the database refuses it as a whole, each request alone. Answers the requests that are
    /// still to be recorded: their merchants are busy.
    ///
    /// Errors: the database is away; every request of the batch has been told.
    async fn record(&mut self, batch: Vec<Request>) -> Result<Vec<Request>, storage::Error> {
        let refused = match self.decide(&batch).await {
            Ok(answer) => return Ok(answer_all(batch, &answer)),
            Err(error) => error,
        };
        let passing = matches!(refused, storage::Error::Unavailable(_));
        if passing || batch.len() == 1 {
            for request in batch {
                request.answer(Err(Error::of_storage(&refused)));
            }
            return if passing {
                Err(refused)
            } else {
                Ok(Vec::new())
            };
        }
        tracing::warn!(error = %refused, "a batch of activities was refused; each call is tried alone");
        let mut busy = Vec::new();
        for request in batch {
            let alone = vec![request];
            match self.decide(&alone).await {
                Ok(answer) => busy.extend(answer_all(alone, &answer)),
                Err(error) => {
                    for request in alone {
                        request.answer(Err(Error::of_storage(&error)));
                    }
                }
            }
        }
        Ok(busy)
    }

    /// Decides, again while others are in the way: what they do soon ends.
    async fn decide(&mut self, batch: &[Request]) -> Result<Answer, storage::Error> {
        let question = Arc::new(question_of(batch, self.rng.random()));
        let admit = |config: &MerchantConfig| !config.merchant.suspended;
        for _ in 1..TRIES {
            match self.triggers.decide(Arc::clone(&question), admit).await {
                Err(storage::Error::Busy(_)) => {}
                other => return other,
            }
        }
        self.triggers.decide(question, admit).await
    }
}

/// Adds what comes; not for long while calls are held. False when nothing is left to do.
async fn gather(collector: &mut Collector<Request>, left: &mut Vec<Request>, held: &Held) -> bool {
    if held.is_empty() {
        return collector.next(left).await;
    }
    // When the channel has ended, what is held keeps its pace.
    if timeout(HELD_PACE, collector.next(left)).await == Ok(false) {
        sleep(HELD_PACE).await;
    }
    true
}

/// Tells everybody what became of their activities, but for those whose merchants were busy.
fn answer_all(batch: Vec<Request>, answer: &Answer) -> Vec<Request> {
    metrics::counter!("hookyard_trigger_events_total", "cause" => "activity")
        .increment(answer.fired as u64);
    let mut busy = Vec::new();
    for request in batch {
        if !answer.shops.contains_key(&request.merchant_id) {
            let error = if answer.suspended.contains(&request.merchant_id) {
                Error::Suspended
            } else {
                Error::NotFound
            };
            request.answer(Err(error));
            continue;
        }
        if answer.left_out.busy.contains(&request.merchant_id) {
            busy.push(request);
            continue;
        }
        let repeated = |activity: &&Activity| answer.left_out.repeated.contains(&activity.id);
        let duplicates = request.activities.iter().filter(repeated).count();
        let accepted = request.activities.len() - duplicates;
        metrics::counter!("hookyard_activities_total").increment(accepted as u64);
        request.answer(Ok(Accepted {
            accepted,
            duplicates,
        }));
    }
    busy
}

/// What is to be decided on a batch, each merchant's activities in order of their time, then as they came.
fn question_of(batch: &[Request], seed: u64) -> Question {
    let mut by_merchant: HashMap<MerchantId, Vec<Activity>> = HashMap::new();
    let mut keys = Vec::new();
    let mut wanted = Wanted::default();
    for request in batch {
        for activity in &request.activities {
            want(&mut wanted, request.merchant_id, activity);
            if let Some(client_id) = &activity.client_id {
                keys.push(ActivityKey {
                    merchant_id: request.merchant_id,
                    hash: activity_key(client_id),
                    activity_id: activity.id,
                });
            }
        }
        by_merchant
            .entry(request.merchant_id)
            .or_default()
            .extend_from_slice(&request.activities);
    }
    for activities in by_merchant.values_mut() {
        activities.sort_by_key(|activity| activity.at);
    }
    Question {
        keys,
        wanted,
        activities: by_merchant,
        timers: HashMap::new(),
        seed,
    }
}

/// What the decision on an activity must know.
fn want(wanted: &mut Wanted, merchant_id: MerchantId, activity: &Activity) {
    let visitor = &activity.visitor;
    wanted.devices.insert((merchant_id, visitor.device()));
    if let Some(name) = &visitor.session_id {
        wanted.sessions.insert((merchant_id, Key::session(name)));
    }
    let family = activity.kind.family();
    let kind = match family {
        Family::Funnel => CheckoutKind::Funnel,
        Family::Browsing | Family::Customer | Family::Checkout => CheckoutKind::Store,
    };
    if let (Family::Checkout | Family::Funnel, Some(name)) = (family, &visitor.checkout_id) {
        wanted
            .checkouts
            .insert((merchant_id, kind, Key::checkout(name)));
    }
    let identity = activity
        .identity
        .as_ref()
        .map(domain::trigger::activity::Identity::normal);
    if let Some(identity) = &identity {
        let keys = [identity.email_key(), identity.phone_key()];
        wanted
            .people
            .extend(keys.into_iter().flatten().map(|key| (merchant_id, key)));
    }
    let once = match activity.kind {
        ActivityKind::CustomerCreated => data::customer_id(activity).map(|id| Key::customer(&id)),
        ActivityKind::OrderCompleted => data::order_id(activity).map(|id| Key::order(&id)),
        _ => None,
    };
    wanted.told_once.extend(once.map(|key| (merchant_id, key)));
    if identity.is_some() || family == Family::Checkout {
        // An order may be that of a checkout that was abandoned days ago.
        let recovers =
            activity.kind == ActivityKind::OrderCompleted && visitor.checkout_id.is_none();
        let since = if recovers {
            activity.at - RECOVERY
        } else {
            activity.at
        };
        let since = wanted
            .checkouts_since
            .map_or(since, |known| known.min(since));
        wanted.checkouts_since = Some(since);
    }
}
