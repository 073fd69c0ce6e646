use fleetward_domain::{Certificate, CertificateStatus, Change};
use fleetward_store::Tx;
use fleetward_wire::operation::NoOutput;
use fleetward_wire::types::{CertificateStatus as WireStatus, UpdateCertificateRequest};

use crate::control::Control;
use crate::prepared::Prepared;
use crate::refusal::Refusal;

/// Setting the status that it has changes nothing; REVOKED is final.
pub(crate) async fn update(
    control: &Control,
    input: UpdateCertificateRequest,
) -> Result<Prepared<NoOutput>, Refusal> {
    let status = read_status(input.new_status)?;
    let id = input.certificate_id.to_ascii_lowercase();
    let certificate = control.existing::<Certificate>(&id).await?;
    if certificate.value.status == status {
        return Ok(Prepared::read(NoOutput {}));
    }
    // Source: AWS IoT developer guide, "REVOKED_CA_CERT_CHECK": one whose key was taken is never
    // let in again.
    if certificate.value.status == CertificateStatus::Revoked {
        return Err(Refusal::State(format!(
            "Once revoked status can't be changed. Certificate {id} stays REVOKED; make another."
        )));
    }
    let changed = Certificate { status, modified_ms: control.now_ms(), ..certificate.value };
    let mut tx = Tx::default();
    tx.replace(&changed, certificate.version, control.level())?;
    tx.changes.push(Change::Certificate(changed.id));
    Ok(Prepared::write(tx, NoOutput {}))
}

/// Source: the service model on `UpdateCertificate`: which statuses are not for callers.
fn read_status(status: WireStatus) -> Result<CertificateStatus, Refusal> {
    match status {
        WireStatus::Active => Ok(CertificateStatus::Active),
        WireStatus::Inactive => Ok(CertificateStatus::Inactive),
        WireStatus::Revoked => Ok(CertificateStatus::Revoked),
        WireStatus::PendingTransfer
        | WireStatus::PendingActivation
        | WireStatus::RegisterInactive => {
            let problem = format!("{status} cannot be set; use ACTIVE, INACTIVE or REVOKED");
            Err(Refusal::field("newStatus", problem))
        }
    }
}
