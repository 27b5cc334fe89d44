"""How it stands with a server: whether it stops, whether there is work at once. Set by any thread, awaited by any."""

from threading import Event


class Life:
    """`stopping` is set when the server is asked to end: whoever sends a stream ends it then. `work` is set by whoever
    has ordered a job or changed a schedule, so that it is looked at now and not in a while."""

    def __init__(self) -> None:
        self.stopping = Event()
        self.work = Event()
