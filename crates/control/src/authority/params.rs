//! What the certificates say: names, validity, usages.

use std::net::IpAddr;
use std::time::Duration;

use fleetward_domain::EpochMs;
use fleetward_environment::Chance;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyUsagePurpose, SanType, SerialNumber, date_time_ymd,
};

use crate::error::ControlError;
use crate::limits::SERVER_CERTIFICATE_DAYS;

/// The CA's own certificate.
pub(super) fn authority(
    chance: &Chance,
    now_ms: EpochMs,
) -> Result<CertificateParams, ControlError> {
    let mut params = common("Fleetward Internal CA", chance, now_ms)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params)
}

/// A device's certificate. As AWS's, it names no device: what it may do is decided by what is
/// attached to it, and it is good until the end of 2049.
pub(super) fn device(chance: &Chance, now_ms: EpochMs) -> Result<CertificateParams, ControlError> {
    let mut params = common("Fleetward IoT Certificate", chance, now_ms)?;
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

/// A listener's certificate.
pub(super) fn server(
    names: &[String],
    addresses: &[IpAddr],
    chance: &Chance,
    now_ms: EpochMs,
) -> Result<CertificateParams, ControlError> {
    let common_name = names.first().map_or("Fleetward", String::as_str);
    let mut params = common(common_name, chance, now_ms)?;
    for name in names {
        params.subject_alt_names.push(SanType::DnsName(name.as_str().try_into()?));
    }
    params.subject_alt_names.extend(addresses.iter().copied().map(SanType::IpAddress));
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    let life_ms = SERVER_CERTIFICATE_DAYS.saturating_mul(86_400_000);
    let until_ms = now_ms.saturating_add(life_ms).min(END_OF_2049_MS);
    set_validity(&mut params, now_ms, until_ms);
    Ok(params)
}

/// Clocks of devices may be behind ours: certificates are good from an hour ago.
const EARLIER_MS: EpochMs = 3_600_000;

fn common(name: &str, chance: &Chance, now_ms: EpochMs) -> Result<CertificateParams, ControlError> {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.distinguished_name.push(DnType::OrganizationName, "Fleetward");
    // 127 random bits, never negative: unique without a counter.
    let mut serial = chance.bytes::<16>()?;
    if let Some(first) = serial.first_mut() {
        *first &= 0x7f;
    }
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    set_validity(&mut params, now_ms, END_OF_2049_MS);
    Ok(params)
}

/// 2049-12-31T23:59:59Z: the last second that every X.509 parser writes the same way.
const END_OF_2049_MS: EpochMs = 2_524_607_999_000;

fn set_validity(params: &mut CertificateParams, now_ms: EpochMs, until_ms: EpochMs) {
    let at = |epoch_ms: EpochMs| {
        let since_epoch = u64::try_from(epoch_ms).unwrap_or_default().min(LATEST_MS);
        date_time_ymd(1970, 1, 1) + Duration::from_millis(since_epoch)
    };
    params.not_before = at(now_ms.saturating_sub(EARLIER_MS));
    params.not_after = at(until_ms);
}

/// A clock that is set beyond the year 9000 must not make the addition overflow.
const LATEST_MS: u64 = 221_845_392_000_000;
