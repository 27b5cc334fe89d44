"""A day of temperatures in a file for each machine of a factory: 8 machines, 12 days, the same on every computer."""

import random
from pathlib import Path

MACHINES, DAYS, HOURS = 8, 12, 24

chance = random.Random(8)
for machine in range(1, MACHINES + 1):
    folder = Path("readings", f"press-{machine:02}")
    folder.mkdir(parents=True, exist_ok=True)
    for day in range(1, DAYS + 1):
        rows = [f"{hour},{chance.gauss(46, 6 + machine):.1f}\n" for hour in range(HOURS)]
        (folder / f"2026-11-{day:02}.csv").write_text("hour,celsius\n" + "".join(rows))
print(f"{MACHINES * DAYS} files in readings/")
