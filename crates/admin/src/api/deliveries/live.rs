//! The live tail of the log: what is new or has changed, as it happens.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use domain::clock::{Clock as _, Micros};
use domain::delivery::{Delivery, Status};
use domain::id::DeliveryId;
use domain::tenancy::Reach;
use futures::StreamExt as _;
use futures::stream::{BoxStream, unfold};
use poem::web::sse::Event;
use poem_openapi::payload::EventStream;
use storage::PageRequest;
use storage::deliveries::DeliveryFilter;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep_until};

use super::DeliveryOut;
use crate::app::App;
use crate::auth::Bearer;
use crate::limits::streams::OpenStream;
use crate::problem::ApiError;

/// Between two looks at the log.
const LOOK: Duration = Duration::from_secs(1);
/// How much of the log is looked at: its newest rows.
const ROWS: u64 = 250;
/// How old the deliveries are at most that are looked at: a look must not read a whole log.
const AGE: Duration = Duration::from_hours(1);
/// Between two comments that keep a quiet connection open.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How long a stream goes on. Then the client comes back with its newest credential.
const LIFE: Duration = Duration::from_mins(10);

/// Deliveries as they come and change.
pub(crate) type Live = EventStream<BoxStream<'static, DeliveryOut>>;

/// What is known of a delivery: when it differs, something has happened.
type Stamp = (Status, i32, Option<Micros>);

struct Tail {
    app: Arc<App>,
    caller: Bearer,
    of: Reach,
    filter: DeliveryFilter,
    /// What the last look saw; nothing before the first.
    known: Option<HashMap<DeliveryId, Stamp>>,
    /// The oldest row of a look that was full: what is older comes into view without being news.
    floor: Option<DeliveryId>,
    /// The last delivery that the client has heard of.
    after: Option<DeliveryId>,
    /// What the client is still to be told.
    news: VecDeque<Delivery>,
    looks: Interval,
    ends: Instant,
    _place: OpenStream,
}

/// Follows the log from now on, or from a delivery on that the client names.
///
/// Errors: too many streams are open.
pub(super) fn follow(
    app: &Arc<App>,
    caller: Bearer,
    of: impl Into<Reach>,
    filter: DeliveryFilter,
    after: Option<DeliveryId>,
) -> Result<Live, ApiError> {
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let of = of.into();
    let tail = Tail {
        _place: app.limits.open_stream(&caller, of.merchant_id())?,
        app: Arc::clone(app),
        caller,
        of,
        filter,
        known: None,
        floor: None,
        after,
        news: VecDeque::new(),
        looks,
        ends: Instant::now() + LIFE,
    };
    let deliveries = unfold(tail, |mut tail| async move {
        let delivery = tail.next().await?;
        Some((DeliveryOut::from(delivery), tail))
    });
    Ok(EventStream::new(deliveries.boxed())
        .to_event(|delivery| {
            let text = serde_json::to_string(&delivery).unwrap_or_default();
            Event::message(text)
                .event_type("delivery")
                .id(delivery.id().to_string())
        })
        .keep_alive(KEEP_ALIVE))
}

impl Tail {
    /// The next delivery to tell of; `None` when the stream is over.
    async fn next(&mut self) -> Option<Delivery> {
        loop {
            if let Some(delivery) = self.news.pop_front() {
                return Some(delivery);
            }
            tokio::select! {
                () = self.app.probes.draining.cancelled() => return None,
                () = sleep_until(self.ends) => return None,
                _ = self.looks.tick() => {}
            }
            if !self.app.auth.still_holds(&self.caller).await {
                return None;
            }
            if let Err(error) = self.look().await {
                tracing::debug!(%error, "a live tail ends");
                return None;
            }
        }
    }

    /// Looks at the newest rows and notes what is different.
    async fn look(&mut self) -> Result<(), storage::Error> {
        let page = PageRequest {
            limit: ROWS,
            before: None,
        };
        let (limits, storage) = (&self.app.limits, &self.app.storage);
        let _turn = limits.look_turn().await;
        self.filter.from = Some(storage.clock().now() - AGE);
        let rows = storage.deliveries(self.of, &self.filter, page).await?.rows;
        let is_full = u64::try_from(rows.len()) == Ok(ROWS);
        let oldest = rows.last().filter(|_| is_full).map(|row| row.id);
        let seen: HashMap<DeliveryId, Stamp> = rows
            .iter()
            .map(|delivery| (delivery.id, stamp(delivery)))
            .collect();
        let is_news = |delivery: &Delivery| match (&self.known, self.after) {
            (Some(known), _) => match known.get(&delivery.id) {
                Some(seen) => *seen != stamp(delivery),
                None => self.floor.is_none_or(|floor| delivery.id > floor),
            },
            (None, Some(after)) => delivery.id > after,
            (None, None) => false,
        };
        // The list has the newest first; a tail tells the oldest first.
        let news: VecDeque<Delivery> = rows.into_iter().filter(is_news).rev().collect();
        self.news = news;
        self.known = Some(seen);
        self.floor = oldest;
        Ok(())
    }
}

const fn stamp(delivery: &Delivery) -> Stamp {
    (
        delivery.status,
        delivery.attempt_count,
        delivery.next_attempt_at,
    )
}
