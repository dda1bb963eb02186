//! Calls whose merchants are busy: another process decides on them at this moment. They wait here, so that nobody
//! else waits with them.

use std::collections::HashSet;
use std::time::Duration;

use domain::id::MerchantId;
use tokio::time::Instant;

use super::recorder::{PER_COMMIT, Request};
use crate::Error;
use crate::fairness::take_fairly;

/// How long a call waits for its merchant.
const PATIENCE: Duration = Duration::from_secs(2);

/// What waits, each merchant's calls in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Held {
    waiting: Vec<Request>,
}

impl Held {
    /// Whether nothing waits.
    pub(super) const fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Moves the calls of merchants that are waited for behind their earlier ones.
    pub(super) fn keep_order(&mut self, left: &mut Vec<Request>) {
        let busy = merchants(&self.waiting);
        let (behind, others): (Vec<_>, Vec<_>) = left
            .drain(..)
            .partition(|request| busy.contains(&request.merchant_id));
        *left = others;
        self.waiting.extend(behind.into_iter().map(patient));
    }

    /// Takes what is tried next.
    pub(super) fn take(&mut self) -> Vec<Request> {
        if self.is_empty() {
            return Vec::new();
        }
        take_fairly(&mut self.waiting, PER_COMMIT)
    }

    /// Takes everything.
    pub(super) fn take_all(&mut self) -> Vec<Request> {
        std::mem::take(&mut self.waiting)
    }

    /// Puts (back) what could not be done yet: before its merchants' later calls, behind everybody else's, so that
    /// all have their turn.
    pub(super) fn put(&mut self, busy: Vec<Request>) {
        let ids = merchants(&busy);
        let (later, others): (Vec<_>, Vec<_>) = self
            .take_all()
            .into_iter()
            .partition(|request| ids.contains(&request.merchant_id));
        self.waiting = others;
        self.waiting.extend(busy.into_iter().map(patient));
        self.waiting.extend(later);
    }

    /// Answers who has waited too long.
    pub(super) fn give_up(&mut self) {
        let now = Instant::now();
        let over = |request: &mut Request| request.until.is_some_and(|until| until <= now);
        for request in self.waiting.extract_if(.., over) {
            let busy = storage::Error::Busy("other processes decide on the merchant".to_owned());
            request.answer(Err(Error::Storage(busy)));
        }
    }
}

fn merchants(requests: &[Request]) -> HashSet<MerchantId> {
    requests.iter().map(|request| request.merchant_id).collect()
}

/// The call with an end to its waiting.
fn patient(mut request: Request) -> Request {
    request
        .until
        .get_or_insert_with(|| Instant::now() + PATIENCE);
    request
}
