"""A file of what each of 60 customers holds, the same on every computer."""

import random
from pathlib import Path

chance = random.Random(9)
folder = Path("portfolios")
folder.mkdir(exist_ok=True)
for customer in range(1, 61):
    held = {what: chance.randrange(0, 100_000, 500) for what in ("bonds", "shares", "metals")}
    rows = "".join(f"{what},{euros}\n" for what, euros in held.items())
    (folder / f"customer-{customer:03}.csv").write_text("what,euros\n" + rows)
print("60 files in portfolios/")
