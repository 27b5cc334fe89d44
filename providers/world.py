"""World: what the rest of bep needs of a place where resources live, whole. Types and values only; knows no place.

Names are data: nothing outside this room says which world it works with, see `worlds`. What a world does not have
(bytes that it gives back, environments built here, scoring on this machine) is None, and whoever needs it says so.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from bep.disk.copying import Original
from bep.lazy_dataclasses import dataclass, field
from bep.planner.observed import Observed
from bep.planner.state import ContentRecord
from bep.providers.protocol import Provider, Reader
from bep.schemas.address import Address

if TYPE_CHECKING:
    from bep.providers.check import Probe
    from bep.providers.cloud_jobs import CloudJobs
    from bep.schemas.job.job import JobSpec
    from bep.schemas.resource import FieldPath, Resource
    from bep.schemas.specs.script_grammar import Parsed

Report = Callable[[str], None]
Exporter = Callable[["Sequence[Resource]"], "Exported"]
"""Makes a text of the resources of the specs. Asks nobody."""
JobExporter = Callable[["Sequence[Resource]", "JobSpec", Callable[[str], str]], "Exported"]
"""Makes a text of a job, and of what it scores with in the specs. The last one gives a path, which is as seen from the
workspace, as the reader of the text has to write it. Asks nobody."""


@dataclass(frozen=True, slots=True)
class Setup:
    """What a world is opened with.

    `root` is the workspace's folder, `home` the one of what is bep's in it; `settings` are what bep.yml says of this
    world. `secret_key` keys the digests that stand for secrets: empty for one that is only to be looked at.
    `answers` is what another world of this process was told: whoever takes an answer takes it out.
    `clock` gives the moment as the formats write it, `environment` is the process's. `conda_names` are what the file
    of names says. `fetch` brings what is stored at an address here, and raises `ProviderError`.
    """

    root: Path
    home: Path
    settings: Mapping[str, Any]
    secret_key: str
    clock: Callable[[], str]
    environment: Mapping[str, str]
    conda_names: Mapping[str, str | None]
    fetch: Callable[[str], Path]
    answers: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unfit:
    """Something of a spec that cannot be had in a world: of which resource (none: the world itself), at which field.

    What is no error is only not as it is asked for: it is said, and the rest is done.
    """

    code: str
    address: str
    path: "FieldPath"
    message: str
    fix: str
    is_error: bool = True


@dataclass(frozen=True, slots=True)
class Coming:
    """What a plan will make or change: what is to be there, and the attributes of what is (None: nothing)."""

    resource: "Resource"
    there: Mapping[str, Any] | None


Preflight = Callable[[Sequence[Coming]], Iterator[Unfit]]
"""Asks the world what would keep it from doing what is coming."""


@dataclass(frozen=True, slots=True)
class Exported:
    """The specs as a text that somebody else can deploy, and what of them it cannot say: with an error among that, the
    text is not to be handed over.
    """

    text: str
    unfit: tuple[Unfit, ...] = ()


@dataclass(frozen=True, slots=True)
class Kept:
    """A data asset whose files are stored in the world: whoever reads them gets copies."""

    address: Address
    attributes: Mapping[str, Any]
    record: ContentRecord

    @property
    def file(self) -> str:
        """The name of its one file; empty for a folder."""
        return next(iter(self.record.files)) if self.attributes.get("type") == "uri_file" else ""


@dataclass(frozen=True, slots=True)
class Unreferenced:
    """Something stored that nothing refers to: what it is, where, and its size in bytes."""

    what: str
    place: Path
    size: int


@dataclass(frozen=True, slots=True)
class Chosen:
    """A deployment that exists, and what it consists of: the cheap half, enough to refuse a job early."""

    endpoint: str
    deployment: str
    address: Address
    observed: Observed
    model: Observed
    environment: Observed | None
    digest: str

    @property
    def is_mlflow(self) -> bool:
        """Whether the model scores by itself: MLflow's, without code."""
        return self.model.attributes.get("type") == "mlflow_model" and not self.observed.attributes.get(
            "code_configuration"
        )


@dataclass(frozen=True, slots=True)
class ScoredWith:
    """What a job scores with; the faces make the runner's target of it.

    `model_directory` contains the model's own folder or file; it and `code_directory` are the user's own folders, or
    None where `stored` has the files, under "model" and "code", that a job gets copies of. `settings` has the field
    names of the runner's Settings, only those the deployment has. `sealed_variables` are environment variables whose
    values this world does not keep: the caller takes them from the specs. `warnings` are for the user to read.
    """

    endpoint: str
    deployment: str
    deployment_digest: str
    model: str
    model_directory: Path | None
    code_directory: Path | None
    code_name: str
    stored: Mapping[str, Mapping[str, Original]]
    scoring_script: str | None
    interpreter: tuple[str, ...]
    environment: str
    environment_variables: Mapping[str, str]
    sealed_variables: tuple[str, ...]
    settings: Mapping[str, Any]
    is_mlflow: bool
    compute: Mapping[str, Any]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Portable:
    """What a job scores with that other machines score: nothing is built for it here.

    `scored` has no interpreter and no folders: `model` are the files below AZUREML_MODEL_DIR and `code` those of the
    scoring script, None where there is none, by their relative names. `asks` is the JSON document from which
    `worlds.environment_from` builds the environment elsewhere, None where nothing is asked for; `files` are those that
    it names.
    """

    scored: ScoredWith
    model: Mapping[str, Original]
    code: Mapping[str, Original] | None
    asks: Mapping[str, Any] | None
    files: Mapping[str, Original]


