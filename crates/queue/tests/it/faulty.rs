//! A queue that keeps only the least of its promises: what is told may be lost, come twice, or late
//! and in another order.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use domain::clock::{Clock, Micros, SystemClock};
use domain::shard::ShardSet;
use queue::{EmbeddedQueue, Listener, Queue, Stub};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};

use crate::suite;

/// How often what happens to a stub, each from 0 to 1.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Faults {
    /// It is lost.
    pub(crate) dropped: f64,
    /// It is told twice.
    pub(crate) repeated: f64,
    /// It is held back until the next call.
    pub(crate) held: f64,
}

/// Another queue, told in disorder. The same seed gives the same faults.
pub(crate) struct FaultyQueue<Q> {
    inner: Q,
    faults: Faults,
    state: Mutex<State>,
}

struct State {
    rng: StdRng,
    held: Vec<Stub>,
}

impl<Q> FaultyQueue<Q> {
    /// A queue in front of `inner`.
    pub(crate) fn new(inner: Q, faults: Faults, seed: u64) -> Self {
        let state = State {
            rng: StdRng::seed_from_u64(seed),
            held: Vec::new(),
        };
        Self {
            inner,
            faults,
            state: Mutex::new(state),
        }
    }

    fn disturb(&self, stubs: &[Stub]) -> Vec<Stub> {
        let mut state = self.state.lock().unwrap();
        let mut told = std::mem::take(&mut state.held);
        for stub in stubs {
            if state.rng.random_bool(self.faults.dropped) {
                continue;
            }
            if state.rng.random_bool(self.faults.held) {
                state.held.push(*stub);
                continue;
            }
            told.push(*stub);
            if state.rng.random_bool(self.faults.repeated) {
                told.push(*stub);
            }
        }
        told.shuffle(&mut state.rng);
        told
    }
}

impl<Q: Queue> Queue for FaultyQueue<Q> {
    fn tell(&self, stubs: &[Stub], now: Micros) {
        self.inner.tell(&self.disturb(stubs), now);
    }

    fn listen(&self) -> Listener {
        self.inner.listen()
    }

    fn is_up(&self) -> bool {
        self.inner.is_up()
    }
}

const FAULTS: Faults = Faults {
    dropped: 0.3,
    repeated: 0.3,
    held: 0.3,
};

#[tokio::test]
async fn a_faulty_queue_drops_repeats_and_reorders() {
    let queue = FaultyQueue::new(EmbeddedQueue::new(Arc::new(SystemClock)), FAULTS, 7);
    let mut listener = suite::listen(&queue, ShardSet::ALL).await;
    let told = suite::stubs(0..1_000);
    queue.tell(&told, SystemClock.now());
    queue.tell(&[], SystemClock.now());
    let mut arrived = suite::batch(&mut listener).await;
    while let Ok(more) = listener.due.try_recv() {
        arrived.extend(more);
    }
    let different: HashSet<_> = arrived.iter().map(|stub| stub.delivery_id).collect();
    assert!(different.len() < told.len(), "some are lost");
    assert!(different.len() < arrived.len(), "some come twice");
    assert!(
        !arrived.is_sorted_by_key(|stub| stub.delivery_id),
        "none waits its turn"
    );
}

#[tokio::test]
async fn telling_again_brings_all_through_a_faulty_queue() {
    let queue = FaultyQueue::new(EmbeddedQueue::new(Arc::new(SystemClock)), FAULTS, 7);
    let mut listener = suite::listen(&queue, ShardSet::ALL).await;
    let told = suite::stubs(0..1_000);
    let mut arrived = HashSet::new();
    while arrived.len() < told.len() {
        queue.tell(&told, SystemClock.now());
        arrived.extend(
            suite::batch(&mut listener)
                .await
                .iter()
                .map(|stub| stub.delivery_id),
        );
    }
}
