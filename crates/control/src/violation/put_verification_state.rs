use fleetward_store::{Tx, Verification};
use fleetward_wire::convert::read_verification;
use fleetward_wire::types::{
    PutVerificationStateOnViolationRequest, PutVerificationStateOnViolationResponse,
};

use crate::control::Control;
use crate::prepared::Prepared;
use crate::refusal::Refusal;

/// An operator's word on a violation, also on one that is over. It replaces the word before, with
/// its description.
pub(crate) async fn put_verification_state(
    control: &Control,
    input: PutVerificationStateOnViolationRequest,
) -> Result<Prepared<PutVerificationStateOnViolationResponse>, Refusal> {
    if !control.store().knows_violation(&input.violation_id).await? {
        return Err(Refusal::not_found("Violation", input.violation_id));
    }
    let verification = Verification {
        violation_id: input.violation_id,
        state: read_verification(input.verification_state),
        description: input.verification_state_description,
    };
    let tx = Tx { verifications: vec![verification], ..Tx::default() };
    Ok(Prepared::write(tx, PutVerificationStateOnViolationResponse {}))
}
