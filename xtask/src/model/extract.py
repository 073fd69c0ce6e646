"""Print the facts of AWS IoT's service model as JSON, one shape a line and none of its prose."""

import json
import sys

import botocore
import botocore.session

LOCATIONS = {"uri": "label", "querystring": "query", "header": "header", "headers": "headers",
             "statusCode": "status"}


def operation(raw):
    facts = {
        "method": raw["http"]["method"],
        "uri": raw["http"]["requestUri"],
        "status": raw["http"].get("responseCode", 200),
        "input": raw["input"]["shape"],
        "errors": sorted(e["shape"] for e in raw.get("errors", [])),
    }
    if "output" in raw:
        facts["output"] = raw["output"]["shape"]
    if raw.get("deprecated"):
        facts["deprecated"] = True
    return facts


def member(name, raw, required):
    facts = {"name": name, "shape": raw["shape"]}
    if "location" in raw:
        facts["in"] = LOCATIONS[raw["location"]]
    if raw.get("locationName", name) != name:
        facts["as"] = raw["locationName"]
    if name in required:
        facts["required"] = True
    if raw.get("idempotencyToken"):
        facts["token"] = True
    return facts


def shape(raw):
    facts = {"type": raw["type"]}
    for key in ("min", "max", "pattern", "enum", "sensitive", "payload"):
        if key in raw:
            facts[key] = raw[key]
    if "members" in raw:
        required = raw.get("required", [])
        facts["members"] = [member(n, m, required) for n, m in raw["members"].items()]
    for key in ("member", "key", "value"):
        if key in raw:
            facts[key] = raw[key]["shape"]
    if raw.get("exception"):
        facts["error"] = raw["error"]["httpStatusCode"]
    return facts


def table(name, rows):
    lines = (f"{json.dumps(k)}: {json.dumps(v, sort_keys=True)}" for k, v in sorted(rows.items()))
    return f"{json.dumps(name)}: {{\n" + ",\n".join(lines) + "\n}"


loader = botocore.session.get_session().get_component("data_loader")
raw = loader.load_service_model("iot", "service-2")
parts = [
    f'"api_version": {json.dumps(raw["metadata"]["apiVersion"])}',
    f'"botocore": {json.dumps(botocore.__version__)}',
    table("operations", {n: operation(o) for n, o in raw["operations"].items()}),
    table("shapes", {n: shape(s) for n, s in raw["shapes"].items()}),
    f'"signing_name": {json.dumps(raw["metadata"]["signingName"])}',
]
sys.stdout.write("{\n" + ",\n".join(parts) + "\n}\n")
