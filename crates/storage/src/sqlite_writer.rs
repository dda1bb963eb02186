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
    fn run<'c>(&'c mut self, connection: &'c mut SqliteConnection) -> BoxFuture<'c, bool>;
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

    fn finish(self: Box<Self>, commit: Result<(), Error>) {
        let result = match (commit, self.result) {
            (Ok(()), Some(result)) => result,
            (Err(error), Some(Ok(_)) | None) => Err(error),
            (_, Some(Err(error))) => Err(error),
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
                Err(error) => Err(Error::from(error)),
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
) -> Result<(), sqlx::Error> {
    run(connection, "begin immediate").await?;
    for piece in pieces {
        run(connection, "savepoint piece").await?;
        if piece.run(connection).await {
            run(connection, "release piece").await?;
        } else if let Err(error) = run(connection, "rollback to piece; release piece").await {
            // A full disk ends the transaction by itself.
            rollback(connection).await;
            return Err(error);
        }
    }
    let commit = run(connection, "commit").await;
    if commit.is_err() {
        rollback(connection).await;
    }
    commit
}

async fn run(connection: &mut SqliteConnection, sql: &'static str) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(sql).execute(connection).await.map(drop)
}

async fn rollback(connection: &mut SqliteConnection) {
    if let Err(error) = run(connection, "rollback").await {
        tracing::debug!(%error, "nothing left to roll back");
    }
}
