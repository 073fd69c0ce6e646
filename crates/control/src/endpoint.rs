//! Where devices connect to.

use fleetward_wire::ApiError;
use fleetward_wire::types::{DescribeEndpointRequest, DescribeEndpointResponse};

use crate::control::Control;

/// The types that are served. The service model also knows `iot:CredentialProvider` and
/// `iot:Jobs`: nothing answers those here, so a host for them would be a made-up success.
const ENDPOINT_TYPES: [&str; 2] = ["iot:Data", "iot:Data-ATS"];

impl Control {
    /// A bare host, the same for each type: clients add scheme and port.
    pub(crate) async fn describe_endpoint(
        &self,
        input: DescribeEndpointRequest,
    ) -> Result<DescribeEndpointResponse, ApiError> {
        match input.endpoint_type {
            Some(unknown) if !ENDPOINT_TYPES.contains(&unknown.as_str()) => {
                Err(ApiError::invalid_request(format!(
                    "endpointType: '{unknown}' is not served; served are {}.",
                    ENDPOINT_TYPES.join(", ")
                )))
            }
            _ => Ok(DescribeEndpointResponse {
                endpoint_address: Some(self.settings.endpoint_host.clone()),
            }),
        }
    }
}
