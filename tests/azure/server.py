"""The double, started by hand: `python -m tests.azure.server PORT`, `--off NAME` for a habit it is not to have."""

import argparse
import sys
import threading

from tests.azure.double.behaviours import Behaviours
from tests.azure.double.serving import serving
from tests.azure.double.tokens import ARM, ML, token

NUMBERS = ("polls", "operation_seconds", "page_size", "latency", "unseen_references", "unseen_reads", "job_polls")


def main() -> None:
    """Serve until interrupted, and say how to reach it."""
    parser = argparse.ArgumentParser(prog="python -m tests.azure.server", description=(__doc__ or "").partition(":")[0])
    parser.add_argument("port", type=int, nargs="?", default=0)
    parser.add_argument("--off", action="append", default=[], choices=Behaviours.switches(), metavar="NAME")
    parser.add_argument("--only", action="append", default=[], choices=Behaviours.switches(), metavar="NAME")
    for name in NUMBERS:
        kind = type(getattr(Behaviours(), name))
        parser.add_argument("--" + name.replace("_", "-"), type=kind, default=getattr(Behaviours(), name))
    asked = parser.parse_args()
    behaviours = Behaviours.only(*asked.only) if asked.only else Behaviours()
    for name in asked.off:
        setattr(behaviours, name, False)
    for name in NUMBERS:
        setattr(behaviours, name, getattr(asked, name))
    with serving(behaviours, port=asked.port) as double:
        print(f"base_url: {double.base_url}\nworkspace: {double.workspace}\ntoken: {token(ARM, ML, expires_in=86400)}")
        sys.stdout.flush()
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
