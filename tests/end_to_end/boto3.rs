//! boto3: AWS's Python SDK, with its paginators and its error classes.

use crate::start;
use crate::tools::python_tool;

const SCRIPT: &str = r#"
import boto3, os, datetime
iot = boto3.client("iot", endpoint_url=os.environ["ENDPOINT"])
for number in range(12):
    iot.create_thing(thingName=f"thing-{number:02}", attributePayload={"attributes": {"n": "1"}})
pages = iot.get_paginator("list_things").paginate(PaginationConfig={"PageSize": 5})
names = [thing["thingName"] for page in pages for thing in page["things"]]
assert names == [f"thing-{number:02}" for number in range(12)], names
try:
    iot.describe_security_profile(securityProfileName="nowhere")
    raise SystemExit("a profile that is not there was described")
except iot.exceptions.ResourceNotFoundException as error:
    assert "nowhere" in str(error), error
try:
    iot.create_security_profile(securityProfileName="p", behaviors=[{
        "name": "b", "metric": "aws:all-bytes-out",
        "criteria": {"comparisonOperator": "less-than", "value": {"count": 1}}}])
    raise SystemExit("a sum without durationSeconds was accepted")
except iot.exceptions.InvalidRequestException as error:
    assert "durationSeconds" in str(error), error
made = iot.create_keys_and_certificate(setAsActive=True)
assert made["keyPair"]["PrivateKey"].startswith("-----BEGIN RSA PRIVATE KEY-----")
iot.update_certificate(certificateId=made["certificateId"], newStatus="INACTIVE")
group = iot.create_thing_group(thingGroupName="lights")
iot.add_thing_to_thing_group(thingGroupName="lights", thingName="thing-01")
iot.create_security_profile(securityProfileName="p")
iot.attach_security_profile(
    securityProfileName="p", securityProfileTargetArn=group["thingGroupArn"])
mapped = iot.list_security_profiles_for_target(securityProfileTargetArn=group["thingGroupArn"])
found = mapped["securityProfileTargetMappings"][0]["securityProfileIdentifier"]["name"]
assert found == "p", mapped
iot.create_thing_group(thingGroupName="hall-lights", parentGroupName="lights")
try:
    iot.delete_thing_group(thingGroupName="lights")
    raise SystemExit("a group with a child was deleted")
except iot.exceptions.InvalidRequestException as error:
    assert "child groups" in str(error), error
iot.delete_thing_group(thingGroupName="hall-lights", expectedVersion=1)
iot.remove_thing_from_thing_group(thingGroupName="lights", thingName="thing-01")
iot.add_thing_to_thing_group(thingGroupName="lights", thingName="thing-02")
iot.attach_thing_principal(thingName="thing-02", principal=made["certificateArn"])
try:
    iot.delete_thing(thingName="thing-02")
    raise SystemExit("a thing with a certificate was deleted")
except iot.exceptions.InvalidRequestException as error:
    assert "still attached to one or more principals" in str(error), error
try:
    iot.delete_thing(thingName="thing-01", expectedVersion=7)
    raise SystemExit("a thing of another version was deleted")
except iot.exceptions.VersionConflictException as error:
    assert "thing-01" in str(error), error
iot.delete_thing(thingName="thing-01")
try:
    iot.describe_thing(thingName="thing-01")
    raise SystemExit("a deleted thing was described")
except iot.exceptions.ResourceNotFoundException as error:
    assert "thing-01" in str(error), error
iot.delete_thing_group(thingGroupName="lights")
targets = iot.list_targets_for_security_profile(securityProfileName="p")
assert targets["securityProfileTargets"] == [], targets
profile = iot.describe_security_profile(securityProfileName="p")
assert isinstance(profile["creationDate"], datetime.datetime), profile
day = datetime.timedelta(days=1)
now = datetime.datetime.now(datetime.timezone.utc)
events = iot.list_violation_events(startTime=now - day, endTime=now + day)
assert events["violationEvents"] == [], events
dimension = iot.create_dimension(
    name="d", type="TOPIC_FILTER", stringValues=["a/#"], tags=[{"Key": "k", "Value": "1"}])
changed = iot.update_dimension(name="d", stringValues=["b/+"])
assert changed["stringValues"] == ["b/+"] and changed["type"] == "TOPIC_FILTER", changed
assert changed["lastModifiedDate"] >= changed["creationDate"], changed
iot.tag_resource(resourceArn=dimension["arn"], tags=[{"Key": "room", "Value": "hall"}])
iot.untag_resource(resourceArn=dimension["arn"], tagKeys=["k"])
tags = iot.list_tags_for_resource(resourceArn=dimension["arn"])["tags"]
assert tags == [{"Key": "room", "Value": "hall"}], tags
for number in range(12):
    iot.create_custom_metric(metricName=f"metric-{number:02}", metricType="number-list")
pages = iot.get_paginator("list_custom_metrics").paginate(PaginationConfig={"PageSize": 5})
names = [name for page in pages for name in page["metricNames"]]
assert names == [f"metric-{number:02}" for number in range(12)], names
iot.update_custom_metric(metricName="metric-01", displayName="One")
metric = iot.describe_custom_metric(metricName="metric-01")
assert (metric["displayName"], metric["metricType"]) == ("One", "number-list"), metric
try:
    iot.create_custom_metric(metricName="metric-01", metricType="number")
    raise SystemExit("a custom metric was created twice")
except iot.exceptions.ResourceAlreadyExistsException as error:
    assert "metric-01" in str(error), error
checked = iot.validate_security_profile_behaviors(behaviors=[{
    "name": "b", "metric": "metric-01",
    "criteria": {"comparisonOperator": "in-set", "value": {"strings": ["a"]}}}])
assert not checked["valid"] and "numbers" in str(checked["validationErrors"]), checked
try:
    iot.put_verification_state_on_violation(
        violationId="nothing", verificationState="FALSE_POSITIVE")
    raise SystemExit("a violation that is not there was verified")
except iot.exceptions.InvalidRequestException as error:
    assert "nothing" in str(error), error
print("all well")
"#;

#[test]
fn boto3_pages_types_and_errors_are_as_with_aws() {
    let stack = start();
    let output = python_tool(&stack, "python")
        .env("ENDPOINT", stack.endpoint())
        .args(["-c", SCRIPT])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("all well"), "{}", String::from_utf8_lossy(&output.stderr));
}
