"""From a body of the scoring URI to a job as bep's own files say it. Pure; what a job may be, the use case says.

Bodies: the 2021 preview's `dataset`, today's `InputData` and `OutputData`, and the overrides of azure-ai-ml. The case
of keys does not matter, as it does not to the service.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from bep.lazy_patterns import lazy_pattern
from bep.server.answers import Unanswered
from bep.server.shapes.scoring_jobs import DEFAULT_STORE

Document = dict[str, Any]

PLACES: Final = lazy_pattern(r"(?i)(azureml:|https?://|wasbs?://|abfss?://|adl://|s3://|gs://)")
"""What an input may be over the network: what is registered, and addresses. A path of this machine is not asked for by
somebody elsewhere."""
DURATION: Final = lazy_pattern(r"(?i)P(?:(\d{1,9})D)?(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9}(?:\.\d{1,9})?)S)?)?")
"""A duration as ISO 8601 writes it, in days, hours, minutes and seconds; one of more digits is none."""
TYPES: Final[Mapping[str, str]] = {
    "urifile": "uri_file",
    "urifolder": "uri_folder",
    "mltable": "mltable",
    "custommodel": "custom_model",
    "mlflowmodel": "mlflow_model",
    "tritonmodel": "triton_model",
}
LITERAL: Final = "literal"
SETTINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "name": ("name",),
    "miniBatchSize": ("settings", "mini_batch_size"),
    "errorThreshold": ("settings", "error_threshold"),
    "outputFileName": ("settings", "output_file_name"),
    "maxConcurrencyPerInstance": ("settings", "max_concurrency_per_instance"),
    "loggingLevel": ("settings", "logging_level"),
    "retrySettings.maxRetries": ("settings", "retry_settings", "max_retries"),
    "retrySettings.timeout": ("settings", "retry_settings", "timeout"),
    "compute.instanceCount": ("resources", "instance_count"),
}
"""Where each override stands in a job."""
_IN_SMALL_LETTERS: Final = {name.lower(): path for name, path in SETTINGS.items()}
GROUPS: Final = ("compute", "retrysettings")
PASSED_OVER: Final = frozenset(
    (
        *("description", "tags", "properties", "status", "provisioningstate", "interactionendpoints", "output"),
        *("compute.islocal", "compute.location", "compute.instancetype", "compute.properties", "compute.target"),
    )
)
"""What clients send that decides nothing here: labels, what only an answer says, which machines."""


def job_asked(body: Any, endpoint: str, deployment: str | None) -> Document:
    """The job in the words of a job's file. Raises `Unanswered` with all that is wrong with the body."""
    asked = _Asked()
    asked.read(body)
    if asked.wrong:
        raise Unanswered(400, "InvalidRequest", "\n".join(asked.wrong))
    asked.job["endpoint"] = endpoint
    if deployment:
        asked.job["deployment"] = deployment
    return asked.job


