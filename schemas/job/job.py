"""Job: what one scoring run was asked for, in a file, on the command line, or both. Flags override the file."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from bep.lazy_dataclasses import dataclass, field, replace
from bep.schemas.checking.emptiness import Empty, say_empty, take_out_empty
from bep.schemas.checking.recovering import salvage
from bep.schemas.checking.structure import check
from bep.schemas.drafts.contents import beside, said
from bep.schemas.drafts.literal_secrets import excused_by, literal_secrets
from bep.schemas.drafts.references import is_remote
from bep.schemas.files import Files
from bep.schemas.findings.did_you_mean import listed
from bep.schemas.findings.finding import Finding, errors, mistake, ordered
from bep.schemas.job.invocation import as_job
from bep.schemas.job.overrides import as_node, change
from bep.schemas.kinds.settings import OWNER, set_by
from bep.schemas.mark import Mark
from bep.schemas.resource import FieldPath
from bep.schemas.secrets.recognising import is_excused, is_secret
from bep.schemas.specs.defaults import respell_value
from bep.schemas.specs.job_inputs import check_ports, refuse_tables
from bep.schemas.specs.rules import file_name_trouble
from bep.schemas.workspace.reading_workspace import open_workspace
from bep.schemas.workspace.variables import Variables
from bep.schemas.workspace.workspace import LOCAL
from bep.schemas.yaml.masking import in_address, masked
from bep.schemas.yaml.node import Node
from bep.schemas.yaml.reading import read


@dataclass(frozen=True, slots=True)
class JobSpec:
    """One job as it was asked for.

    `port` is what the job calls its input. `inputs` are texts: local paths and patterns relative to the workspace,
    `azureml:NAME:VERSION`, `azureml://...` or `https://...`; `places` says where each was written, if in a file, and
    `sources` has its text; `setting_places` does so for the name and the settings. `input_type` is empty where none was
    written: a file and a folder will both do then. `settings` has only what differs from the deployment, by the names
    of the runner's settings.
    """

    endpoint: str
    deployment: str | None = None
    name: str | None = None
    port: str = "input"
    inputs: tuple[str, ...] = ()
    partition_format: str = ""
    input_type: str = ""
    output_path: str | None = None
    output_format: str = "azureml"
    settings: Mapping[str, Any] = field(default_factory=dict)
    environment_variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    secret_variables: tuple[str, ...] = ()
    places: Mapping[str, Mark] = field(default_factory=dict, repr=False, compare=False)
    sources: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    setting_places: Mapping[str, Mark] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class LoadedJob:
    """A job, or why there is none. `sources` has the texts that findings point into; `asked` are the endpoint and the
    deployment that it names, and `places` where it does so.
    """

    job: JobSpec | None
    findings: tuple[Finding, ...]
    sources: Mapping[str, str]
    asked: tuple[str, str] = ("", "")
    places: Mapping[str, Mark] = field(default_factory=dict)


def load_job(
    files: Files,
    path: str | None,
    *,
    changes: Mapping[str, Any],
    variables: Mapping[str, str],
    variable_files: Sequence[str] = (),
    environment: Mapping[str, str],
    worlds: Collection[str] = (LOCAL,),
    endpoints: Callable[[], Sequence[str]] = tuple,
    document: Mapping[str, Any] | None = None,
) -> LoadedJob:
    """Read the job at `path`, if any, else take the one that `document` is, and put `changes` over it.

    Keys of `changes`: those of the settings that a job may set, `environment_variables.NAME`, and those of `OWN`, of
    which `input` is a text or a list. Values are what they should be, or their text. `worlds` are the names of
    those that this bep has; `endpoints` gives the names of the endpoints there are, and is asked where a job names
    none: the only one is meant. No variable is put into a `document`: somebody else may have sent it.
    """
    opened = open_workspace(
        files, variables=variables, variable_files=variable_files, environment=environment, worlds=worlds
    )
    reading = _Reading(files, opened.variables, list(opened.findings), dict(opened.texts))
    node = reading.file(path) if path is not None else as_node(document or {})
    if node is None:
        return reading.loaded(None)
    empty = take_out_empty(node)
    reading.findings += as_job(node)
    for key, value in changes.items():
        if value is not None:
            reading.findings += change(node, key, value)
    if isinstance(node.value, dict) and "endpoint" not in node.value and (there := endpoints()):
        reading.findings += change(node, "endpoint", there[0])
        if there[1:]:
            message = f"the job needs 'endpoint', and there are {listed(there)}"
            reading.error("missing-field", message, "Say which: 'endpoint: NAME'.", None)
    asked = node.texts("endpoint"), node.texts("deployment")
    places = {name: at.mark for name in ("endpoint", "deployment") if (at := node.get(name)) and at.file}
    return replace(reading.loaded(reading.job(node, empty)), asked=asked, places=places)


def settings_given(changes: Mapping[str, Any]) -> tuple[Mapping[str, Any], tuple[Finding, ...]]:
    """Settings from the command line alone, by the runner's names, and what a job's file would be told of them."""
    job = Node({"endpoint": _given("any"), "inputs": Node({"any": _given("any")}, "", 1, 1)}, "", 1, 1)
    wrong = [finding for key, value in changes.items() for finding in change(job, key, value)]
    wrong += [refusal.finding for refusal in check("job", job, "job")]
    found = {name: _respelt(name, leaf) for (name, *_), leaf in _written(job)}
    return found, tuple(replace(finding, mark=None) for finding in wrong)


def _given(text: str) -> Node:
    return Node(text, "", 1, 1, text)


@dataclass(slots=True)
class _Reading:
    """One job being read."""

    files: Files
    variables: Variables
    findings: list[Finding]
    texts: dict[str, str]
    excused: tuple[str, ...] = ()
    revealed: set[int] = field(default_factory=set)

    def error(self, code: str, message: str, fix: str, mark: Mark | None) -> None:
        self.findings.append(mistake(code, "job", message, fix, mark if mark and mark.file else None))

    def loaded(self, job: JobSpec | None) -> LoadedJob:
        self.findings += self.variables.findings
        placed = [f if f.mark is None or f.mark.file else replace(f, mark=None) for f in self.findings]
        found = ordered(placed, self.texts.values())
        return LoadedJob(None if errors(found) else job, found, {p: masked(t) for p, t in self.texts.items()})

    def file(self, path: str) -> Node | None:
        """The one document of a job file, its variables put in."""
        try:
            written = read(self.files.read(path), path)
        except (OSError, ValueError) as error:
            self.error(
                "file-unreadable",
                f"{path} cannot be read: {said(error, path, self.files)}",
                "Check the path.",
                Mark(path, 1, 1),
            )
            return None
        self.texts[path] = written.text
        self.findings += written.findings
        if len(written.documents) != 1 or not isinstance(written.documents[0].value, dict):
            if not written.findings:
                self.error(
                    "not-a-job", f"{path} must hold one mapping", "Write 'endpoint: NAME' and inputs.", Mark(path, 1, 1)
                )
            return None
        self.variables.substitute(written.documents[0])
        self._say_secrets(written.documents[0])
        self._reveal(written.documents[0])
        return written.documents[0]

    def _say_secrets(self, node: Node) -> None:
        """Literal secrets of a job file: no record keeps their values, but the file does.

        The addresses of inputs and outputs may have theirs, which are redacted where an address is kept.
        """

        def of_an_address(path: FieldPath, below: Node) -> bool:
            return path[:1] in (("inputs",), ("outputs",)) and in_address(below.value)

        self.excused = excused_by(node.get("x-bep"))
        self.findings += literal_secrets(node, address="job", document="the job file", but=of_an_address)

    def _is_secret(self, name: str, node: Node) -> bool:
        """Whether an environment variable holds a secret: one that stands for another value, or looks like one."""
        path = ("environment_variables", name)
        return id(node) in self.revealed or (is_secret(path, node.text) and not is_excused(path, self.excused))

    def _reveal(self, node: Node) -> None:
        """Secrets may stand in a job's environment variables, which no record keeps, and nowhere else."""
        places = (node.at(("settings", "environment_variables")), node.get("environment_variables"))
        fields = [place.value for place in places if place is not None and isinstance(place.value, dict)]
        allowed = {id(below) for mapping in fields for below in mapping.values()}
        for below in self.variables.deferred:
            if id(below) in allowed:
                below.value = below.text = self.variables.reveal(below, address="job") or ""
                self.revealed.add(id(below))
        self.findings += self.variables.misplaced(allowed)

    def job(self, node: Node, empty: Empty) -> JobSpec | None:
        """The job a document describes, or None with findings; `empty` are the fields that were taken out as such."""
        refused, warnings = say_empty("job", empty, check("job", node, "job"), "job")
        self.findings += warnings
        unset = self.variables.unset
        self.findings += [r.finding for r in refused if r.offender is None or id(node.at(r.offender)) not in unset]
        doubts, _ = salvage(node, refused, unset)
        found = self._settings(node)
        self.findings += check_ports(node)
        self.findings += refuse_tables(node)
        name = found.get(("output_file_name",))
        if name is not None and (trouble := file_name_trouble(name.text)):
            self.error("output-file-name", trouble, "Write a name such as predictions.csv.", name.mark)
        if doubts or errors(self.findings):
            return None  # what an unset variable leaves out is said with the variables
        settings = {name: _respelt(name, leaf) for (name, *below), leaf in found.items() if not below}
        folder = self._output(node, settings)
        if errors(self.findings):
            return None
        port = _first(node.value["inputs"])
        outputs = node.get("outputs")
        output = _first(outputs) if outputs is not None and outputs.value else None
        return JobSpec(
            endpoint=node.texts("endpoint"),
            deployment=node.texts("deployment") or None,
            name=node.texts("name") or None,
            port=next(iter(node.value["inputs"].value)),
            inputs=tuple(_located(item) for item in _paths(port)),
            partition_format=port.texts("partition_format"),
            places={_located(item): item.mark for item in _paths(port) if item.file},
            sources={path: masked(text) for path, text in self.texts.items()},
            input_type=port.texts("type"),
            output_path=folder,
            output_format=(output.texts("format") if output is not None else "") or "azureml",
            settings=settings,
            environment_variables={below[0]: leaf.text for (_, *below), leaf in found.items() if below},
            secret_variables=tuple(
                below[0] for (_, *below), leaf in found.items() if below and self._is_secret(below[0], leaf)
            ),
            setting_places={
                field: leaf.mark
                for field, leaf in (("name", node.get("name")), *((path[0], leaf) for path, leaf in found.items()))
                if leaf is not None and leaf.file
            },
        )

    def _output(self, node: Node, settings: dict[str, Any]) -> str | None:
        """The folder that results go to. A `uri_file` is split into its folder and the name of the predictions file."""
        outputs = node.get("outputs")
        output = _first(outputs) if outputs is not None and outputs.value else None
        path = output.get("path") if output is not None else None
        if output is None or path is None:
            return None
        text = _located(path)
        if output.texts("type") != "uri_file":
            return text
        folder, _, name = text.rpartition("/")
        is_folder = path.text.endswith("/") or ("://" in text and not folder.partition("://")[2])
        trouble = "this names a folder" if is_folder else file_name_trouble(name)
        if trouble:
            self.error("output-file-name", f"a uri_file is a file at its path: {trouble}", "Name a file.", path.mark)
        elif settings.get("output_file_name", name) != name:
            message = f"the output is the file '{name}', and output_file_name is '{settings['output_file_name']}'"
            self.error("output-file-name", message, "Keep one of the two names.", path.mark)
        settings["output_file_name"] = name
        return folder or ("/" if text.startswith("/") else ".")

    def _settings(self, node: Node) -> dict[tuple[str, ...], Node]:
        """What differs from the deployment; a value that is written in two places is a finding."""
        found: dict[tuple[str, ...], Node] = {}
        for path, leaf in _written(node):
            first = found.setdefault(path, leaf)
            if first is not leaf:
                message = f"{'.'.join(path)} is already given in line {first.key_mark.line}, in another spelling"
                self.error("written-twice", message, "Keep one of the two.", leaf.key_mark)
        return found


def _first(ports: Node) -> Node:
    found: Node = next(iter(ports.value.values()))
    return found if isinstance(found.value, dict) else found.beside({"path": found})


def _paths(port: Node) -> list[Node]:
    path: Node = port.value["path"]
    return path.value if isinstance(path.value, list) else [path]


def _located(node: Node) -> str:
    """An input or output text; a local path is made relative to the workspace, one of the command line is already."""
    text = node.text
    if not node.file or is_remote(text) or text.startswith(("azureml:", "file://")):
        return text
    return beside(node.file, text)


def _written(node: Node) -> Iterator[tuple[tuple[str, ...], Node]]:
    """Every setting that differs from the deployment, by the runner's names, wherever it is written."""
    for setting in set_by("job").values():
        for path in (*setting.older, setting.path):
            found = node.at(path)
            if found is not None and setting.open and isinstance(found.value, dict):
                yield from (((setting.name, key), leaf) for key, leaf in found.value.items())
            elif found is not None:
                yield (setting.name,), found


def _respelt(name: str, leaf: Node) -> Any:
    """The canonical spelling of a setting's value."""
    path = next(setting.path for setting in set_by("job").values() if setting.name == name)
    return respell_value(leaf.value, path, OWNER)
