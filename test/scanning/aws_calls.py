"""Checks calls of the AWS API, without AWS. Reads {plan: [call]} from standard input and writes a list of findings.

Each call is checked with the models of botocore, which describe all parameters. Those of plans that are arguments are sent to moto,
an imitation of AWS.
"""

import functools
import json
import os
import sys

import boto3
import regex
from botocore.config import Config
from botocore.validate import ParamValidator
from moto import mock_aws

# No call may reach a network: what moto does not catch ends at a closed port. moto gets what botocore would reject, too.
OFFLINE = Config(parameter_validation=False, retries={"max_attempts": 0}, proxies={"https": "http://127.0.0.1:1"})
CREDENTIALS = {"aws_access_key_id": "id", "aws_secret_access_key": "secret"}

# moto knows the policies that AWS manages, but needs no machine images, which take seconds. With new sessions it would read all models again.
MOCK = {"iam": {"load_aws_managed_policies": True}, "core": {"reset_boto3_session": False}}
os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"


@functools.cache
def client_of(service):
    return boto3.client(service, region_name="eu-central-1", config=OFFLINE, **CREDENTIALS)


class Missing(Exception):
    """The resource of an earlier call, which failed."""


def filled(value, responses):
    """Parameters with values of earlier responses. Without responses, with the values of the tests."""
    if isinstance(value, list):
        return [filled(item, responses) for item in value]
    if not isinstance(value, dict):
        return value
    if "$resource" not in value:
        return {key: filled(item, responses) for key, item in value.items()}
    if responses is None:
        return value["value"]
    if value["$resource"] not in responses:
        raise Missing(value["$resource"])
    found = responses[value["$resource"]]
    for key in value["path"].split("."):
        found = found[key]
    return found


def wrong_values(value, shape, path=""):
    """What botocore leaves to AWS: enumerations, patterns and maxima."""
    kind = shape.type_name
    if kind == "structure" and isinstance(value, dict):
        for name in value.keys() & shape.members.keys():
            yield from wrong_values(value[name], shape.members[name], f"{path}.{name}" if path else name)
    elif kind == "list" and isinstance(value, list):
        for i, item in enumerate(value):
            yield from wrong_values(item, shape.member, f"{path}[{i}]")
    elif kind == "map" and isinstance(value, dict):
        for key, item in value.items():
            yield from wrong_values(key, shape.key, f"{path} (key)")
            yield from wrong_values(item, shape.value, f"{path}.{key}")
    rules = shape.metadata
    if "enum" in rules and value not in rules["enum"]:
        yield f"Invalid value for parameter {path}, value: {value}, valid values: {', '.join(rules['enum'])}"
    if "pattern" in rules and isinstance(value, str) and not regex.fullmatch(rules["pattern"], value):
        yield f"Invalid value for parameter {path}, value: {value}, valid pattern: {rules['pattern']}"
    size = value if type(value) in (int, float) else len(value) if isinstance(value, (str, list, dict)) else 0
    if "max" in rules and size > rules["max"]:
        yield f"Invalid size of parameter {path}, size: {size}, valid max: {rules['max']}"


def model_findings(call):
    shape = client_of(call["service"]).meta.service_model.operation_model(call["operation"]).input_shape
    parameters = filled(call["parameters"], None)
    report = ParamValidator().validate(parameters, shape).generate_report()
    return [*report.splitlines(), *wrong_values(parameters, shape)]


def mock_findings(call, responses):
    client = client_of(call["service"])
    methods = {operation: method for method, operation in client.meta.method_to_api_mapping.items()}
    try:
        response = getattr(client, methods[call["operation"]])(**filled(call["parameters"], responses))
    except Missing as missing:
        return [f"{missing} was not created"]
    except Exception as error:  # moto raises anything for what it does not expect
        return [f"{type(error).__name__}: {error}"]
    responses.setdefault(call["resource"], response)
    return []


def main():
    plans = json.load(sys.stdin)
    findings = []
    with mock_aws(config=MOCK):
        for number, (plan, calls) in enumerate(plans.items()):
            os.environ["MOTO_ACCOUNT_ID"] = f"{number:012}"  # an empty account
            responses = {}
            for call in calls:
                found = {"model": model_findings(call)}
                if plan in sys.argv[1:]:
                    found["mock"] = mock_findings(call, responses)
                at = {key: call[key] for key in ("resource", "service", "operation")}
                findings += [{"plan": plan, **at, "by": by, "message": text} for by in found for text in found[by]]
    json.dump(findings, sys.stdout)


main()
