//! One role that runs: told to stop, awaited, and never gone unnoticed.

use std::net::SocketAddr;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use super::Shared;
use crate::failure::Failure;

/// What a listener speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// The API and the console, over HTTP.
    Api,
    /// MQTT without TLS.
    Mqtt,
    /// MQTT over TLS.
    Mqtts,
}

/// A role that runs. Dropping it tells it to stop and waits for nothing.
#[derive(Debug)]
pub(crate) struct Role {
    name: &'static str,
    listeners: Vec<(Protocol, SocketAddr)>,
    stop: watch::Sender<bool>,
    watched: JoinHandle<Result<(), Failure>>,
}

impl Role {
    /// Starts the task that `work` makes of the word to stop: the receiver turns true, or its
    /// sender is gone.
    pub(crate) fn start<F>(
        name: &'static str,
        shared: &Shared,
        work: impl FnOnce(watch::Receiver<bool>) -> F,
    ) -> Self
    where
        F: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        Self::supervised(name, shared.failures.clone(), work)
    }

    fn supervised<F>(
        name: &'static str,
        failures: mpsc::Sender<Failure>,
        work: impl FnOnce(watch::Receiver<bool>) -> F,
    ) -> Self
    where
        F: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(work(stopped.clone()));
        let watched = tokio::spawn(watch_over(name, task, stopped, failures));
        Self { name, listeners: Vec::new(), stop, watched }
    }

    /// The same role, known to listen here.
    pub(crate) fn listening(
        mut self,
        protocol: Protocol,
        addresses: impl IntoIterator<Item = SocketAddr>,
    ) -> Self {
        self.listeners.extend(addresses.into_iter().map(|address| (protocol, address)));
        self
    }

    /// Where it listens for this, in the order of the settings.
    pub(crate) fn addresses(&self, protocol: Protocol) -> impl Iterator<Item = SocketAddr> {
        self.listeners
            .iter()
            .filter(move |(speaks, _)| *speaks == protocol)
            .map(|(_, address)| *address)
    }

    /// Tells it to stop, and waits until it has.
    ///
    /// # Errors
    /// A sentence, if it failed while it stopped. An earlier failure was told when it happened.
    pub(crate) async fn stop(self) -> Result<(), Failure> {
        // An error means that nobody listens any more: the role has ended.
        let _ = self.stop.send(true);
        let unwatched = format!("nothing is known of the {} role", self.name);
        self.watched.await.map_err(Failure::of(&unwatched))?
    }
}

/// Waits for the role's end, and tells the process of one that nobody asked for.
async fn watch_over(
    name: &'static str,
    task: JoinHandle<Result<(), Failure>>,
    stopped: watch::Receiver<bool>,
    failures: mpsc::Sender<Failure>,
) -> Result<(), Failure> {
    let outcome = task.await;
    // A sender that is gone has said stop, too: its `Role` was dropped.
    let was_asked = *stopped.borrow() || stopped.has_changed().is_err();
    let failure = match outcome {
        Ok(Ok(())) if was_asked => return Ok(()),
        Ok(Ok(())) => Failure::new(format!("the {name} role ended though nobody stopped it")),
        Ok(Err(failure)) => Failure::new(format!("the {name} role failed: {failure}")),
        Err(panic) => Failure::new(format!("the {name} role broke down: {panic}")),
    };
    if was_asked {
        return Err(failure);
    }
    // Full: the process is ending already, for a reason of the same weight.
    let _ = failures.try_send(failure);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start<F>(work: impl FnOnce(watch::Receiver<bool>) -> F) -> (Role, mpsc::Receiver<Failure>)
    where
        F: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        let (failed, failures) = mpsc::channel(1);
        (Role::supervised("test", failed, work), failures)
    }

    #[tokio::test]
    async fn a_role_that_was_told_to_stop_ends_without_a_word() {
        let (role, mut failures) = start(|mut stop| async move {
            let _ = stop.changed().await;
            Ok(())
        });
        role.stop().await.unwrap();
        assert!(failures.recv().await.is_none(), "nothing failed");
    }

    #[tokio::test]
    async fn a_role_that_fails_panics_or_ends_says_so() {
        let (_role, mut failures) = start(|_| async { Err(Failure::new("the disk is gone")) });
        let said = failures.recv().await.unwrap().to_string();
        assert_eq!(said, "the test role failed: the disk is gone");
        let (_role, mut failures) = start(|_| async { panic!("out of luck") });
        let said = failures.recv().await.unwrap().to_string();
        assert!(said.starts_with("the test role broke down: "), "{said}");
        assert!(said.contains("out of luck"), "{said}");
        let (_role, mut failures) = start(|_| async { Ok(()) });
        let said = failures.recv().await.unwrap().to_string();
        assert_eq!(said, "the test role ended though nobody stopped it");
    }

    #[tokio::test]
    async fn a_failure_while_stopping_is_the_answer_to_stop() {
        let (role, mut failures) = start(|mut stop| async move {
            let _ = stop.changed().await;
            Err(Failure::new("state was not written"))
        });
        let said = role.stop().await.unwrap_err().to_string();
        assert_eq!(said, "the test role failed: state was not written");
        assert!(failures.recv().await.is_none(), "told once");
    }
}
