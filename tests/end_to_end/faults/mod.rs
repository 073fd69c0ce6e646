//! Faults of the real process, its disk and its clock, a file each; `docs/faults.md` says what is
//! to happen at each of them.

mod clock;
mod damaged;
mod descriptors;
mod full_disk;
mod injected;
mod resends;
mod scene;
mod slow_disk;
mod stopped;
mod talk;
mod tamper;
