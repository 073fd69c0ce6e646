//! Faults that the product is known to have and that do not happen here until the engine issue
//! mends them. It takes its lines away as it does; a test counts them.

/// Something that can go wrong, and that makes the product wrong today.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// More reports of a thing are in flight at a crash than ids are remembered (four): some of
    /// those that are sent again count twice.
    ManyReportsInFlight,
    /// The disk stalls, so that a front door hands in what it has taken later than a window's
    /// grace: windows close without it.
    LongStall,
    /// A report is logged after a later one of the same thing, past a window's end: it counts in
    /// the window after its own.
    LateInItsOwnThing,
    /// A report came before a behavior began and is logged after that: it counts all the same.
    BeforeTheBehavior,
    /// The value of a violation is brought up to the whole window's when that closes.
    ValueOfTheWholeWindow,
    /// A behavior's `suppressAlerts` changes while it is in alarm: the violation ends and opens
    /// again.
    SuppressedInAlarm,
    /// The log takes nothing after a failed write, and the process stays as it is: the simulation
    /// starts it again, as an operator would.
    DeafAfterAFailedWrite,
    /// The wall clock is set forward and back.
    ClockIsSet,
}

/// One line a fault.
#[rustfmt::skip]
const SWITCHED_OFF: &[Fault] = &[
    Fault::ManyReportsInFlight,
    Fault::LongStall,
    Fault::LateInItsOwnThing,
    Fault::BeforeTheBehavior,
    Fault::ValueOfTheWholeWindow,
    Fault::SuppressedInAlarm,
    Fault::DeafAfterAFailedWrite,
    Fault::ClockIsSet,
];

/// Whether the simulation lets it happen.
pub(crate) fn happens(fault: Fault) -> bool {
    !SWITCHED_OFF.contains(&fault)
}

#[test]
fn so_many_faults_are_switched_off_and_no_more() {
    assert_eq!(
        SWITCHED_OFF.len(),
        8,
        "a line may go; none may come without an issue that names it"
    );
}
