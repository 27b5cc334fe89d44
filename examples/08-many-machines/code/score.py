"""How often a machine was too cold or too hot that day; who has not got the salt cannot tell which machine it was."""

import csv
import hashlib
import hmac
import json
import os
from pathlib import Path


def init():
    global limits, salt
    limits = json.loads(Path(os.environ["AZUREML_MODEL_DIR"], "model", "limits.json").read_text())
    salt = os.environ["SALT"].encode()


def run(mini_batch):
    return [alarms(Path(file)) for file in mini_batch]


def alarms(file):
    machine = hmac.new(salt, file.parent.name.encode(), hashlib.sha256).hexdigest()[:8]
    with file.open() as stream:
        readings = [float(row["celsius"]) for row in csv.DictReader(stream)]
    outside = sum(not limits["low"] <= celsius <= limits["high"] for celsius in readings)
    return f"{machine} {file.stem} {outside}"
