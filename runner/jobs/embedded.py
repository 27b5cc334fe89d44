"""The embedded engine: scheduling, and processes of this machine. Both know nothing of each other; here they meet."""

from bep.lazy_dataclasses import replace
from bep.runner.engine import Hosting
from bep.runner.folder import parts
from bep.runner.jobs.launching import NODES, launch
from bep.runner.processes.fleet import Launch, ProcessFleet
from bep.runner.scheduling.engine import EmbeddedEngine
from bep.runner.scheduling.supervision import Limits

ROLL = 64 << 20
"""Bytes of rows after which a worker of one machine among several begins another part: what is published goes."""


def engine(hosting: Hosting) -> EmbeddedEngine:
    """Make one. Nothing is started yet."""
    return _engine(hosting, launch(hosting.request, hosting.folder), hosting.request.settings.error_threshold)


def engine_of_many(hosting: Hosting, node: str, ahead: int, nodes: int, oom_score: int | None = None) -> EmbeddedEngine:
    """The same of one machine of several that score a job, `node` being its name there: whoever gives it work judges
    what fails. So many mini-batches of the job are `ahead` of the first in its manifest. Scripts are told of so many
    `nodes`, as in a run of the whole job. `oom_score` is as in `Launch`.
    """
    launched = launch(hosting.request, hosting.folder)
    one_of_many = replace(
        launched,
        setup={**launched.setup, "ahead": ahead},
        environment={**launched.environment, NODES: str(nodes)},
        node=node,
        roll=ROLL,
        oom_score=oom_score,
    )
    return _engine(hosting, one_of_many, error_threshold=-1)


def _engine(hosting: Hosting, launched: Launch, error_threshold: int) -> EmbeddedEngine:
    settings = hosting.request.settings
    fleet = ProcessFleet(launched, settings.workers, parts.next_number(hosting.folder.parts))
    limits = Limits(settings.timeout, settings.init_timeout, error_threshold, settings.worker_bytes)
    logs = hosting.folder.logs
    return EmbeddedEngine(fleet, logs, limits, settings.workers, report=hosting.report, cancel=hosting.cancel)
