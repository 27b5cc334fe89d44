"""How many tickets were sent to the right queue: python accuracy.py QUEUES, a file that a job has written."""

import csv
import sys
from pathlib import Path


def main(queues: Path) -> None:
    """Print the share of right rows; a ticket without a row counts as wrong."""
    with (Path(__file__).parent / "labels.csv").open(newline="") as file:
        truth = {row["file"]: row["queue"] for row in csv.DictReader(file)}
    rows = dict(line.split() for line in queues.read_text().splitlines())
    right = sum(rows.get(file) == queue for file, queue in truth.items())
    print(f"{right} of {len(truth)} right")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
