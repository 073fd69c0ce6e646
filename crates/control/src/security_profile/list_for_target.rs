use fleetward_domain::{GroupName, Resource, Target, ThingGroup};
use fleetward_store::{Kind, edge_ends, edges_from, find};
use fleetward_wire::types::{
    ListSecurityProfilesForTargetRequest, ListSecurityProfilesForTargetResponse,
    SecurityProfileTarget, SecurityProfileTargetMapping,
};

use super::identifier;
use super::targets::{read_target, require_target};
use crate::control::Control;
use crate::limits::{SCAN_BATCH, SCANNED_DOCUMENTS};
use crate::page::Page;
use crate::prepared::Prepared;
use crate::refusal::Refusal;

/// By name; with `recursive`, the profiles of all groups below are listed too.
pub(crate) async fn list_for_target(
    control: &Control,
    input: ListSecurityProfilesForTargetRequest,
) -> Result<Prepared<ListSecurityProfilesForTargetResponse>, Refusal> {
    let page = Page::open(control, &input)?;
    let target = read_target(control, &input.security_profile_target_arn)?;
    require_target(control, &target).await?;
    let (edges, next_token) = match (&target, input.recursive) {
        (Target::Group(root), Some(true)) => of_groups_below(control, &page, root).await?,
        _ => {
            let prefix = edges_from(&target.arn(control.place()));
            page.keys(Kind::ProfileOfTarget, &prefix).await?
        }
    };
    let shown = |edge: &String| {
        let (arn, profile) = edge_ends(edge);
        SecurityProfileTargetMapping {
            security_profile_identifier: Some(identifier(control, profile)),
            target: Some(SecurityProfileTarget { arn: arn.to_owned() }),
        }
    };
    Ok(Prepared::read(ListSecurityProfilesForTargetResponse {
        security_profile_target_mappings: Some(edges.iter().map(shown).collect()),
        next_token,
    }))
}

/// The attachments of a group and of all groups below it, by ARN and profile. All attachments of
/// groups are gone through, since groups do not know those below them.
async fn of_groups_below(
    control: &Control,
    page: &Page<'_>,
    root: &GroupName,
) -> Result<(Vec<String>, Option<String>), Refusal> {
    let prefix = control.place().arn(Resource::ThingGroup(""));
    let mut found: Vec<String> = Vec::new();
    let mut after = page.after.clone();
    let mut last_judged = (String::new(), false);
    let mut scanned = 0;
    while scanned < SCANNED_DOCUMENTS {
        let store = control.store();
        let edges =
            store.list(Kind::ProfileOfTarget, &prefix, after.as_deref(), SCAN_BATCH).await?;
        let (count, is_last) = (edges.len(), edges.len() < SCAN_BATCH);
        for edge in edges {
            let group = edge_ends(&edge.key).0.strip_prefix(&prefix).unwrap_or_default();
            // Edges of one group stand together, so its place is looked up once.
            if last_judged.0 != group {
                last_judged = (group.to_owned(), is_within(control, group, root).await?);
            }
            if last_judged.1 {
                if found.len() == page.items {
                    return Ok((found, after.map(|after| page.token_after(&after))));
                }
                found.push(edge.key.clone());
            }
            after = Some(edge.key);
        }
        if is_last {
            return Ok((found, None));
        }
        scanned = scanned.saturating_add(count);
    }
    Ok((found, after.map(|after| page.token_after(&after))))
}

async fn is_within(control: &Control, group: &str, root: &GroupName) -> Result<bool, Refusal> {
    if group == root.as_str() {
        return Ok(true);
    }
    let found = find::<ThingGroup>(control.store(), group).await;
    let found = control.store().unreadable().skip(found)?.flatten();
    Ok(found.is_some_and(|group| group.value.ancestors.contains(root)))
}
