//! What the receiver saw, counted as it comes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use hyper::body::Bytes;
use testkit::receiver::{Behaviour, Recorded};

/// An event at an endpoint: the event's id on the wire, and the endpoint's path.
pub(super) type Pair = (String, String);

/// Which first POSTs are answered 500: those of every so many-th pair; 0: none.
#[derive(Debug, Clone, Copy)]
pub(super) struct Flaky(pub(super) usize);

/// All POSTs of one event to one endpoint.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    /// All of them.
    pub(super) posts: i64,
    /// Those answered 200.
    pub(super) good: i64,
    /// When the first came.
    pub(super) first: Instant,
    /// When the second came.
    pub(super) second: Option<Instant>,
    /// Whether the first was refused.
    pub(super) refused: bool,
    /// Whether all had the same body.
    pub(super) same_body: bool,
    body: Bytes,
}

/// Counts POSTs. Clones count together.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally(Arc<Mutex<HashMap<Pair, Seen>>>);

impl Tally {
    /// The receiver's behaviour that counts here.
    pub(super) fn behaviour(&self, flaky: Flaky) -> Behaviour {
        let tally = self.clone();
        Behaviour::custom(move |request| (tally.count(request, flaky), Vec::new()))
    }

    /// Everything seen so far.
    pub(super) fn seen(&self) -> HashMap<Pair, Seen> {
        self.lock().clone()
    }

    fn count(&self, request: &Recorded, flaky: Flaky) -> u16 {
        let id = request.header("x-event-id").unwrap_or("none").to_owned();
        let mut pairs = self.lock();
        let next = pairs.len();
        let seen = pairs.entry((id, request.path.clone())).or_insert(Seen {
            posts: 0,
            good: 0,
            first: request.at,
            second: None,
            refused: false,
            same_body: true,
            body: request.body.clone(),
        });
        seen.posts += 1;
        if seen.posts == 2 {
            seen.second = Some(request.at);
        }
        seen.same_body &= seen.body == request.body;
        if seen.posts == 1 && flaky.0 > 0 && next.is_multiple_of(flaky.0) {
            seen.refused = true;
            return 500;
        }
        seen.good += 1;
        200
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Pair, Seen>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
