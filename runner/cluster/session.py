"""What one session of a driver is: values, and what agents are told first. Knows no node; does nothing."""

from bep.lazy_dataclasses import dataclass, field
from bep.runner.cluster import lines
from bep.runner.cluster.dispatching import Progress, Rules
from bep.runner.cluster.journal import Committed
from bep.runner.cluster.orders import Order
from bep.runner.cluster.placing import Wanted
from bep.runner.cluster.telling import Driving
from bep.runner.folder.record import JobError
from bep.runner.shares.share import Share


@dataclass(frozen=True, slots=True)
class Halt:
    """The session is to stop: somebody wants that (no error), or why it must. It may write nothing more where another
    has the job."""

    error: JobError | None = None
    is_superseded: bool = False


@dataclass(frozen=True, slots=True)
class Session:
    """Session `name` of an order: `share_text` is how agents open the share, `values` are those of secret variables,
    which are told to agents and to nobody else."""

    share: Share
    share_text: str
    order: Order
    name: str
    host: str
    process: int
    values: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def job(self) -> str:
        """The job's folder in the share."""
        return self.order.prepared.name

    @property
    def rules(self) -> Rules:
        """What the dispatcher goes by."""
        cluster, settings = self.order.cluster, self.order.prepared.settings
        return Rules(cluster.node_timeout, cluster.start_timeout, settings.error_threshold, settings.max_retries)

    def wanted(self, calls: int) -> Wanted:
        """How many agents there are to be, where so many calls are left."""
        cluster = self.order.cluster
        most = min(self.order.prepared.settings.instance_count, cluster.max_instances, max(1, calls))
        return Wanted(most, self.name, cluster.node_timeout, cluster.start_timeout)

    @property
    def capped(self) -> str:
        """What a user is told where more nodes are asked for than the compute has; empty elsewhere."""
        asked, most = self.order.prepared.settings.instance_count, self.order.cluster.max_instances
        return f"{asked} nodes are asked for, and the compute has at most {most}" if asked > most else ""

    def begin(self, agent: str, cpus: float) -> lines.Begin:
        """The first line to an agent, on a node that has so many CPUs."""
        cluster = self.order.cluster
        return lines.Begin(
            share=self.share_text,
            job=self.job,
            order=self.order.number,
            session=self.name,
            node=agent,
            node_timeout=cluster.node_timeout,
            values=self.values,
            cores=cluster.cpus_per_instance or cpus,
            memory=int(cluster.resources.get("memory", 0)),
        )

    def says(self) -> Driving:
        """What it tells first."""
        return Driving(job=self.job, order=self.order.number, session=self.name, host=self.host, process=self.process)

    def progress(self, before: Committed) -> Progress:
        """What earlier sessions of the order have done. What they gave up has failed."""
        calls = self.order.calls
        given_up = sum(calls.items_of(one.batch) for one in before.given_up)
        return Progress(
            settled=sum(one.end - one.first for one in before.counted),
            given_up=len(before.given_up),
            scored=sum(one.scored for one in before.counted),
            failed=self.order.failed_before + sum(one.failed for one in before.counted) + given_up,
        )
