//! Timers that have come due: their subjects end, or they are set anew, in one transaction with what fires.

use std::collections::HashMap;
use std::sync::Arc;

use domain::id::MerchantId;
use domain::trigger::timer::TimerId;
use rand::RngExt;
use storage::triggers::{DueTimer, Wanted};

use crate::triggers::Question;
use crate::{Error, Gateway};

impl Gateway {
    /// Looks at the subjects of these timers and fires what is due. A timer that another process has dealt with,
    /// or whose merchant is gone, comes to nothing. Answers how many events fired.
    ///
    /// Errors: storage fails; then nothing has fired.
    pub async fn fire_timers(&self, due: &[DueTimer]) -> Result<usize, Error> {
        let mut timers: HashMap<MerchantId, Vec<TimerId>> = HashMap::new();
        let mut wanted = Wanted::default();
        for timer in due {
            timers.entry(timer.merchant_id).or_default().push(timer.id);
            wanted.timers.insert(timer.id);
        }
        let question = Question {
            wanted,
            timers,
            now: self.now(),
            seed: self.draw(RngExt::random),
            ..Question::default()
        };
        let answer = self.triggers.decide(Arc::new(question), |_| true).await?;
        metrics::counter!("hookyard_trigger_events_total", "cause" => "timer")
            .increment(answer.fired as u64);
        Ok(answer.fired)
    }
}
