"""An AWS account in memory, by moto, and a client of it.

Serves the AWS API on 127.0.0.1 at the port of the first argument. Each line of standard input is a call as JSON: the service, the operation as
boto3 names it, and its parameters. Each line of standard output is its response, or an object with the key error. Ends with standard input.
"""

import json
import logging
import os
import sys

os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"  # which takes seconds

from unittest import mock

import boto3
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import utils
from moto.kms.responses import KmsResponse
from moto.kms.utils import ECDSAPrivateKey
from moto.server import ThreadedMotoServer

sign = KmsResponse.sign


def sign_message_or_digest(self):
    """moto takes each message of KMS for one that is to be hashed. AWS does not hash one with the type DIGEST."""
    if self._get_param("MessageType") != "DIGEST":
        return sign(self)
    digest = utils.Prehashed(hashes.SHA256())
    with mock.patch.object(ECDSAPrivateKey, "_ECDSAPrivateKey__hash_algorithm", lambda *_: digest):
        return sign(self)


KmsResponse.sign = sign_message_or_digest


def answer(call, clients={}):
    service, operation = call["service"], call["operation"]
    try:
        if service not in clients:
            clients[service] = boto3.client(service)
        response = getattr(clients[service], operation)(**call["parameters"])
        return {key: value for key, value in response.items() if key != "ResponseMetadata"}
    except Exception as error:
        return {"error": f"{service} {operation}: {error}"}


logging.getLogger("werkzeug").setLevel(logging.ERROR)
ThreadedMotoServer(ip_address="127.0.0.1", port=int(sys.argv[1]), verbose=False).start()
for line in sys.stdin:
    print(json.dumps(answer(json.loads(line)), default=str), flush=True)
