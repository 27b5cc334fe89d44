"""A workspace from Python: specs checked, plans made and applied, the state looked at and mended. Decides nothing.

Each call opens the workspace anew, so it sees the files and the state of its moment; nothing is held between calls.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import Event as Flag
from typing import TYPE_CHECKING, Any, Literal, Self

from bep.api.errors import Declined, public_errors
from bep.api.outcomes import Adopted, Freed, Imported
from bep.lazy_dataclasses import dataclass, field

if TYPE_CHECKING:
    from bep.api.access import Role, Tokens
    from bep.api.applying import Confirm
    from bep.api.environments import Environments
    from bep.api.jobs import Jobs
    from bep.api.outcomes import Applied
    from bep.api.schedules import Schedules
    from bep.api.state import State
    from bep.api.values import Check, Finding, Plan, TriedCase
    from bep.app.plans.events import Event as ApplyEvent
    from bep.app.workspace.opening import Opened


@dataclass(frozen=True)
class Workspace:
    """A folder with a bep.yml, in one of its stages and one world. Opened by `open`; a value without any resource of
    its own.
    """

    root: Path
    stage: str = ""
    vars: Mapping[str, str] = field(default_factory=dict)
    var_files: tuple[str, ...] = ()
    specs: tuple[str, ...] = ()
    provider: str = ""

    @classmethod
    def open(
        cls,
        path: str | Path = ".",
        *,
        stage: str = "",
        vars: Mapping[str, object] | None = None,
        var_files: Sequence[str | Path] = (),
        specs: Sequence[str | Path] = (),
        provider: str = "",
    ) -> Self:
        """The workspace of a folder. `stage`, `provider`, `vars` and `specs` are those of the command line's
        options.

        Reads bep.yml. Raises `NotFound` for a folder that is not there, `SpecsInvalid` where no stage can be told.
        """
        from bep.api.errors import NotFound

        root = Path(path).absolute()
        if not root.is_dir():
            raise NotFound(f"{root} is not a folder")
        texts = {name: value if isinstance(value, str) else _written(value) for name, value in (vars or {}).items()}
        found = cls(root, stage, texts, tuple(map(str, var_files)), tuple(map(str, specs)), provider)
        with public_errors():
            _ = found._opened().home
        return found

    def _opened(self, *, offline: bool = False, no_commands: bool = False, policies_from: str = "") -> "Opened":
        from bep.app.workspace.opening import Opened, Source

        told = Source(
            self.specs,
            self.vars,
            self.var_files,
            stage=self.stage,
            provider=self.provider,
            offline=offline,
            no_commands=no_commands,
            policies_from=policies_from,
        )
        return Opened(self.root, told)

    @property
    def jobs(self) -> "Jobs":
        """The jobs of this workspace."""
        from bep.api.jobs import Jobs

        return Jobs(self)

    @property
    def tokens(self) -> "Tokens":
        """Who may use the server of this workspace."""
        from bep.api.access import Tokens

        return Tokens(self)

    def application(self, url: str, *, names: Sequence[str] = (), behind_proxy: bool = False) -> Any:
        """The server of this workspace as an ASGI application, to be run by a server of yours, which has to support
        lifespan. `url` is where clients reach it; `names` are further hosts that it may be asked by, `*.NAME` for all
        below one; `behind_proxy` believes what X-Forwarded-For and X-Forwarded-Proto say.

        Needs the extra serve. Raises `Refused` for what is no URL of a server, or no name.
        """
        from bep.server.hosted import hosted
        from bep.server.site import Site, asked_names, asked_url

        with public_errors():
            opened = self._opened()
            address, named = asked_url(url), asked_names(names)
            return hosted(Site(opened.root, opened.source, address, names=named, is_behind_proxy=behind_proxy))

    def sign_in_link(self, role: "Role" = "admin") -> str:
        """A link that signs a browser in to the running server of this workspace: once, within a quarter of an hour.

        Raises `Refused` where no server runs.
        """
        from bep.app.access.on_this_machine import sign_in_link
        from bep.app.access.roles import Role as KnownRole

        with public_errors():
            return sign_in_link(self._opened(), KnownRole(role))

    @property
    def environments(self) -> "Environments":
        """The environments that are built on this machine."""
        from bep.api.environments import Environments

        return Environments(self)

    @property
    def schedules(self) -> "Schedules":
        """The schedules of this workspace."""
        from bep.api.schedules import Schedules

        return Schedules(self)

    def validate(self) -> "tuple[Finding, ...]":
        """Everything that is wrong or doubtful, errors and warnings. Raises nothing for what a user wrote."""
        from bep.api.values import Finding

        with public_errors():
            return tuple(map(Finding.of, self._opened().loaded.findings))

    def doctor(self) -> "tuple[Check, ...]":
        """Everything that may be in the way: this machine, the specs, the state, whoever signs in. All is looked at,
        whatever is broken, and nothing is raised for it.
        """
        from bep.api.values import Check
        from bep.app.upkeep.doctor import checks

        return tuple(map(Check.of, checks(self._opened())))

    def format(self, *, check: bool = False) -> tuple[str, ...]:
        """Lay the specs out in one way, or with `check` only look. Returns the paths of files that were not so."""
        from bep.app.specs.arranging import arrange, arrangements

        with public_errors():
            opened = self._opened()
            found = arrangements(opened, list(opened.source.paths))
            if not check:
                arrange(opened, found)
        return tuple(one.path for one in found)

    def plan(
        self,
        *,
        targets: Sequence[str] = (),
        excludes: Sequence[str] = (),
        replace: Sequence[str] = (),
        allow: Sequence[str] = (),
        refresh_only: bool = False,
        no_refresh: bool = False,
        destroy: bool = False,
        no_commands: bool = False,
        policies_from: str | Path | None = None,
        since: str | Path | None = None,
    ) -> "Plan":
        """What an apply would change. Begins the state where there is none and where it can be written, so that this
        very plan can be applied.

        The policies of the workspace, or of the one in `policies_from`, judge it: `Plan.policies` has what each says.
        With `no_commands` those that run something deny it. With `since`, the file of an earlier plan, the plan's JSON
        says what differs from that. Raises `SpecsInvalid` with every finding.
        """
        from bep.api.values import Plan
        from bep.app.plans.planning import Asked, plan_of
        from bep.app.workspace.specs import specs_of
        from bep.app.workspace.write_access import read_only

        kept = Path(since) if since is not None else None
        asked = Asked(targets, excludes, replace, allow, refresh_only, no_refresh, destroy, since=kept)
        with public_errors():
            opened = self._opened(no_commands=no_commands, policies_from=str(policies_from or ""))
            specs_of(opened)
            if not read_only(opened):
                opened.keep_state()
            return Plan(plan_of(opened, asked), _is_kept=True)

    def read_plan(self, path: str | Path) -> "Plan":
        """A plan that was kept for this stage. Raises `Conflict` for one that was altered or is of another."""
        from bep.api.values import Plan
        from bep.app.plans.applying import kept_plan_of

        with public_errors():
            return Plan(kept_plan_of(self._opened(), Path(path)), _is_kept=True)

    def apply(
        self,
        plan: "Plan | None" = None,
        *,
        confirm: "Confirm",
        on_event: "Callable[[ApplyEvent], None] | None" = None,
        stop: Flag | None = None,
        allow: Sequence[str] = (),
        jobs: Literal["", "drain", "cancel"] = "",
        parallelism: int = 10,
        lock_timeout: float = 0,
    ) -> "Applied":
        """Make the world what the plan says; without one, what the specs ask now.

        `confirm` is asked with the plan before anything is changed. `on_event` hears each step, in another thread.
        Once `stop` is set, what runs is finished and nothing more is started. `jobs` says what becomes of unfinished
        jobs of what is changed or deleted: they stand against the plan, are waited for, or are cancelled.
        What failed is in the result: `check()` raises for it. Raises `PlanBlocked`, `PlanDenied`, `Declined`,
        `Conflict`.
        """
        from bep.api.applying import Told, carried_out

        if plan is None:
            plan = self.plan(allow=(*allow, "delete-with-jobs") if jobs else allow)
        told = Told(confirm, on_event, stop, jobs, parallelism, lock_timeout, allow)
        return carried_out(self, plan, "apply", told)

    def destroy(
        self,
        *,
        confirm: "Confirm",
        targets: Sequence[str] = (),
        excludes: Sequence[str] = (),
        allow: Sequence[str] = (),
        on_event: "Callable[[ApplyEvent], None] | None" = None,
        stop: Flag | None = None,
        jobs: Literal["", "drain", "cancel"] = "",
        parallelism: int = 10,
        lock_timeout: float = 0,
    ) -> "Applied":
        """Delete every resource in the state, or the targets. Jobs and their outputs stay. Otherwise as `apply`."""
        from bep.api.applying import Told, carried_out

        settled = (*allow, "delete-with-jobs") if jobs else tuple(allow)
        plan = self.plan(targets=targets, excludes=excludes, allow=settled, destroy=True)
        told = Told(confirm, on_event, stop, jobs, parallelism, lock_timeout, allow)
        return carried_out(self, plan, "destroy", told)

    def rollback(
        self,
        path: str | Path | None = None,
        *,
        confirm: "Confirm",
        allow: Sequence[str] = (),
        on_event: "Callable[[ApplyEvent], None] | None" = None,
        stop: Flag | None = None,
        parallelism: int = 10,
        lock_timeout: float = 0,
    ) -> "Applied":
        """Take back the plan in a file, or the one last applied. The specs still ask for it: change them after.

        `confirm` gets the plan that takes it back; its `left` says what cannot be. Otherwise as `apply`.
        """
        from bep.api.applying import Told, carried_out
        from bep.api.errors import Refused
        from bep.api.values import Plan
        from bep.app.plans.rolling_back import plan_to_undo, rollback_of

        with public_errors():
            opened = self._opened()
            back = rollback_of(opened, plan_to_undo(opened, Path(path) if path else None), tuple(allow))
        left = tuple(f"{undo.address}: {undo.obstacle}" for undo in back.left)
        if not back.plan and not back.plan.blocking:
            raise Refused("nothing of it can be taken back")
        plan = Plan(back.plan, back.resources, left=left)
        told = Told(confirm, on_event, stop, "", parallelism, lock_timeout, allow)
        return carried_out(self, plan, "rollback", told)

    def show(self, address: str = "") -> Any:
        """A row a resource, and whether the world still agrees; or all of one. Plain values, as `-o json` has them."""
        from bep.app.workspace.showing import detail, overview

        with public_errors():
            return detail(self._opened(), address) if address else overview(self._opened())

    def outputs(self) -> Mapping[str, Any]:
        """The outputs that bep.yml declares, as the last apply left them; None where a resource is not there yet."""
        from bep.app.workspace.outputs import outputs
        from bep.app.workspace.specs import specs_of

        with public_errors():
            opened = self._opened()
            specs_of(opened)
            return outputs(opened)

    def graph(self, plan: "Plan | None" = None, *, language: Literal["dot", "mermaid"] = "dot") -> str:
        """The resources of the specs, or the changes of a plan, drawn: an arrow points at what is needed first."""
        from bep.app.plans.showing import drawn, nodes_of
        from bep.app.workspace.specs import specs_of

        with public_errors():
            what = plan._made if plan is not None else specs_of(self._opened()).resources
            return drawn(nodes_of(what), language)

    def export(
        self,
        language: str,
        job: str | Path | None = None,
        *,
        endpoint: str | None = None,
        deployment: str | None = None,
        input: str | None = None,
        beside: str | Path | None = None,
    ) -> str:
        """The specs as a template in a language that their world has, such as `arm`. Asks the world nothing.

        `azureml-parallel` has one job in it: a job file, or an endpoint, a deployment and an input, which go before
        what the file says. Its paths are as seen from the folder `beside`, the workspace's own where none is given.

        Raises `NotFound` for another language, `Refused` where the world has none, `SpecsInvalid` for what a template
        cannot say.
        """
        from bep.app.jobs.requests.loading import JobSource
        from bep.app.specs.exporting import JobWish, export

        changes = {"endpoint": endpoint, "deployment": deployment, "input": input}
        given = {name: value for name, value in changes.items() if value is not None}
        source = JobSource(str(job) if job is not None else None, given)
        with public_errors():
            opened = self._opened(offline=True)
            wish = JobWish(source, opened.root / (beside or "")) if job is not None or given else None
            return export(opened, language, wish).text

    def notify_drift(self, plan: "Plan") -> tuple[str, ...]:
        """Tell whom bep.yml names under notify.drift of the drift in a plan; why somebody was not told, where so."""
        from bep.app.plans.drift_notice import tell_of_drift

        with public_errors():
            return tell_of_drift(self._opened(), plan._made, str)

    def test_policies(self, *names: str, no_commands: bool = False) -> "tuple[TriedCase, ...]":
        """The cases of the policies, or of those that are named, each judged. Plans nothing and asks no world.

        Raises `SpecsInvalid`, `NotFound` for a name that no policy has.
        """
        from bep.api.values import TriedCase
        from bep.app.plans.policies.cases import try_cases

        with public_errors():
            trials = try_cases(self._opened(offline=True, no_commands=no_commands), names)
        return tuple(map(TriedCase.of, trials.cases))

    def stages(self) -> list[dict[str, Any]]:
        """A row a stage: its name, whether it is chosen, how many resources its state has."""
        from bep.app.workspace.stages import stages

        with public_errors():
            return stages(self._opened())

    def import_(self, *addresses: str, out: str | Path | None = None) -> Imported:
        """Look after objects that exist already. No object is changed.

        The YAML of what no spec declares is written to the new file `out`, before anything is taken into the state. A
        folder gets a file for each name, and bep.yml is told to list them.
        """
        from bep.api.importing import imported

        return imported(self, addresses, out)

    def import_all(self, *, kinds: Sequence[str] = (), out: str | Path | None = None) -> Imported:
        """The same for all that exists and is not in the state; what no spec declares only where `out` is given.

        Into a folder go endpoints, deployments and what they refer to, or all of the `kinds`.
        """
        from bep.api.importing import all_imported

        return all_imported(self, kinds, out)

    def adopt(self, *names: str, dry_run: bool = False) -> tuple[Adopted, ...]:
        """Write drift, of `ADDRESS` or `ADDRESS:FIELD`, into the specs, each value in its place."""
        from bep.app.plans.adopting_drift import adopt

        with public_errors():
            found = adopt(self._opened(), names, _nothing, dry_run=dry_run)
        return tuple(
            Adopted(one.address, one.path, one.asked, one.there, str(one.mark), one.left) for one in found.fields
        )

    def unreferenced(self) -> tuple[Freed, ...]:
        """What could be freed in the store and among downloads: nothing refers to it any more."""
        from bep.app.upkeep.collecting import unreferenced

        with public_errors():
            return tuple(Freed(one.what, one.place, one.size) for one in unreferenced(self._opened()).free)

    def free(self, *, confirm: Callable[[tuple[Freed, ...]], bool], lock_timeout: float = 0) -> tuple[Freed, ...]:
        """Free it, once `confirm` has been asked with it; what is gone. Raises `Declined`, `Conflict`."""
        from bep.app.upkeep.collecting import free, unreferenced

        with public_errors():
            opened = self._opened()
            found = unreferenced(opened).free
            if found and not confirm(tuple(Freed(one.what, one.place, one.size) for one in found)):
                raise Declined("it was not confirmed; nothing was freed")
            gone = free(opened, found, _nothing, lock_timeout) if found else []
        return tuple(Freed(one.what, one.place, one.size) for one in gone)

    @property
    def state(self) -> "State":
        """What bep last knew, to be looked at and mended."""
        from bep.api.state import State

        return State(self)

    def unlock(self, id: str) -> str:
        """Take away the lock of an apply that is known to be gone; who it was. Raises `Conflict`."""
        from bep.app.upkeep.state_editing import unlock

        with public_errors():
            return str(unlock(self._opened(), id))


def _written(value: object) -> str:
    """A variable's value as one would type it: true, 4, or as YAML of one line."""
    import json

    return json.dumps(value)


def _nothing(said: object) -> None:
    """Hears what a person would be told on the way."""
