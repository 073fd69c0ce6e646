//! Who detects: one detector, and now and then one that was stopped in its tracks, lost its
//! partitions to another, and comes back.

use std::sync::Arc;
use std::time::Duration;

use fleetward::roles::detector::Detector;
use fleetward_environment::Clock;
use fleetward_log::embedded::EmbeddedLog;
use tokio::sync::watch;

use crate::dice::Dice;
use crate::door::Door;
use crate::script::PERIOD_MS;
use crate::world::World;

pub(crate) const SILENCE_MS: i64 = 2 * 24 * 3_600_000;

/// The detectors of one process.
pub(crate) struct Owners {
    detector: Detector,
    /// Takes over from it.
    next: Option<Detector>,
    /// When the first is stopped, and for how long after that it stays so.
    stops: Duration,
    comes_back: Duration,
    clock: Clock,
}

impl Owners {
    pub(crate) fn start(
        world: &World,
        log: &Arc<EmbeddedLog>,
        (door, clock): (&Arc<Door>, &Clock),
        dice: &mut Dice,
    ) -> Self {
        let detector = || {
            // Its sender is gone: the assignment stays as it is.
            let (_, assignment) = watch::channel((0..world.script.partitions).collect());
            Detector {
                settings: settings(world.script.partitions),
                store: world.store.clone(),
                log: log.clone(),
                awaited: door.awaited(),
                outgoing: fleetward_front_door::Outgoing::default(),
                // State is to be written now and then, little as there is.
                least_bytes: 2_000,
                assignment,
            }
        };
        Self {
            detector: detector(),
            next: dice.once_in(3).then(detector),
            stops: Duration::from_millis(dice.below(9_000)),
            comes_back: Duration::from_millis(dice.below(4_000)),
            clock: clock.clone(),
        }
    }

    /// Detects until told to stop.
    pub(crate) async fn run(self, stop: watch::Receiver<bool>) -> Result<(), String> {
        let mut first = Box::pin(self.detector.run(stop.clone()));
        let Some(next) = self.next else {
            return first.await.map_err(|failure| failure.to_string());
        };
        tokio::select! {
            biased;
            ended = &mut first => return ended.map_err(|failure| failure.to_string()),
            () = self.clock.sleep(self.stops) => {}
        }
        // Nobody polls the first any more, as if it had been sent SIGSTOP.
        let mut next = Box::pin(next.run(stop));
        tokio::select! {
            biased;
            ended = &mut next => return ended.map_err(|failure| failure.to_string()),
            () = self.clock.sleep(self.comes_back) => {}
        }
        // It comes back. Whatever it still does changes nothing, and ends it.
        tokio::spawn(async move { drop(first.await) });
        next.await.map_err(|failure| failure.to_string())
    }
}

fn settings(partitions: u32) -> fleetward_detect::Settings {
    fleetward_detect::Settings {
        period_ms: PERIOD_MS,
        silence_ms: SILENCE_MS,
        partitions,
        things_per_step: 2,
        ..fleetward_detect::Settings::default()
    }
}
