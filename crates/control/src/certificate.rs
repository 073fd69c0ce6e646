//! Certificates: issuing them, their status, and the things they belong to.

use fleetward_domain::{Certificate, CertificateId, CertificateStatus, Change, Resource};
use fleetward_store::Kind;
use fleetward_wire::ApiError;
use fleetward_wire::operation::NoOutput;
use fleetward_wire::types::{
    AttachThingPrincipalRequest, AttachThingPrincipalResponse, CertificateStatus as WireStatus,
    CreateKeysAndCertificateRequest, CreateKeysAndCertificateResponse, KeyPair, ThingPrincipalType,
    UpdateCertificateRequest,
};

use crate::control::Control;
use crate::documents::{Draft, Race, Versioned, edge_key, find};
use crate::limits::THINGS_PER_CERTIFICATE;

#[cfg(test)]
pub(crate) mod tests;

impl Control {
    /// The private key is in the answer and nowhere else.
    pub(crate) async fn create_keys_and_certificate(
        &self,
        input: CreateKeysAndCertificateRequest,
    ) -> Result<CreateKeysAndCertificateResponse, ApiError> {
        let now_ms = self.now_ms();
        let issued = self.authority.issue_device(now_ms).await?;
        let id = CertificateId::parse(issued.id.as_str()).map_err(|_| ApiError::internal())?;
        let certificate = Certificate {
            id: id.clone(),
            pem: issued.certificate_pem.clone(),
            status: if input.set_as_active.unwrap_or_default() {
                CertificateStatus::Active
            } else {
                CertificateStatus::Inactive
            },
            policies: Vec::new(),
            things: Vec::new(),
            created_ms: now_ms,
            modified_ms: now_ms,
        };
        let mut draft = Draft::default();
        draft.create(Kind::Certificate, id.as_str(), &certificate);
        draft.change(Change::Certificate(id));
        if !Race::default().won(self.store(), draft).await? {
            // A certificate with the same hash is the same certificate; serials are random.
            return Err(ApiError::internal());
        }
        Ok(CreateKeysAndCertificateResponse {
            certificate_arn: Some(self.place().arn(Resource::Certificate(&issued.id))),
            certificate_id: Some(issued.id),
            certificate_pem: Some(issued.certificate_pem),
            key_pair: Some(KeyPair {
                public_key: Some(issued.public_key_pem),
                private_key: Some(issued.private_key_pem),
            }),
        })
    }

    /// Source: the service model on `UpdateCertificate`: which statuses are not for callers.
    pub(crate) async fn update_certificate(
        &self,
        input: UpdateCertificateRequest,
    ) -> Result<NoOutput, ApiError> {
        let status = match input.new_status {
            WireStatus::Active => CertificateStatus::Active,
            WireStatus::Inactive => CertificateStatus::Inactive,
            WireStatus::Revoked => CertificateStatus::Revoked,
            status @ (WireStatus::PendingTransfer
            | WireStatus::PendingActivation
            | WireStatus::RegisterInactive) => {
                return Err(ApiError::invalid_request(format!(
                    "newStatus: {status} cannot be set; use ACTIVE, INACTIVE or REVOKED."
                )));
            }
        };
        let id = input.certificate_id.to_ascii_lowercase();
        let mut race = Race::default();
        loop {
            let certificate = self.certificate(&id).await?;
            if certificate.value.status == status {
                return Ok(NoOutput {});
            }
            let changed = Certificate { status, modified_ms: self.now_ms(), ..certificate.value };
            let mut draft = Draft::default();
            draft.replace(Kind::Certificate, &id, certificate.version, &changed);
            draft.change(Change::Certificate(changed.id));
            if race.won(self.store(), draft).await? {
                return Ok(NoOutput {});
            }
        }
    }

    /// Attaching again what is attached succeeds; the kind of the attachment is the new one.
    pub(crate) async fn attach_thing_principal(
        &self,
        input: AttachThingPrincipalRequest,
    ) -> Result<AttachThingPrincipalResponse, ApiError> {
        let id = self.certificate_of_arn("principal", &input.principal)?;
        let is_exclusive = input.thing_principal_type == Some(ThingPrincipalType::ExclusiveThing);
        let mut race = Race::default();
        loop {
            let thing = self.thing(&input.thing_name).await?;
            let certificate = self.certificate(&id).await?;
            self.require_free(&thing.value.name, &certificate.value, is_exclusive).await?;
            let mut changed = certificate.value;
            if !changed.things.contains(&thing.value.name) {
                if changed.things.len() >= THINGS_PER_CERTIFICATE {
                    return Err(ApiError::limit_exceeded(format!(
                        "Certificate {id} is attached to {THINGS_PER_CERTIFICATE} things, the \
                         limit."
                    )));
                }
                changed.things.push(thing.value.name);
                changed.modified_ms = self.now_ms();
            }
            let mut draft = Draft::default();
            draft.require(Kind::Thing, &input.thing_name);
            draft.replace(Kind::Certificate, &id, certificate.version, &changed);
            let edge = edge_key(&input.thing_name, &id);
            draft.put(Kind::CertificateOfThing, &edge, &Attachment { is_exclusive });
            draft.change(Change::Certificate(changed.id));
            if race.won(self.store(), draft).await? {
                return Ok(AttachThingPrincipalResponse {});
            }
        }
    }

    /// # Errors
    /// `ResourceNotFoundException`.
    pub(crate) async fn certificate(&self, id: &str) -> Result<Versioned<Certificate>, ApiError> {
        find(self.store(), Kind::Certificate, id)
            .await?
            .ok_or_else(|| ApiError::not_found(format!("Certificate {id} does not exist.")))
    }

    /// The id in a certificate's ARN.
    ///
    /// # Errors
    /// `InvalidRequestException` where it is the ARN of something else.
    pub(crate) fn certificate_of_arn(&self, member: &str, arn: &str) -> Result<String, ApiError> {
        let resource = self
            .place()
            .resource_of(arn)
            .map_err(|error| ApiError::invalid_request(format!("{member}: {error}.")))?;
        let id = resource.strip_prefix("cert/").map(str::to_ascii_lowercase);
        id.filter(|id| CertificateId::parse(id.as_str()).is_ok()).ok_or_else(|| {
            ApiError::invalid_request(format!("{member}: {arn} does not name a certificate."))
        })
    }

    /// Source: the service model on `thingPrincipalType`: what is attached exclusively is
    /// attached to one thing.
    async fn require_free(
        &self,
        thing: &fleetward_domain::ThingName,
        certificate: &Certificate,
        is_exclusive: bool,
    ) -> Result<(), ApiError> {
        let id = certificate.id.as_str();
        let mut others = certificate.things.iter().filter(|other| *other != thing);
        let Some(other) = others.next() else { return Ok(()) };
        if is_exclusive {
            return Err(ApiError::invalid_request(format!(
                "Certificate {id} cannot be attached exclusively: it is attached to thing {other}."
            )));
        }
        // Where one attachment is exclusive, it is the only one.
        let edge = edge_key(other.as_str(), id);
        let attachment = find::<Attachment>(self.store(), Kind::CertificateOfThing, &edge).await?;
        if attachment.is_some_and(|attachment| attachment.value.is_exclusive) {
            return Err(ApiError::invalid_request(format!(
                "Certificate {id} is attached exclusively to thing {other}."
            )));
        }
        Ok(())
    }
}

/// What the edge from a thing to its certificate says.
#[derive(serde::Serialize, serde::Deserialize)]
struct Attachment {
    is_exclusive: bool,
}
