use fleetward_wire::types::{DescribeEndpointRequest, DescribeEndpointResponse};

use crate::control::Control;
use crate::prepared::Prepared;
use crate::refusal::Refusal;

/// The types that are served. The service model also knows `iot:CredentialProvider` and
/// `iot:Jobs`: nothing answers those here, so a host for them would be a made-up success.
const ENDPOINT_TYPES: [&str; 2] = ["iot:Data", "iot:Data-ATS"];

/// A bare host, the same for each type: clients add scheme and port.
pub(crate) async fn describe(
    control: &Control,
    input: DescribeEndpointRequest,
) -> Result<Prepared<DescribeEndpointResponse>, Refusal> {
    match input.endpoint_type {
        Some(unknown) if !ENDPOINT_TYPES.contains(&unknown.as_str()) => {
            let served = ENDPOINT_TYPES.join(", ");
            let problem = format!("'{unknown}' is not served; served are {served}");
            Err(Refusal::field("endpointType", problem))
        }
        _ => Ok(Prepared::read(DescribeEndpointResponse {
            endpoint_address: Some(control.settings.endpoint_host.clone()),
        })),
    }
}
