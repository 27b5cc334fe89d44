"""What each portfolio loses in ten days in the worst twentieth of two thousand futures; customers by a salted name."""

import csv
import hashlib
import hmac
import json
import os
import random
from pathlib import Path


def init():
    global market, salt
    market = json.loads(Path(os.environ["AZUREML_MODEL_DIR"], "model", "market.json").read_text())
    salt = os.environ["SALT"].encode()


def run(mini_batch):
    return [loss(Path(file)) for file in mini_batch]


def loss(file):
    customer = hmac.new(salt, file.stem.encode(), hashlib.sha256).hexdigest()[:8]
    with file.open() as stream:
        held = {row["what"]: float(row["euros"]) for row in csv.DictReader(stream)}
    chance = random.Random(file.stem)  # the same futures wherever and however often it is scored
    changes = sorted(change(held, chance) for _ in range(market["paths"]))
    worst = changes[round((1 - market["quantile"]) * market["paths"])]
    return f"{customer} {-worst:.0f}"


def change(held, chance):
    """What a portfolio gains in one future of so many days, in euros."""
    over_days = market["days"] ** 0.5
    return sum(euros * chance.gauss(0, market["volatility"][what] * over_days) for what, euros in held.items())
