"""How many of the predictions agree with labels.csv: python accuracy.py PREDICTIONS. Standard library only."""

import csv
import sys
from pathlib import Path


def main(predictions: str) -> None:
    """Print the share of held-out images whose digit was read rightly; an image without a row counts as wrong."""
    with Path(__file__).with_name("labels.csv").open(newline="") as file:
        truth = {row["file"]: row["digit"] for row in csv.DictReader(file)}
    rows = dict(line.split(": ") for line in Path(predictions).read_text().splitlines())
    right = sum(rows.get(file) == digit for file, digit in truth.items())
    print(f"{right} of {len(truth)} right ({right / len(truth):.1%})")


if __name__ == "__main__":
    main(sys.argv[1])
