"""A process that looks after the queue of a workspace, to be killed: `python -m tests.faults.dispatcher FOLDER`."""

import sys
import time
from pathlib import Path

from bep.app.jobs.in_line.wanting import capacity_of
from bep.app.queue.dispatching import Dispatcher
from bep.app.workspace.opening import Opened, Source


def main() -> None:
    opened = Opened(Path(sys.argv[1]), Source())
    dispatcher = Dispatcher(opened.root, opened.home, lambda compute: capacity_of(opened, compute))
    print("ready", flush=True)
    while True:
        dispatcher.step()
        time.sleep(0.02)


if __name__ == "__main__":
    main()
