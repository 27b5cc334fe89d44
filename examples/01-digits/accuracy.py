"""How many of the predictions agree with labels.csv: python accuracy.py [PREDICTIONS], else the newest digits.csv."""

import csv
import sys
from pathlib import Path

HERE = Path(__file__).parent
SCORED = ".bep/cloud/datastores/workspaceblobstore/azureml/*/score/digits.csv"


def main(predictions: Path) -> None:
    """Print the share of held-out images whose digit was read rightly; an image without a row counts as wrong."""
    with (HERE / "labels.csv").open(newline="") as file:
        truth = {row["file"]: row["digit"] for row in csv.DictReader(file)}
    rows = dict(line.split(": ") for line in predictions.read_text().splitlines())
    right = sum(rows.get(file) == digit for file, digit in truth.items())
    print(f"{right} of {len(truth)} right ({right / len(truth):.1%})")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else max(HERE.glob(SCORED), key=lambda file: file.stat().st_mtime))
