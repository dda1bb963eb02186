//! The one writer of the SQLite file. Whatever waits is done in one transaction with one commit, each
//! piece in a savepoint of its own: a piece that fails takes nothing else with it.

use std::sync::Arc;

use futures::future::BoxFuture;
use sqlx::{Connection as _, SqliteConnection};
use tokio::sync::{Mutex, mpsc, oneshot};

use crate::error::Error;

/// Pieces of work done under one commit at most.
const PER_COMMIT: usize = 128;

/// A piece of work that has been given to the writer.
trait Work: Send {
    /// Does the work; false when it failed.
    fn run<'c>(&'c mut self, connection: &'c mut SqliteConnection) -> BoxFuture<'c, bool>;
    /// Why it failed, if it did.
    fn failure(&self) -> Option<Error>;
    fn finish(self: Box<Self>, commit: Result<(), Error>);
}

struct Piece<T, F> {
    work: Option<F>,
    result: Option<Result<T, Error>>,
    reply: oneshot::Sender<Result<T, Error>>,
}

impl<T, F> Work for Piece<T, F>
where
    T: Send,
    F: for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Result<T, Error>> + Send,
{
    fn run<'c>(&'c mut self, connection: &'c mut SqliteConnection) -> BoxFuture<'c, bool> {
        Box::pin(async move {
            let Some(work) = self.work.take() else {
                return false;
            };
            let result = work(connection).await;
            let done = result.is_ok();
            self.result = Some(result);
            done
        })
    }

    fn failure(&self) -> Option<Error> {
        match &self.result {
            Some(Err(error)) => Some(same(error)),
            Some(Ok(_)) | None => None,
        }
    }

    fn finish(self: Box<Self>, commit: Result<(), Error>) {
        let result = match (commit, self.result) {
            (Ok(()), Some(result)) => result,
            (Err(error), Some(Ok(_)) | None) | (_, Some(Err(error))) => Err(error),
            (Ok(()), None) => Err(Error::Closed),
        };
        // The caller may have gone away; its work is done all the same.
        drop(self.reply.send(result));
    }
}

/// Gives work to the one writer.
#[derive(Clone)]
pub(crate) struct SqliteWriter {
    pieces: mpsc::Sender<Box<dyn Work>>,
}

impl SqliteWriter {
    /// Starts the writer on its connection. `lock` is held while a transaction is open, so that
    /// configuration changes take turns with it fairly.
    pub(crate) fn start(connection: SqliteConnection, lock: Arc<Mutex<()>>) -> Self {
        let (pieces, waiting) = mpsc::channel(1_024);
        tokio::spawn(write(connection, waiting, lock));
        Self { pieces }
    }

    /// Whether the writer has ended.
    pub(crate) fn is_broken(&self) -> bool {
        self.pieces.is_closed()
    }

    /// Runs `work` and answers after its commit.
    ///
    /// Errors: what the work or the commit came to.
    pub(crate) async fn run<T, F>(&self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Result<T, Error>>
            + Send
            + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let piece = Piece {
            work: Some(work),
            result: None,
            reply,
        };
        self.pieces
            .send(Box::new(piece))
            .await
            .map_err(|_| Error::Closed)?;
        answer.await.map_err(|_| Error::Closed)?
    }
}

async fn write(
    mut connection: SqliteConnection,
    mut waiting: mpsc::Receiver<Box<dyn Work>>,
    lock: Arc<Mutex<()>>,
) {
    let mut pieces = Vec::with_capacity(PER_COMMIT);
    while waiting.recv_many(&mut pieces, PER_COMMIT).await > 0 {
        let held = lock.lock().await;
        let commit = one_transaction(&mut connection, &mut pieces).await;
        drop(held);
        for piece in pieces.drain(..) {
            piece.finish(match &commit {
                Ok(()) => Ok(()),
                Err(error) => Err(same(error)),
            });
        }
    }
    if let Err(error) = connection.close().await {
        tracing::warn!(%error, "closing the database file failed");
    }
}

/// Runs all pieces and commits once. On failure nothing has happened.
async fn one_transaction(
    connection: &mut SqliteConnection,
    pieces: &mut [Box<dyn Work>],
) -> Result<(), Error> {
    run(connection, "begin immediate").await?;
    let done = run_pieces(connection, pieces).await;
    if done.is_err() {
        rollback(connection).await;
    }
    done
}

async fn run_pieces(
    connection: &mut SqliteConnection,
    pieces: &mut [Box<dyn Work>],
) -> Result<(), Error> {
    for piece in pieces {
        run(connection, "savepoint piece").await?;
        if piece.run(connection).await {
            run(connection, "release piece").await?;
        } else if let Err(error) = run(connection, "rollback to piece; release piece").await {
            // A full disk ends the whole transaction: then its neighbours fail for that reason.
            return Err(piece.failure().unwrap_or(error));
        }
    }
    run(connection, "commit").await
}

async fn run(connection: &mut SqliteConnection, sql: &'static str) -> Result<(), Error> {
    Ok(sqlx::raw_sql(sql).execute(connection).await.map(drop)?)
}

/// The same cause for another caller.
fn same(error: &Error) -> Error {
    match error {
        Error::Unavailable(text) => Error::Unavailable(text.clone()),
        Error::Busy(text) => Error::Busy(text.clone()),
        Error::Full => Error::Full,
        Error::Closed => Error::Closed,
        other => Error::Database(other.to_string()),
    }
}

async fn rollback(connection: &mut SqliteConnection) {
    if let Err(error) = run(connection, "rollback").await {
        tracing::debug!(%error, "nothing left to roll back");
    }
}
