//! The queue of a single process: nothing leaves it, and nothing survives it.

mod delayed;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::clock::{Clock, Micros};
use tokio::sync::Notify;

use self::delayed::Delayed;
use crate::listener::Ear;
use crate::{Listener, Queue, Stub, metrics};

/// Stubs that wait for their time; more are dropped. 200,000 are about 20 MB.
const DELAYED_CAPACITY: usize = 200_000;
/// Longest sleep while something waits, for the clock may be set meanwhile.
const RECHECK: Duration = Duration::from_secs(1);
/// Pause when the worker has no room: what is due waits here instead of being dropped.
const CROWDED_PAUSE: Duration = Duration::from_millis(20);

/// Tells through this process's memory.
pub struct EmbeddedQueue {
    shared: Arc<Shared>,
}

struct Shared {
    clock: Arc<dyn Clock>,
    delayed: Mutex<Delayed>,
    /// Something is due earlier than was known.
    sooner: Notify,
    /// Who listens; the last one that began to.
    ear: Mutex<Option<Ear>>,
}

impl EmbeddedQueue {
    /// An empty queue. `clock` says when a stub's time has come.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        metrics::up(true);
        Self {
            shared: Arc::new(Shared {
                clock,
                delayed: Mutex::new(Delayed::new(DELAYED_CAPACITY)),
                sooner: Notify::new(),
                ear: Mutex::default(),
            }),
        }
    }
}

impl Queue for EmbeddedQueue {
    fn tell(&self, stubs: &[Stub], now: Micros) {
        metrics::told(stubs.len());
        if let Some(ear) = &*lock(&self.shared.ear) {
            ear.hear(stubs.iter().filter(|stub| stub.due <= now).copied());
        }
        self.shared
            .delay(stubs.iter().filter(|stub| stub.due > now).copied());
    }

    fn listen(&self) -> Listener {
        let (listener, ear) = Listener::open();
        *lock(&self.shared.ear) = Some(ear.clone());
        tokio::spawn(Arc::clone(&self.shared).pass_on_due(ear));
        listener
    }

    fn is_up(&self) -> bool {
        true
    }
}

impl Shared {
    /// Keeps stubs until their time, and wakes the task if it sleeps too long for one of them.
    fn delay(&self, stubs: impl Iterator<Item = Stub>) {
        let mut stubs = stubs.peekable();
        if stubs.peek().is_none() {
            return;
        }
        let mut earliest = Micros(i64::MAX);
        let dropped = {
            let mut delayed = lock(&self.delayed);
            stubs
                .filter(|stub| {
                    earliest = earliest.min(stub.due);
                    !delayed.insert(*stub)
                })
                .count()
        };
        metrics::dropped(dropped, "overflow");
        if earliest <= self.clock.now() + RECHECK {
            self.sooner.notify_one();
        }
    }

    /// Passes on what is due for the owned shards, until the listener is gone.
    async fn pass_on_due(self: Arc<Self>, mut ear: Ear) {
        loop {
            let pause = self.pass_on_due_now(&mut ear);
            tokio::select! {
                changed = ear.owned.changed() => if changed.is_err() { break },
                () = self.sooner.notified() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
        lock(&self.ear).take_if(|latest| Arc::ptr_eq(&latest.inbox, &ear.inbox));
    }

    /// One round. Returns how long nothing will be due.
    fn pass_on_due_now(&self, ear: &mut Ear) -> Duration {
        let room = ear.inbox.room();
        if room == 0 {
            return CROWDED_PAUSE;
        }
        let now = self.clock.now();
        let owned = *ear.owned.borrow_and_update();
        let (due, next) = {
            let mut delayed = lock(&self.delayed);
            (delayed.pop_due(owned, now, room), delayed.next_due(owned))
        };
        metrics::popped(due.len());
        ear.pass_on(due.into_iter());
        next.map_or(RECHECK, |next| next.since(now).min(RECHECK))
    }
}

/// A panic elsewhere cannot leave these values half changed, so a poisoned lock is used on.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
