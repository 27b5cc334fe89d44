"""A process that looks after the queue of the workspace that it is started in, to be killed."""

import time
from pathlib import Path

from bep.app.jobs.in_line.wanting import capacity_of
from bep.app.queue.dispatching import Dispatcher
from bep.app.workspace.opening import Opened, Source


def main() -> None:
    opened = Opened(Path.cwd(), Source())
    dispatcher = Dispatcher(opened.root, opened.home, lambda compute: capacity_of(opened, compute))
    print("ready", flush=True)
    while True:
        dispatcher.step()
        time.sleep(0.02)


if __name__ == "__main__":
    main()