class _Asked:
    """One body, being read."""

    def __init__(self) -> None:
        self.job: Document = {}
        self.wrong: list[str] = []

    def read(self, body: Any) -> None:
        """All of it."""
        outer = self._fields(body, "the body")
        inner = self._fields(outer.get("properties"), "properties") if "properties" in outer else None
        if inner is None:
            self.wrong += [] if self.wrong else ["the body needs 'properties', with InputData or dataset in it"]
            return
        for name, value in _flat(inner):
            self._member(name, value)

    def _member(self, name: str, value: Any) -> None:
        if value is None or name in PASSED_OVER:
            return
        if name in _IN_SMALL_LETTERS:
            _put(self.job, _IN_SMALL_LETTERS[name], _respelt(name, value))
        elif name == "inputdata":
            self._inputs(value)
        elif name == "outputdata":
            self._outputs(value)
        elif name == "dataset":
            self._dataset(value)
        elif name == "outputdataset":
            self._output_dataset(value)
        else:
            self.wrong.append(f"properties has no {name!r}; a job has {', '.join(_known())}")

    def _inputs(self, value: Any) -> None:
        for port, given in self._fields(value, "InputData", lower=False).items():
            where = f"InputData.{port}"
            said = self._fields(given, where)
            kind = str(said.get("jobinputtype") or "UriFolder")
            if kind.lower() == LITERAL:
                _put(self.job, ("inputs", port), {"type": "string", "value": said.get("value")})
            elif kind.lower() not in TYPES:
                self.wrong.append(f"{where}.JobInputType: {kind!r} is none of UriFolder, UriFile")
            elif (uri := self._uri(said.get("uri"), f"{where}.Uri")) is not None:
                self._input(port, uri, TYPES[kind.lower()] if "jobinputtype" in said else "")

    def _outputs(self, value: Any) -> None:
        ports = self._fields(value, "OutputData", lower=False)
        if len(ports) > 1:
            self.wrong.append(f"OutputData: a job of a model has one output, and {', '.join(ports)} are {len(ports)}")
            return
        for port, given in ports.items():
            where = f"OutputData.{port}"
            said = self._fields(given, where)
            kind = str(said.get("joboutputtype") or "UriFolder")
            if kind.lower() not in ("urifolder", "urifile"):
                self.wrong.append(f"{where}.JobOutputType: {kind!r} is none of UriFolder, UriFile")
            uri = said.get("uri")
            if uri is None:
                continue
            if not isinstance(uri, str) or not uri.startswith("azureml://"):
                told = "results go to a datastore: write azureml://datastores/NAME/paths/FOLDER"
                self.wrong.append(f"{where}.Uri: {uri!r}: {told}")
                continue
            self.job["outputs"] = {"score": {"type": TYPES.get(kind.lower(), "uri_folder"), "path": uri}}

    def _dataset(self, value: Any) -> None:
        """2021: where data is, its id, or its name and version."""
        said = self._fields(value, "dataset")
        kind = str(said.get("datainputtype") or "").lower()
        uri: str | None
        if kind == "dataurl":
            uri = self._uri(said.get("path"), "dataset.path")
        elif kind == "datasetid":
            uri = self._uri(said.get("datasetid"), "dataset.datasetId")
        elif kind == "datasetversion":
            name, version = said.get("datasetname"), said.get("datasetversion")
            is_whole = isinstance(name, str) and name and isinstance(version, str | int) and version
            uri = f"azureml:{name}:{version}" if is_whole else None
            self.wrong += [] if is_whole else ["dataset: a DatasetVersion needs datasetName and datasetVersion"]
        else:
            uri = None
            told = "is none of DataUrl, DatasetId, DatasetVersion"
            self.wrong.append(f"dataset.dataInputType: {said.get('datainputtype')!r} {told}")
        if uri is not None:
            self._input("dataset", uri, "")

    def _output_dataset(self, value: Any) -> None:
        said = self._fields(value, "outputDataset")
        store, path = said.get("datastoreid") or DEFAULT_STORE, said.get("path")
        if not isinstance(path, str) or not path.strip("/") or not isinstance(store, str):
            self.wrong.append("outputDataset needs datastoreId and path, both texts")
            return
        name = store.removeprefix("azureml:").rstrip("/").rpartition("/")[2]
        _put(self.job, ("outputs", "score", "path"), f"azureml://datastores/{name}/paths/{path.strip('/')}")

    def _input(self, port: str, uri: str, kind: str) -> None:
        _put(self.job, ("inputs", port), {"path": uri, **({"type": kind} if kind else {})})

    def _uri(self, value: Any, where: str) -> str | None:
        if not isinstance(value, str) or not value:
            self.wrong.append(f"{where}: needed, a text")
            return None
        if value.startswith("/subscriptions/"):
            return f"azureml:{value}"
        if not PLACES.match(value) or "::" in value:
            told = "not taken over the network; send azureml:NAME:VERSION, azureml://datastores/NAME/paths/... or https://..."
            self.wrong.append(f"{where}: {value!r} is {told}")
            return None
        return value

    def _fields(self, value: Any, where: str, *, lower: bool = True) -> Document:
        """A mapping, its keys in small letters."""
        if not isinstance(value, dict):
            self.wrong.append(f"{where} must be a mapping, not {_called(value)}")
            return {}
        return {key.lower() if lower else key: below for key, below in value.items()}


def _respelt(name: str, value: Any) -> Any:
    """A value as a job's file spells it; any other stays, and the schema says so."""
    if isinstance(value, float) and value.is_integer():
        return int(value)  # JSON knows one kind of number
    if not isinstance(value, str):
        return value
    if name == "logginglevel":
        return value.lower()
    duration = DURATION.fullmatch(value) if name == "retrysettings.timeout" else None
    if duration is None or not any(duration.groups()):
        return value
    seconds = sum(float(part or 0) * unit for part, unit in zip(duration.groups(), (86400, 3600, 60, 1), strict=True))
    return int(seconds) if float(seconds).is_integer() else seconds


def _flat(properties: Document) -> Iterator[tuple[str, Any]]:
    """The members, those of groups of settings each by itself."""
    for name, value in properties.items():
        if name in GROUPS and isinstance(value, dict):
            yield from ((f"{name}.{key.lower()}", below) for key, below in value.items())
        else:
            yield name, value


def _put(job: Document, path: tuple[str, ...], value: Any) -> None:
    for step in path[:-1]:
        job = job.setdefault(step, {})
    job[path[-1]] = value


def _known() -> list[str]:
    return ["InputData", "OutputData", "dataset", "outputDataset", *SETTINGS]


def _called(value: Any) -> str:
    names = {type(None): "null", list: "a list", str: "a text", bool: "a boolean", int: "a number", float: "a number"}
    return names[type(value)]
