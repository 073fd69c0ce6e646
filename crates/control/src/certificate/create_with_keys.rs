use fleetward_domain::{Certificate, CertificateId, CertificateStatus, Change, Resource};
use fleetward_store::Tx;
use fleetward_wire::types::{
    CreateKeysAndCertificateRequest, CreateKeysAndCertificateResponse, KeyPair,
};

use crate::control::Control;
use crate::prepared::Prepared;
use crate::refusal::Refusal;

/// The private key is in the answer and nowhere else.
pub(crate) async fn create_with_keys(
    control: &Control,
    input: CreateKeysAndCertificateRequest,
) -> Result<Prepared<CreateKeysAndCertificateResponse>, Refusal> {
    let now_ms = control.now_ms();
    let issued = control.authority.issue_device(now_ms).await?;
    let status = match input.set_as_active {
        Some(true) => CertificateStatus::Active,
        _ => CertificateStatus::Inactive,
    };
    let certificate = Certificate {
        id: CertificateId::parse(issued.id.as_str())?,
        pem: issued.certificate_pem.clone(),
        status,
        policies: Vec::new(),
        things: Vec::new(),
        created_ms: now_ms,
        modified_ms: now_ms,
    };
    let mut tx = Tx::default();
    // Serials are random: who loses this race, if anybody ever does, makes another certificate.
    tx.create(&certificate, control.level())?;
    tx.changes.push(Change::Certificate(certificate.id));
    let created = CreateKeysAndCertificateResponse {
        certificate_arn: Some(control.place().arn(Resource::Certificate(&issued.id))),
        certificate_id: Some(issued.id),
        certificate_pem: Some(issued.certificate_pem),
        key_pair: Some(KeyPair {
            public_key: Some(issued.public_key_pem),
            private_key: Some(issued.private_key_pem),
        }),
    };
    Ok(Prepared::write(tx, created))
}
