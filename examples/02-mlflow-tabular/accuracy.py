"""How many of the predictions agree with labels.csv: python accuracy.py [FILE], else the newest predictions.csv."""

import csv
import sys
from pathlib import Path

HERE = Path(__file__).parent
SCORED = ".bep/cloud/datastores/workspaceblobstore/azureml/*/score/predictions.csv"


def main(predictions: Path) -> None:
    """Print the share of held-out tumours told rightly; a tumour without a row counts as wrong."""
    with (HERE / "labels.csv").open(newline="") as file:
        truth = {(row["file"], row["row"]): row["diagnosis"] for row in csv.DictReader(file)}
    rows = (line.split() for line in predictions.read_text().splitlines())
    told = {(file, row): diagnosis for row, diagnosis, file in rows}
    right = sum(told.get(place) == diagnosis for place, diagnosis in truth.items())
    print(f"{right} of {len(truth)} right ({right / len(truth):.1%})")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else max(HERE.glob(SCORED), key=lambda file: file.stat().st_mtime))
