"""How urgent each mail is: how many of the model's words are in it."""

import os
from pathlib import Path


def init():
    global words
    words = set(Path(os.environ["AZUREML_MODEL_DIR"], "model", "words.txt").read_text().split())


def run(mini_batch):
    return [f"{mail.name} {len(words & set(mail.read_text().lower().split()))}" for mail in map(Path, mini_batch)]
