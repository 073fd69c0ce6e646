use fleetward_domain::{CustomMetric, Dimension, Metric, SecurityProfile};
use fleetward_store::{Kind, edge_ends, edges_from};
use fleetward_wire::types::{ListSecurityProfilesRequest, ListSecurityProfilesResponse};

use super::identifier;
use crate::control::Control;
use crate::page::Page;
use crate::prepared::Prepared;
use crate::refusal::Refusal;
use crate::relation::UsedByProfiles;

/// By name: all, or those that use a dimension or a metric.
pub(crate) async fn list(
    control: &Control,
    input: ListSecurityProfilesRequest,
) -> Result<Prepared<ListSecurityProfilesResponse>, Refusal> {
    let page = Page::open(control, &input)?;
    let (names, next_token) = match (&input.dimension_name, &input.metric_name) {
        (Some(_), Some(_)) => {
            return Err(Refusal::Invalid(
                "dimensionName and metricName cannot be used in the same request.".to_owned(),
            ));
        }
        (Some(dimension), None) => using::<Dimension>(control, &page, dimension).await?,
        (None, Some(metric)) => of_metric(control, &page, metric).await?,
        (None, None) => page.keys(Kind::SecurityProfile, "").await?,
    };
    let identifiers = names.iter().map(|name| identifier(control, name)).collect();
    Ok(Prepared::read(ListSecurityProfilesResponse {
        security_profile_identifiers: Some(identifiers),
        next_token,
    }))
}

async fn using<T: UsedByProfiles>(
    control: &Control,
    page: &Page<'_>,
    name: &str,
) -> Result<(Vec<String>, Option<String>), Refusal> {
    control.existing::<T>(name).await?;
    let (edges, next) = page.keys(T::USERS.forth, &edges_from(name)).await?;
    let mut users = Vec::with_capacity(edges.len());
    for profile in edges.iter().map(|edge| edge_ends(edge).1) {
        if control.uses::<T>(profile, name).await? {
            users.push(profile.to_owned());
        }
    }
    Ok((users, next))
}

async fn of_metric(
    control: &Control,
    page: &Page<'_>,
    metric: &str,
) -> Result<(Vec<String>, Option<String>), Refusal> {
    let metric = Metric::parse(metric).map_err(Refusal::Invalid)?;
    if let Metric::Custom(name) = &metric {
        return using::<CustomMetric>(control, page, name.as_str()).await;
    }
    let pick = |profile: SecurityProfile| {
        uses(&profile, &metric).then(|| profile.name.as_str().to_owned())
    };
    page.picked(pick).await
}

fn uses(profile: &SecurityProfile, metric: &Metric) -> bool {
    profile.behaviors.iter().any(|behavior| behavior.metric.as_ref() == Some(metric))
        || profile.metrics_to_retain.iter().any(|retained| retained.metric == *metric)
}
