//! Background work with an owner: what may be cut short at the end, and what must finish.

use std::future::Future;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The engine's background tasks.
#[derive(Default)]
pub(crate) struct Tasks {
    must_finish: TaskTracker,
    ending: CancellationToken,
}

impl Tasks {
    /// Runs work that a client, the window or a signal can't abort.
    pub(crate) fn finish<F>(&self, work: F) -> tokio::task::JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.must_finish.spawn(work)
    }

    /// Runs work that is dropped when the engine ends.
    pub(crate) fn until_end(&self, work: impl Future<Output = ()> + Send + 'static) -> tokio::task::AbortHandle {
        let ending = self.ending.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = ending.cancelled() => {}
                () = work => {}
            }
        })
        .abort_handle()
    }

    /// Ends what may be cut short and waits for the rest, at most `limit`.
    pub(crate) async fn drain(&self, limit: Duration) {
        self.ending.cancel();
        self.must_finish.close();
        if tokio::time::timeout(limit, self.must_finish.wait()).await.is_err() {
            tracing::warn!("an exchange did not end in time; it is picked up at the next start");
        }
    }
}
