use fleetward_domain::limits::{LONGEST_MUTE_MS, MUTES};
use fleetward_domain::{FormatLevel, Mute, MuteSubject, SecurityProfile, ThingGroup, ThingName};
use fleetward_store::{Gate, Kind, Tx, readable};
use fleetward_wire::types::{CreateMuteRequest, CreateMuteResponse};

use crate::caller::Caller;
use crate::control::Control;
use crate::prepared::Prepared;
use crate::refusal::Refusal;

/// What is muted is named by one member, a behavior together with its profile. A thing need not
/// be registered: those that nobody registered are judged as well.
pub(crate) async fn create(
    control: &Control,
    caller: &Caller,
    input: CreateMuteRequest,
) -> Result<Prepared<CreateMuteResponse>, Refusal> {
    if control.level() < FormatLevel::Proven {
        return Err(Refusal::Invalid(
            "Mutes are kept from format level 3 on: run `fleetward upgrade finish` first."
                .to_owned(),
        ));
    }
    let subject = subject(control, &input).await?;
    let (now_ms, until_ms) = (control.now_ms(), input.until.epoch_ms());
    if until_ms <= now_ms {
        return Err(Refusal::field("until", "the time has passed"));
    }
    if until_ms.saturating_sub(now_ms) > LONGEST_MUTE_MS {
        return Err(Refusal::field("until", "a mute lasts 30 days at most"));
    }
    // Two who make one at once would both fit. What is over makes room.
    let gate = Gate::named("mutes");
    let gate_version = control.read_gate(&gate).await?;
    let mut tx = Tx::default();
    let known = control.store().list(Kind::Mute, "", None, MUTES).await?;
    for document in &known {
        let read = readable::<Mute>(control.store(), document);
        if let Some(over) = read.filter(|mute| mute.value.until_ms <= now_ms) {
            tx.remove::<Mute>(&over.value.id, over.version);
        }
    }
    if known.len().saturating_sub(tx.deletes.len()) >= MUTES {
        return Err(Refusal::Limit(format!("There are {MUTES} mutes, which is the limit.")));
    }
    let mute = Mute {
        id: control.chance().uuid()?,
        subject,
        until_ms,
        reason: input.reason,
        created_by: caller.arn().to_owned(),
        created_ms: now_ms,
    };
    control.pass_gate(&mut tx, &gate, gate_version)?;
    tx.create(&mute, control.level())?;
    Ok(Prepared::write(tx, CreateMuteResponse { mute_id: Some(mute.id) }))
}

async fn subject(control: &Control, input: &CreateMuteRequest) -> Result<MuteSubject, Refusal> {
    let CreateMuteRequest { thing_name, thing_group_name, security_profile_name, .. } = input;
    match (thing_name, thing_group_name, security_profile_name, &input.behavior_name) {
        (Some(thing), None, None, None) => Ok(MuteSubject::Thing(ThingName::parse(thing)?)),
        (None, Some(group), None, None) => {
            Ok(MuteSubject::Group(control.existing::<ThingGroup>(group).await?.value.name))
        }
        (None, None, Some(profile), behavior) => {
            let profile = control.existing::<SecurityProfile>(profile).await?.value;
            let Some(name) = behavior else { return Ok(MuteSubject::Profile(profile.name)) };
            let found = profile.behaviors.into_iter().find(|known| known.name.as_str() == name);
            let behavior = found.ok_or_else(|| Refusal::not_found("Behavior", name))?;
            Ok(MuteSubject::Behavior(profile.name, behavior.name))
        }
        _ => Err(Refusal::Invalid(
            "One of thingName, thingGroupName and securityProfileName must be given, and \
             behaviorName with securityProfileName only."
                .to_owned(),
        )),
    }
}