@dataclass(frozen=True, slots=True)
class Built:
    """A usable environment: `python` is its interpreter's path, `version` that Python's version.

    `asked` is the version of Python that was asked for, as it was written, nothing where any would do.
    `builder` is pip or the name of the program of conda's that made it; `variables` are those that activating it sets.
    """

    digest: str
    label: str
    python: str
    version: str
    requirements: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    log: str = ""
    builder: str = "pip"
    variables: Mapping[str, str] = field(default_factory=dict)
    asked: str = ""

    @property
    def folder(self) -> Path:
        """Where it was built."""
        return Path(self.python).parent.parent


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a deployment will be scored in: the interpreter at `python` (empty where it is not known before).

    `digest` is empty for the user's own interpreter, where nothing is built; `built` is None for what would be built.
    """

    label: str
    python: str
    digest: str = ""
    version: str = ""
    builder: str = ""
    requirements: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    built: Built | None = None

    @property
    def is_own(self) -> bool:
        """Whether it is the user's own interpreter, because nothing is asked for."""
        return not self.digest


class Copies(Protocol):
    """Bytes that registered objects consist of, to be copied out of the world."""

    def lay_out(self, address: str, record: ContentRecord, folder: Path) -> None:
        """Fill a folder with copies. Raises `ProviderError` for lost bytes, and for bytes that are other ones."""
        ...


class Contents(Copies, Protocol):
    """Bytes that the world keeps under their sha256 and gives back. `files` is the folder with all of them."""

    files: Path

    def originals(self, address: str, record: ContentRecord) -> Mapping[str, Original]:
        """Where the bytes of each file are, by its relative name. Raises `ProviderError` for lost ones."""
        ...

    def tree(self, address: str, record: ContentRecord) -> Path:
        """The folder that an earlier bep gave to jobs, laid out anew where it is not. Raises `ProviderError`."""
        ...

    def tree_of(self, record: ContentRecord) -> Path:
        """Where an earlier bep laid a content out."""
        ...

    def is_sound(self, sha256: str) -> bool:
        """Whether the bytes stored under a digest are there and have it. They are read for that."""
        ...

    def is_kept(self, sha256: str) -> bool:
        """Whether bytes are stored under a digest and nothing shows that they are others; read only where in doubt."""
        ...

    def stored(self) -> Iterable[tuple[str, Path]]:
        """Every stored file, by the digest that it is stored under."""
        ...

    def place(self, sha256: str) -> Path:
        """Where the bytes of a digest are stored, or would be."""
        ...

    def copy_in(self, origin: Path, sha256: str, refusal: Exception) -> None:
        """Store a file's bytes under their digest. Raises `refusal` if they have another."""
        ...

    def in_use(self) -> AbstractContextManager[Callable[[], None]]:
        """Keep others from freeing what is stored, until the end or until the function that it gives is called."""
        ...

    def workspaces(self) -> Sequence[Path]:
        """The folders of the workspaces that have had stored bytes in use, this one among them, and that are there."""
        ...

    def alone(self, patience: float) -> AbstractContextManager[bool]:
        """Whether nobody is about to refer to stored bytes, asked for `patience` seconds; none begins to meanwhile."""
        ...

    def unreferenced(self, digests: Collection[str]) -> Iterator[Unreferenced]:
        """What is stored but for the files of these digests."""
        ...

    def free(self, one: Unreferenced) -> None:
        """Remove it. Raises `OSError`."""
        ...


class Places(Protocol):
    """Where data lies, by the names that specs and jobs give it. All raise `ProviderError` for what is not there."""

    def resolve(self, uri: str) -> Path | str | Kept:
        """The path here, the address elsewhere, or the stored files of an asset."""
        ...

    def resolve_output(self, uri: str) -> Path | str:
        """Where results go. A data asset is refused: it is read only."""
        ...

    def glimpse(self, uri: str) -> int | Path | str:
        """How many files a registered asset has, else as `resolve`. Nothing is laid out or fetched."""
        ...

    def is_folder(self, uri: str) -> bool | None:
        """Whether it is a folder, as far as that is known without asking another place."""
        ...


