//! Timers that cannot be fired: looked at again later, so that they do not stand before others.

use domain::clock::Micros;
use domain::trigger::timer::TimerId;
use futures::FutureExt as _;

use crate::{Error, Hot, Storage};

/// The same on both databases.
const PUT_OFF: &str =
    "update timers set due_us = $1 where subject_id = $2 and kind = $3 and due_us < $1";

impl Storage {
    /// Looks at timers no earlier than `until`; whether their time has come is read from their subjects as ever.
    ///
    /// Errors: the database cannot be reached, is full or refuses.
    pub async fn put_off_timers(&self, timers: &[TimerId], until: Micros) -> Result<(), Error> {
        match &self.hot {
            Hot::Postgres(pool) => {
                self.in_time(async {
                    for timer in timers {
                        sqlx::query(PUT_OFF)
                            .bind(until.0)
                            .bind(timer.subject)
                            .bind(timer.kind.code())
                            .execute(pool)
                            .await?;
                    }
                    Ok(())
                })
                .await
            }
            Hot::Sqlite(writer) => {
                let timers = timers.to_vec();
                writer
                    .run(move |connection| {
                        async move {
                            for timer in timers {
                                sqlx::query(PUT_OFF)
                                    .bind(until.0)
                                    .bind(timer.subject)
                                    .bind(timer.kind.code())
                                    .execute(&mut *connection)
                                    .await?;
                            }
                            Ok(())
                        }
                        .boxed()
                    })
                    .await
            }
        }
    }
}
