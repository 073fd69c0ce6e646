//! Listing profiles, the targets of a profile, and the profiles of a target.

use fleetward_domain::{GroupName, Metric, MetricKind, SecurityProfile, Target, ThingGroup};
use fleetward_store::{Document, Kind};
use fleetward_wire::ApiError;
use fleetward_wire::types::{
    ListSecurityProfilesForTargetRequest, ListSecurityProfilesForTargetResponse,
    ListSecurityProfilesRequest, ListSecurityProfilesResponse,
    ListTargetsForSecurityProfileRequest, ListTargetsForSecurityProfileResponse,
    SecurityProfileIdentifier, SecurityProfileTarget, SecurityProfileTargetMapping,
};

use crate::control::Control;
use crate::documents::{edge_ends, edges_from, find, read};
use crate::error::ControlError;
use crate::limits::{SCAN_BATCH, SCANNED_DOCUMENTS};
use crate::page::Page;

impl Control {
    pub(crate) async fn list_security_profiles(
        &self,
        input: ListSecurityProfilesRequest,
    ) -> Result<ListSecurityProfilesResponse, ApiError> {
        let page = Page::open(&self.settings.paging_key, &input)?;
        let (names, next_token) = match (&input.dimension_name, &input.metric_name) {
            (Some(_), Some(_)) => {
                return Err(ApiError::invalid_request(
                    "dimensionName and metricName cannot be used in the same request.",
                ));
            }
            (Some(dimension), None) => self.profiles_of_dimension(&page, dimension).await?,
            (None, Some(metric)) => self.profiles_of_metric(&page, metric).await?,
            (None, None) => {
                let listed = page.documents(self.store(), Kind::SecurityProfile, "").await?;
                (listed.0.into_iter().map(|document| document.key).collect(), listed.1)
            }
        };
        let identifiers = names.iter().map(|name| self.identifier(name)).collect();
        Ok(ListSecurityProfilesResponse {
            security_profile_identifiers: Some(identifiers),
            next_token,
        })
    }

    pub(crate) async fn list_targets_for_security_profile(
        &self,
        input: ListTargetsForSecurityProfileRequest,
    ) -> Result<ListTargetsForSecurityProfileResponse, ApiError> {
        let page = Page::open(&self.settings.paging_key, &input)?;
        let name = input.security_profile_name.as_str();
        self.security_profile(name).await?;
        let prefix = edges_from(name);
        let (edges, next_token) =
            page.documents(self.store(), Kind::TargetOfProfile, &prefix).await?;
        let shown =
            |edge: &Document| SecurityProfileTarget { arn: edge_ends(&edge.key).1.to_owned() };
        Ok(ListTargetsForSecurityProfileResponse {
            security_profile_targets: Some(edges.iter().map(shown).collect()),
            next_token,
        })
    }

    /// With `recursive`, the profiles of all groups below are listed too.
    pub(crate) async fn list_security_profiles_for_target(
        &self,
        input: ListSecurityProfilesForTargetRequest,
    ) -> Result<ListSecurityProfilesForTargetResponse, ApiError> {
        let page = Page::open(&self.settings.paging_key, &input)?;
        let target = self.read_target(&input.security_profile_target_arn)?;
        self.require_target(&target).await?;
        let (edges, next_token) = match (&target, input.recursive) {
            (Target::Group(root), Some(true)) => self.profiles_below(&page, root).await?,
            _ => {
                let prefix = edges_from(&target.arn(self.place()));
                page.documents(self.store(), Kind::ProfileOfTarget, &prefix).await?
            }
        };
        let shown = |edge: &Document| {
            let (arn, profile) = edge_ends(&edge.key);
            SecurityProfileTargetMapping {
                security_profile_identifier: Some(self.identifier(profile)),
                target: Some(SecurityProfileTarget { arn: arn.to_owned() }),
            }
        };
        Ok(ListSecurityProfilesForTargetResponse {
            security_profile_target_mappings: Some(edges.iter().map(shown).collect()),
            next_token,
        })
    }

    async fn profiles_of_dimension(
        &self,
        page: &Page<'_>,
        dimension: &str,
    ) -> Result<(Vec<String>, Option<String>), ApiError> {
        self.dimension(dimension).await?;
        let prefix = edges_from(dimension);
        let (edges, next) = page.documents(self.store(), Kind::ProfileOfDimension, &prefix).await?;
        Ok((edges.iter().map(|edge| edge_ends(&edge.key).1.to_owned()).collect(), next))
    }

    async fn profiles_of_metric(
        &self,
        page: &Page<'_>,
        metric: &str,
    ) -> Result<(Vec<String>, Option<String>), ApiError> {
        let metric = Metric::parse(metric).map_err(ApiError::invalid_request)?;
        if metric.kind() == MetricKind::Custom {
            return Err(ApiError::not_found(format!("Custom metric {metric} does not exist.")));
        }
        let pick = |document: &Document| {
            let profile: SecurityProfile = read(Kind::SecurityProfile, document)?;
            Ok(uses(&profile, &metric).then(|| document.key.clone()))
        };
        page.picked(self.store(), (Kind::SecurityProfile, ""), pick).await
    }

    /// The attachments of a group and of all groups below it, by ARN and profile. All attachments
    /// of groups are gone through, since groups do not know those below them.
    async fn profiles_below(
        &self,
        page: &Page<'_>,
        root: &GroupName,
    ) -> Result<(Vec<Document>, Option<String>), ApiError> {
        let prefix = self.place().arn(fleetward_domain::Resource::ThingGroup(""));
        let mut found: Vec<Document> = Vec::new();
        let mut after = page.after.clone();
        let mut last_judged = (String::new(), false);
        let mut scanned = 0;
        while scanned < SCANNED_DOCUMENTS {
            let edges = self.store();
            let edges =
                edges.list(Kind::ProfileOfTarget, &prefix, after.as_deref(), SCAN_BATCH).await;
            let edges = edges.map_err(ControlError::from)?;
            let (count, is_last) = (edges.len(), edges.len() < SCAN_BATCH);
            for edge in edges {
                let group = edge_ends(&edge.key).0.strip_prefix(&prefix).unwrap_or_default();
                if last_judged.0 != group {
                    last_judged = (group.to_owned(), self.is_within(group, root).await?);
                }
                if last_judged.1 {
                    if found.len() == page.items {
                        return Ok((found, after.map(|after| page.token_after(&after))));
                    }
                    found.push(edge.clone());
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

    async fn is_within(&self, group: &str, root: &GroupName) -> Result<bool, ApiError> {
        if group == root.as_str() {
            return Ok(true);
        }
        let found = find::<ThingGroup>(self.store(), Kind::ThingGroup, group).await?;
        Ok(found.is_some_and(|group| group.value.ancestors.contains(root)))
    }

    fn identifier(&self, name: &str) -> SecurityProfileIdentifier {
        SecurityProfileIdentifier {
            name: name.to_owned(),
            arn: self.place().arn(fleetward_domain::Resource::SecurityProfile(name)),
        }
    }
}

fn uses(profile: &SecurityProfile, metric: &Metric) -> bool {
    profile.behaviors.iter().any(|behavior| behavior.metric.as_ref() == Some(metric))
        || profile.metrics_to_retain.iter().any(|retained| retained.metric == *metric)
}
