//! Timers that have come due: their subjects end, or they are set anew, in one transaction with what fires.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use domain::id::MerchantId;
use domain::trigger::timer::TimerId;
use rand::RngExt;
use storage::triggers::{DueTimer, Wanted};

use crate::triggers::Question;
use crate::{Error, Gateway};

/// What came of timers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FiredTimers {
    /// How many events fired.
    pub events: usize,
    /// Merchants whom another process decides on at this moment: their timers are as they were.
    pub left_out: BTreeSet<MerchantId>,
}

impl Gateway {
    /// Looks at the subjects of these timers and fires what is due. A timer that another process has dealt with,
    /// or whose merchant is gone, comes to nothing.
    ///
    /// Errors: storage fails; then nothing has fired.
    pub async fn fire_timers(&self, due: &[DueTimer]) -> Result<FiredTimers, Error> {
        let mut timers: HashMap<MerchantId, Vec<TimerId>> = HashMap::new();
        let mut wanted = Wanted::default();
        for timer in due {
            timers.entry(timer.merchant_id).or_default().push(timer.id);
            wanted.timers.insert(timer.id);
        }
        let question = Question {
            wanted,
            timers,
            seed: self.draw(RngExt::random),
            ..Question::default()
        };
        let answer = self.triggers.decide(Arc::new(question), |_| true).await?;
        metrics::counter!("hookyard_trigger_events_total", "cause" => "timer")
            .increment(answer.fired as u64);
        let now = self.now();
        for timer in due {
            if !answer.left_out.busy.contains(&timer.merchant_id) {
                self.stats.timer(timer.merchant_id, timer.due, now);
            }
        }
        Ok(FiredTimers {
            events: answer.fired,
            left_out: answer.left_out.busy,
        })
    }
}