class Scoring(Protocol):
    """What jobs that run on this machine ask of the world. All raise `ProviderError` with the nearest names."""

    def choose(self, endpoint: str, deployment: str | None = None) -> Chosen:
        """The deployment of this name, else the one with the traffic. Builds nothing."""
        ...

    def resolve(self, endpoint: str, deployment: str | None = None, report: Report = ...) -> ScoredWith:
        """Everything a job needs; an environment that is not there yet is built, with lines to `report`."""
        ...

    def portable(self, endpoint: str, deployment: str | None = None) -> Portable:
        """Everything that another machine needs to score with a deployment. Builds nothing."""
        ...

    def bounds_of(self, chosen: Chosen) -> tuple[tuple[int, str], ...]:
        """The most instances that a job of a deployment may take, each with whose field says so."""
        ...

    def hold(self, interpreter: str) -> None:
        """Keep the environment of an interpreter from being removed while this process runs."""
        ...


class Environments(Protocol):
    """The environments that deployments are scored in, where they are built on this machine."""

    def show(self, live: Report | None) -> None:
        """Let what a builder draws while it works be drawn by `live`; None where nobody looks."""
        ...

    def own(self) -> str:
        """The user's own interpreter, for what asks for nothing."""
        ...

    def outlook(self, chosen: Chosen) -> Outlook:
        """What a deployment will be scored in. Builds nothing; raises as building would."""
        ...

    def build(self, address: Address, report: Report) -> Built | str:
        """Build an applied environment; one that asks for nothing gives its label. Raises `ProviderError`."""
        ...

    def build_for(self, chosen: Chosen, report: Report) -> Built | str:
        """Build what a deployment is scored in; the label where that asks for nothing. Raises `ProviderError`."""
        ...

    def list(self) -> tuple[Built, ...]:
        """All that are built."""
        ...

    def remove(self, digests: Collection[str], keep: Collection[str]) -> tuple[str, ...]:
        """Remove these, but for those kept and those in use; the digests that are gone."""
        ...

    def last_used(self, built: Built) -> datetime | None:
        """When somebody last used it, if anybody did."""
        ...

    def workspaces(self, built: Built) -> tuple[str, ...]:
        """The folders of the workspaces that have used it and are still there."""
        ...

    def unbuildable(
        self, attributes: Mapping[str, Any], files: Mapping[str, str]
    ) -> "Iterator[tuple[FieldPath, str, str]]":
        """What of a spec's environment cannot be had here: where it stands, what is wrong, how to mend it."""
        ...

    def parse(self, asked: str, source: bytes) -> "Parsed | None":
        """What the Python of a version or range says of a script; None where none is on this machine."""
        ...


class ReadWorld(Protocol):
    """A world as one who changes none of its objects has it."""

    @property
    def name(self) -> str:
        """What bep.yml calls it."""
        ...

    @property
    def objects(self) -> Reader:
        """What is there."""
        ...

    @property
    def contents(self) -> Contents | None:
        """The store of the bytes of registered objects; None where that is not on this machine."""
        ...

    @property
    def copies(self) -> Copies | None:
        """Copies of the bytes of registered objects; None where the world does not give them back."""
        ...

    @property
    def places(self) -> Places | None:
        """Where data lies; None where nothing on this machine can read it."""
        ...

    @property
    def scoring(self) -> Scoring | None:
        """What jobs on this machine need; None where jobs run elsewhere."""
        ...

    @property
    def environments(self) -> Environments | None:
        """Environments built on this machine; None where the world builds its own."""
        ...

    @property
    def jobs(self) -> "CloudJobs | None":
        """Jobs that a service of the world runs; None where they run on this machine."""
        ...

    @property
    def exports(self) -> Mapping[str, Exporter] | None:
        """The languages that the specs can be handed over in, by name; None where the world has none."""
        ...

    @property
    def job_exports(self) -> Mapping[str, JobExporter] | None:
        """The languages that one job can be handed over in, by name; None where the world has none."""
        ...

    def unfit(self, resources: "Sequence[Resource]") -> "Iterator[Unfit]":
        """What of the specs cannot be had here, as far as that is known without asking anybody."""
        ...

    @property
    def preflight(self) -> "Preflight | None":
        """What is asked of the world beforehand; None where nothing can be.

        All findings at once. What cannot be found out is one that is no error; it never raises `ProviderError`.
        """
        ...

    def lacking(self, resources: "Sequence[Resource]") -> "Iterator[Unfit]":
        """What must be installed on this machine before the world can be asked, and these resources can be made."""
        ...

    def checks(self, resources: "Sequence[Resource]") -> "Mapping[str, Probe]":
        """What can be looked at where something does not work, for these specs: each thing by its name."""
        ...

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders on this machine that the world keeps its own things in; none where it lies elsewhere."""
        ...

    @property
    def written(self) -> tuple[Path, ...]:
        """What on this machine must be writable, if the world is to be changed."""
        ...


class World(ReadWorld, Protocol):
    """Everything about one world. Opening it reads and makes nothing; each face is made when first asked for."""

    @property
    def objects(self) -> Provider:
        """The verbs that read and change what is there."""
        ...

    def seal(self) -> None:
        """Seal what an earlier bep wrote in clear, before it knew that it was a secret."""
        ...

    def close(self) -> None:
        """Give back what it holds."""
        ...
