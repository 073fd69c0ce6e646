//! Refusals that AWS's model has no error for.
//!
//! Each row is a decision: where the operation can be refused for this reason, but its clients
//! know no such error, they are told in an `InvalidRequestException`, which all of ours have. A
//! test provokes every row, and no other may occur in any test.

use fleetward_wire::{ErrorCode, Operation};

/// The operation, and the code that the refusal would have.
pub(super) const ROWS: [(Operation, ErrorCode); 11] = [
    // Ten groups of a thing, one of a hierarchy.
    (Operation::AddThingToThingGroup, ErrorCode::LimitExceeded),
    // A certificate's document names all of its things.
    (Operation::AttachThingPrincipal, ErrorCode::LimitExceeded),
    // Behaviors of a profile, and their values.
    (Operation::CreateSecurityProfile, ErrorCode::LimitExceeded),
    // Attributes.
    (Operation::CreateThing, ErrorCode::LimitExceeded),
    // Attributes, and the depth of a hierarchy.
    (Operation::CreateThingGroup, ErrorCode::LimitExceeded),
    // What profiles use cannot go.
    (Operation::DeleteCustomMetric, ErrorCode::DeleteConflict),
    (Operation::DeleteDimension, ErrorCode::DeleteConflict),
    // A violation that is not, or no longer, there.
    (Operation::PutVerificationStateOnViolation, ErrorCode::ResourceNotFound),
    // Values of a dimension; CreateDimension has the error.
    (Operation::UpdateDimension, ErrorCode::LimitExceeded),
    // As at its creation.
    (Operation::UpdateSecurityProfile, ErrorCode::LimitExceeded),
    // Attributes.
    (Operation::UpdateThing, ErrorCode::LimitExceeded),
];

/// Whether it is decided that this operation answers this refusal as an invalid request.
pub(crate) fn falls_back(operation: Operation, code: ErrorCode) -> bool {
    ROWS.contains(&(operation, code))
}
