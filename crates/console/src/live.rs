//! Changes, as they come: server-sent events that carry the changed part of the page.

use std::convert::Infallible;
use std::sync::Arc;

use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::Stream;
use futures_util::stream::unfold;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::Instant;

use crate::ConsoleState;
use crate::error::ConsoleError;
use crate::limits::{KEEP_ALIVE, PUSH_PAUSE, RECONNECT};
use crate::view::View;
use crate::{page, view};

/// One browser that follows.
struct Follower {
    state: Arc<ConsoleState>,
    changed: watch::Receiver<u64>,
    closing: watch::Receiver<bool>,
    /// What was pushed last, and when.
    shown: Option<View>,
    shown_at: Option<Instant>,
    _permit: OwnedSemaphorePermit,
}

/// Pushes the fleet as it is now, and again whenever it has changed.
pub(crate) fn follow(
    state: Arc<ConsoleState>,
    permit: OwnedSemaphorePermit,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let follower = Follower {
        changed: state.store.newest_event(),
        closing: state.closing.clone(),
        state,
        shown: None,
        shown_at: None,
        _permit: permit,
    };
    let events = unfold(follower, |mut follower| async move {
        let html = follower.next().await?;
        // A line break of the old kind would end the event's line; HTML takes either.
        let event = Event::default().event("fleet").retry(RECONNECT).data(html.replace('\r', " "));
        Some((Ok(event), follower))
    });
    Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
}

impl Follower {
    /// The next HTML to push; none when the stream is to end.
    async fn next(&mut self) -> Option<String> {
        let mut closing = self.closing.clone();
        tokio::select! {
            // Also when the sender is gone.
            _ = closing.wait_for(|is_closing| *is_closing) => None,
            html = self.next_change() => html,
        }
    }

    async fn next_change(&mut self) -> Option<String> {
        loop {
            if let Some(shown_at) = self.shown_at {
                self.changed.changed().await.ok()?;
                self.state.clock.sleep_until_instant(shown_at + PUSH_PAUSE).await;
            }
            self.changed.borrow_and_update();
            self.shown_at = Some(self.state.clock.instant());
            match self.render().await {
                Ok(Some(html)) => return Some(html),
                Ok(None) => {}
                Err(error) => {
                    // The browser comes back by itself.
                    tracing::warn!(%error, "the console cannot follow changes");
                    return None;
                }
            }
        }
    }

    /// The fleet, if it is not as it was shown last.
    async fn render(&mut self) -> Result<Option<String>, ConsoleError> {
        let view = view::read(&self.state).await?;
        if self.shown.as_ref() == Some(&view) {
            return Ok(None);
        }
        let html = page::render_fleet(&view, self.state.clock.now_ms())?;
        self.shown = Some(view);
        Ok(Some(html))
    }
}

#[cfg(test)]
mod tests;
