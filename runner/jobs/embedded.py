"""The embedded engine: scheduling, and processes of this machine. Both know nothing of each other; here they meet."""

from bep.runner.engine import Hosting
from bep.runner.folder import parts
from bep.runner.jobs.launching import launch
from bep.runner.processes.fleet import ProcessFleet
from bep.runner.scheduling.engine import EmbeddedEngine
from bep.runner.scheduling.supervision import Limits


def engine(hosting: Hosting) -> EmbeddedEngine:
    """Make one. Nothing is started yet."""
    settings = hosting.request.settings
    fleet = ProcessFleet(
        launch(hosting.request, hosting.folder), settings.workers, parts.next_number(hosting.folder.parts)
    )
    limits = Limits(settings.timeout, settings.init_timeout, settings.error_threshold, settings.worker_bytes)
    logs = hosting.folder.logs
    return EmbeddedEngine(fleet, logs, limits, settings.workers, report=hosting.report, cancel=hosting.cancel)
