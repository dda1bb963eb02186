//! Taking in what shoppers do: one commit for many callers stores the activities, what they mean, and the events
//! that fire at once.

mod held;
pub(crate) mod recorder;

use std::sync::PoisonError;
use std::time::Duration;

use domain::clock::Micros;
use domain::error::FieldError;
use domain::id::ActivityId;
use domain::tenancy::TenantScope;
use domain::trigger::activity::Activity;
use tokio::sync::oneshot;

use crate::{Error, Gateway};

/// How far in the future an activity may say it happened. Up to then it counts as now.
const FUTURE: Duration = Duration::from_mins(5);
/// How long ago an activity may have happened.
const PAST: Duration = Duration::from_hours(24 * 30);
/// What an activity takes beside its text: about its row.
const OVERHEAD: usize = 256;

/// How a batch of activities was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accepted {
    /// Activities that are new.
    pub accepted: usize,
    /// Activities that had been taken before, by their ids.
    pub duplicates: usize,
}

impl Gateway {
    /// Takes in a batch of activities, whole or not at all. Their ids are given here; those without a time
    /// (`None`) happened now. Answers after the commit.
    ///
    /// Errors: one happened too long ago or in the future; the merchant is gone or suspended; too much waits;
    /// storage fails. Then nothing is stored.
    pub async fn record_activities(
        &self,
        scope: TenantScope,
        activities: Vec<(Option<Micros>, Activity)>,
    ) -> Result<Accepted, Error> {
        let now = self.now();
        let activities = self.timed(activities, now)?;
        let bytes = activities.iter().map(|a| a.body.len() + OVERHEAD).sum();
        let room = self.activity_room.take(bytes).ok_or(Error::Overloaded)?;
        let (reply, answer) = oneshot::channel();
        let request = recorder::Request {
            merchant_id: scope.merchant_id(),
            activities,
            reply,
            until: None,
            _room: room,
        };
        self.activities
            .try_send(request)
            .map_err(|_| Error::Overloaded)?;
        answer.await.map_err(|_| Error::Overloaded)?
    }

    fn timed(
        &self,
        activities: Vec<(Option<Micros>, Activity)>,
        now: Micros,
    ) -> Result<Vec<Activity>, Error> {
        let mut errors = Vec::new();
        for (index, (at, _)) in activities.iter().enumerate() {
            if at.is_some_and(|at| at > now + FUTURE || at < now - PAST) {
                errors.push(FieldError::new(
                    format!("/activities/{index}/occurred_at"),
                    "range",
                    "must lie between 30 days ago and 5 minutes from now",
                ));
            }
        }
        if !errors.is_empty() {
            return Err(Error::Invalid(errors));
        }
        // Their ids rise: what happened at one moment keeps the order it was reported in.
        let mut last = self
            .last_activity
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        Ok(self.draw(|rng| {
            let timed = activities.into_iter().map(|(at, activity)| {
                *last = ActivityId::new_after(*last, now, rng);
                Activity {
                    id: *last,
                    at: at.unwrap_or(now).min(now),
                    ..activity
                }
            });
            timed.collect()
        }))
    }
}
