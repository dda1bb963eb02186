//! The worker's end of a queue, and the task that fills it.

use std::sync::Arc;

use domain::shard::ShardSet;
use tokio::sync::{mpsc, watch};

use crate::Stub;
use crate::buffer::Buffer;

/// Stubs that wait for a worker too busy to take them. 100,000 are 6 MB; its lanes hold fewer.
const INBOX_CAPACITY: usize = 100_000;
/// Stubs in one batch at most: a claim takes a few hundred.
const BATCH: usize = 1_024;
/// Batches between inbox and worker. Few, so that the stubs collect in the inbox, which is bounded in stubs.
const BATCHES: usize = 2;

/// The worker's end of a queue.
#[derive(Debug)]
pub struct Listener {
    /// Stubs that are due, in batches. Bounded: a full channel drops what does not fit.
    pub due: mpsc::Receiver<Vec<Stub>>,
    /// The shards to hear of.
    owned: watch::Sender<ShardSet>,
}

impl Listener {
    /// Names the shards this worker owns from now on.
    pub fn own(&self, shards: ShardSet) {
        self.owned.send_replace(shards);
    }

    /// A listener that owns nothing yet, and the queue's side of it. Starts the task between them,
    /// which ends when the listener is dropped.
    pub(crate) fn open() -> (Self, Ear) {
        let (sender, due) = mpsc::channel(BATCHES);
        let (owned, owned_seen) = watch::channel(ShardSet::EMPTY);
        let inbox = Arc::new(Buffer::new(INBOX_CAPACITY));
        tokio::spawn(forward(Arc::clone(&inbox), sender));
        (
            Self { due, owned },
            Ear {
                inbox,
                owned: owned_seen,
            },
        )
    }
}

/// The queue's side of a listener. `owned.changed()` fails once the listener is gone.
#[derive(Debug, Clone)]
pub(crate) struct Ear {
    /// What is due now, on its way to the worker.
    pub(crate) inbox: Arc<Buffer<Stub>>,
    /// The shards to hear of.
    pub(crate) owned: watch::Receiver<ShardSet>,
}

impl Ear {
    /// The shards this worker owns; none once it has gone.
    pub(crate) fn owned(&self) -> ShardSet {
        if self.owned.has_changed().is_err() {
            ShardSet::EMPTY
        } else {
            *self.owned.borrow()
        }
    }

    /// Passes on what belongs to owned shards; the rest is another worker's.
    pub(crate) fn hear(&self, stubs: impl Iterator<Item = Stub>) {
        let owned = *self.owned.borrow();
        self.pass_on(stubs.filter(|stub| owned.contains(stub.shard())));
    }

    /// Passes on what is known to be this worker's.
    pub(crate) fn pass_on(&self, stubs: impl Iterator<Item = Stub>) {
        let dropped = self.inbox.push(stubs);
        crate::metrics::dropped(dropped, "worker_full");
    }
}

/// Moves stubs from the inbox to the worker, as many at a time as have gathered while it was busy.
async fn forward(inbox: Arc<Buffer<Stub>>, sender: mpsc::Sender<Vec<Stub>>) {
    loop {
        tokio::select! {
            () = sender.closed() => return,
            () = inbox.filled() => {}
        }
        let Ok(permit) = sender.reserve().await else {
            return;
        };
        permit.send(inbox.take(BATCH));
    }
}
