"""Reads calls of boto3 from standard input and writes their results, one JSON object a line.

Each call has a thread of its own: a client may spend its time waiting between attempts.
"""

import json
import sys
import threading
from datetime import datetime

import boto3
import botocore
from botocore.config import Config
from botocore.exceptions import ClientError

clients = {}
making = threading.Lock()
writing = threading.Lock()

RETRIES = {
    "one": {"total_max_attempts": 1},
    "legacy": {"mode": "legacy"},
    "standard": {"mode": "standard"},
}


def client_of(request):
    keys = request["keys"] or {}
    key = json.dumps([request["service"], request["url"], request["retries"], keys])
    with making:
        if key not in clients:
            session = boto3.session.Session(
                aws_access_key_id=keys.get("accessKeyId"),
                aws_secret_access_key=keys.get("secretAccessKey"),
                aws_session_token=keys.get("sessionToken"),
                region_name=request["region"],
            )
            clients[key] = session.client(
                request["service"],
                endpoint_url=request["url"],
                config=Config(
                    connect_timeout=10,
                    read_timeout=30,
                    retries=RETRIES.get(request["retries"]),
                ),
            )
        return clients[key]


def error_of(error):
    details = {name: value for name, value in error.response.items() if name != "ResponseMetadata"}
    return {
        "name": type(error).__name__,
        "message": error.response["Error"].get("Message", ""),
        "details": {
            **details,
            "Status": error.response["ResponseMetadata"]["HTTPStatusCode"],
            "Operation": error.operation_name,
        },
    }


def call(request):
    try:
        method = getattr(client_of(request), botocore.xform_name(request["operation"]))
        value = method(**request["parameters"])
        value.pop("ResponseMetadata")
        return {"value": value}
    except ClientError as error:
        return {"error": error_of(error)}
    except Exception as error:  # Told to the test, whatever it is.
        return {"failure": repr(error)}


def plain(value):
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(type(value).__name__)


def answer(line):
    request = json.loads(line)
    text = json.dumps({"id": request["id"], **call(request)}, default=plain)
    with writing:
        print(text, flush=True)


for line in sys.stdin:
    threading.Thread(target=answer, args=(line,), daemon=True).start()
