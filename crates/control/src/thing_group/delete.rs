use fleetward_domain::{
    Change, FormatLevel, GroupName, Resource, SecurityProfile, Target, ThingGroup,
};
use fleetward_store::{
    DepartedGroup, Gate, Kind, Noun, Precondition, Tx, edge_ends, edges_from, readable,
};
use fleetward_wire::types::{DeleteThingGroupRequest, DeleteThingGroupResponse};

use super::leaving::leave_some;
use crate::control::Control;
use crate::limits::{SCAN_BATCH, TARGETS_PER_PROFILE, THINGS_LEAVING_AT_ONCE};
use crate::prepared::Prepared;
use crate::refusal::Refusal;
use crate::relation::PROFILE_TO_TARGET;
use crate::security_profile::{rewrite, targets_of};
use crate::thing::{check_version, tell_of_thing};

/// The version of a group: nothing changes one yet.
const VERSION: i64 = 1;

/// A group that is not there counts as deleted (service model). Its things leave it, many of them
/// by and by, and the profiles attached to it are detached.
pub(crate) async fn delete(
    control: &Control,
    input: DeleteThingGroupRequest,
) -> Result<Prepared<DeleteThingGroupResponse>, Refusal> {
    let (name, deleted) = (input.thing_group_name.as_str(), DeleteThingGroupResponse {});
    let Some(group) = control.find::<ThingGroup>(name).await? else {
        return Ok(Prepared::read(deleted));
    };
    check_version(&format!("thing group {name}"), VERSION, input.expected_version)?;
    let group_name = &group.value.name;
    // Who makes a child at this moment writes the group's document, so that one of us tries again.
    require_childless(control, group_name).await?;
    let mut tx = Tx::default();
    tx.remove::<ThingGroup>(name, group.version);
    let leaving = leave_some(control.store(), &mut tx, name).await?;
    if control.level() >= FormatLevel::Proven {
        // Detectors and whoever asks take all things for gone from here on.
        let ancestors = group.value.ancestors.clone();
        tx.changes.push(Change::GroupDeleted { name: group_name.clone(), ancestors });
        // Of the smallest, too: a thing may come in until the commit.
        tx.create(&DepartedGroup::named(name), control.level())?;
    } else if leaving.more {
        return Err(Refusal::Invalid(format!(
            "Thing group {name} has more than {THINGS_LEAVING_AT_ONCE} things, which is the most \
             that can leave at once before `fleetward upgrade finish`: run that, or remove things \
             from it first."
        )));
    } else {
        // Readers of that level know no such change.
        for thing in &leaving.things {
            tell_of_thing(control, &mut tx, thing).await?;
        }
    }
    detach_all(control, &mut tx, group_name).await?;
    Ok(Prepared::write(tx, deleted))
}

/// Source: AWS IoT's guide, "Static thing groups". The groups are looked through: that costs those
/// who delete one, which is rare, and nobody else.
async fn require_childless(control: &Control, parent: &GroupName) -> Result<(), Refusal> {
    let mut after: Option<String> = None;
    loop {
        let after_key = after.as_deref();
        let groups = control.store().list(Kind::ThingGroup, "", after_key, SCAN_BATCH).await?;
        let read = |document| readable::<ThingGroup>(control.store(), document);
        if groups.iter().filter_map(read).any(|group| group.value.ancestors.first() == Some(parent))
        {
            return Err(Refusal::Invalid(format!(
                "Cannot delete thing group : {parent} when there are still child groups attached \
                 to it."
            )));
        }
        if groups.len() < SCAN_BATCH {
            return Ok(());
        }
        after = groups.last().map(|group| group.key.clone());
    }
}

/// Detaches the profiles that have the group as a target.
async fn detach_all(control: &Control, tx: &mut Tx, group: &GroupName) -> Result<(), Refusal> {
    let arn = control.place().arn(Resource::ThingGroup(group.as_str()));
    // Who attaches one at this moment passes the same gate, so that one of us tries again.
    let gate = Gate::named(&format!("profiles of {arn}"));
    let gate_version = control.read_gate(&gate).await?;
    let prefix = edges_from(&arn);
    let limit = TARGETS_PER_PROFILE;
    let edges = control.store().list(Kind::ProfileOfTarget, &prefix, None, limit).await?;
    for edge in &edges {
        let (_, profile_name) = edge_ends(&edge.key);
        PROFILE_TO_TARGET.erase(tx, profile_name, &arn);
        let Some(profile) = control.find::<SecurityProfile>(profile_name).await? else { continue };
        let mut targets = targets_of(control, profile_name).await?;
        targets.retain(|target| *target != Target::Group(group.clone()));
        let detached = rewrite(control, &profile.value, profile.version, targets)?;
        tx.preconditions.extend(detached.preconditions);
        tx.puts.extend(detached.puts);
        tx.changes.extend(detached.changes);
    }
    match gate_version {
        // Nothing was ever attached.
        None if edges.is_empty() => {
            tx.preconditions.push(Precondition::Absent(Kind::Setting, gate.key().to_owned()));
            Ok(())
        }
        version => control.pass_gate(tx, &gate, version),
    }
}
