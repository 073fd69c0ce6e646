use fleetward_domain::Mute;
use fleetward_wire::convert::show_mute;
use fleetward_wire::types::{ListMutesRequest, ListMutesResponse};

use crate::control::Control;
use crate::page::Page;
use crate::prepared::Prepared;
use crate::refusal::Refusal;

/// Those that are not over, by id.
pub(crate) async fn list(
    control: &Control,
    input: ListMutesRequest,
) -> Result<Prepared<ListMutesResponse>, Refusal> {
    let page = Page::open(control, &input)?;
    let now_ms = control.now_ms();
    let shown = |mute: Mute| (mute.until_ms > now_ms).then(|| show_mute(&mute));
    let (mutes, next_token) = page.picked(shown).await?;
    Ok(Prepared::read(ListMutesResponse { mutes: Some(mutes), next_token }))
}
