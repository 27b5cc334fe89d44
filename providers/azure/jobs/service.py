"""The jobs of a workspace of Azure ML: see `cloud_jobs.CloudJobs`. Knows no state, no plan and no runner."""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bep.lazy_patterns import lazy_pattern
from bep.providers.azure.arm.client import ArmClient
from bep.providers.azure.arm.errors import Refusal
from bep.providers.azure.arm.saying import said
from bep.providers.azure.content.contents import DEFAULT_STORE, folder_of, uri_of
from bep.providers.azure.jobs.bodies import SETTINGS, TYPES, UNKNOWN, body_of, job_of
from bep.providers.azure.jobs.runs import Runs
from bep.providers.azure.jobs.services import Services
from bep.providers.azure.place import Place
from bep.providers.azure.provider import AzureProvider
from bep.providers.azure.translation.shape import at
from bep.providers.cloud_jobs import CloudJob, Located, Look, Order, Routed, Unanswered, Unusable
from bep.providers.protocol import ProviderError, Transferred, untold
from bep.providers.routing import instances_of, routed
from bep.schemas.address import Address, address_of, names_of

if TYPE_CHECKING:
    from bep.providers.azure.content.blob_uploads import BlobUploads
    from bep.schemas.resource import Content

TRIES: Final = 5
"""How often a job is asked for with one key; as often as azure-ai-ml does."""
_PROVIDER: Final = "provider/azure"
_NAMED = lazy_pattern(r"azureml:([^:/@]+)(?::([^:/@]+)|@latest)?")
_IN_STORE = lazy_pattern(r"azureml://datastores/([^/]+)/paths/?(.*)", re.DOTALL)
_READ: Final = ("https://", "azureml://", "wasbs://", "abfss://", "adl://")
"""How an address begins that the service reads itself."""


class AzureJobs:
    """The jobs of one workspace. `uploads` puts files into its datastores and opens them."""

    settings, unknown = SETTINGS, UNKNOWN

    def __init__(
        self,
        client: ArmClient,
        objects: AzureProvider,
        services: Services,
        uploads: "Callable[[], BlobUploads]",
    ) -> None:
        self._client, self._objects, self._services, self._uploads = client, objects, services, uploads
        self._runs = Runs(services, self._place, uploads)
        self._uris: dict[str, str] = {}
        self._results: dict[str, tuple[str, dict[str, str]]] = {}

    @property
    def _place(self) -> Place:
        return self._client.connection.place

    @property
    def interval(self) -> float:
        """As of every operation."""
        return self._client.connection.interval

    def route(self, endpoint: str, deployment: str | None = None) -> Routed:
        """From the endpoint's deployments and its default one."""
        address, observed = routed(self._objects, endpoint, deployment, self._objects.deployments)
        attributes = observed.attributes
        if attributes.get("type") == "pipeline":
            message = (
                "it runs a pipeline, and bep starts jobs of models only: start it with az ml batch-endpoint invoke, or"
                " name a deployment of a model"
            )
            raise ProviderError(address, "run", message, code="PipelineNotRun")
        compute = Address(str(attributes.get("compute")))
        there = self._objects.read([compute]) if compute.startswith("compute/") else {}
        most = there[compute].attributes if compute in there else {}
        _, name = names_of(address)
        return Routed(endpoint, name, address, attributes, instances_of(address, attributes, most))

    def locate(self, text: str) -> Located:
        """A registered asset by its id; a path in a datastore, and an address that the service reads, as it is."""
        if (named := _NAMED.fullmatch(text)) is not None:
            return self._registered(text, named[1], named[2])
        if (stored := _IN_STORE.fullmatch(self._place.short_uri(text))) is not None:
            self._datastore(text, stored[1])
            return Located(text)
        if text.startswith((*_READ, "azureml:/subscriptions/")):
            return Located(text.removeprefix("azureml:") if text.startswith("azureml:/sub") else text)
        scheme = text.partition("://")[0]
        message = f"the service reads nothing at {scheme}://: copy it to a datastore, or give a path of this machine"
        raise Unusable(_PROVIDER, "run", message, code="InputNotRead")

    def _registered(self, text: str, name: str, version: str | None) -> Located:
        address = address_of("data", name, version) if version else self._objects.newest("data", name)
        with said(f"data/{name}", "run"):
            found = self._client.get(self._place.id_of(address)) if address is not None else None
        if address is None or found is None:
            message = f"{text} is not registered; {self._versions(name)}"
            raise Unusable(f"data/{name}", "run", message, code="ResourceNotFound")
        kind = str(at(found, ("properties", "dataType")) or "").casefold()
        if kind == "mltable":
            message = f"{text} is a table (mltable), and a batch endpoint scores files"
            raise Unusable(address, "run", message, code="InputNotRead")
        return Located(self._place.id_of(address), kind if kind in TYPES else "")

    def _versions(self, name: str) -> str:
        """Which versions there are of a name, for a person."""
        with said(f"data/{name}", "run"):
            listed = list(self._client.list(self._place.collection("data", name)))
        known = sorted(str(one["id"]).rpartition("/")[2] for one in listed)
        return f"there is {', '.join(known)}" if known else "there is no data of that name"

    def _datastore(self, text: str, name: str) -> Mapping[str, Any]:
        with said(f"datastore/{name}", "run"):
            found = self._client.get(self._place.id_of(address_of("datastore", name)))
        if found is None:
            message = f"{text}: there is no datastore {name} in the workspace"
            raise Unusable(f"datastore/{name}", "run", message, code="ResourceNotFound")
        return found.get("properties") or {}

    def check_output(self, text: str) -> None:
        """Results go to containers of blobs alone (the service's documentation of inputs and outputs)."""
        stored = _IN_STORE.fullmatch(self._place.short_uri(text))
        if stored is None or not stored[2].strip("/"):
            message = f"{text}: results go to a folder of a datastore: azureml://datastores/NAME/paths/FOLDER"
            raise Unusable(_PROVIDER, "run", message, code="OutputNotWritten")
        kind = str(self._datastore(text, stored[1]).get("datastoreType"))
        if kind.casefold() != "azureblob":
            message = f"{text}: results go to a container of blobs, and datastore/{stored[1]} is {kind}"
            raise Unusable(f"datastore/{stored[1]}", "run", message, code="OutputNotWritten")

    def upload(self, content: "Content", transferred: Transferred = untold) -> str:
        """Where models and data of these bytes go, too: what is there is not sent again."""
        named = {"sha256": content.sha256, "local": content.local}
        with said("job", "upload"):
            self._uploads().put("job", DEFAULT_STORE, folder_of(named), content, transferred)
        return uri_of(named, DEFAULT_STORE) + ("" if Path(content.source).is_file() else "/")

    def start(self, order: Order) -> CloudJob:
        """Post it until there is an answer, with the same key each time; the service starts one job for a key.

        A name is a job's own in a workspace: where a service forgot the key, the name tells which job the order began.
        """
        why = ""
        for number in range(TRIES):
            if number:
                time.sleep(self.interval)
            try:
                with said("job", "start"):
                    return self._posted(order)
            except ProviderError as error:
                if not (error.retryable or why):
                    raise
                why = error.message  # also a refusal, where a try before it had no answer: that may have begun the job
        unknown = f"whether job {order.name} was started is not known, and asking again starts no second one"
        message = f"{why.rstrip('.')}; {unknown}"
        raise Unanswered("job", "start", message, code="Unanswered", retryable=True)

    def _posted(self, order: Order) -> CloudJob:
        headers = {"azureml-model-deployment": order.deployment, "repeatability_request-id": order.key}
        if not (uri := self._scoring_uri(order.endpoint)):
            message = "it has no scoring URI: it is still being made, or that failed, or it is gone"
            raise ProviderError(f"endpoint/{order.endpoint}", "run", message, code="NotReady")
        try:
            begun = self._services.score("POST", uri, body_of(order), headers)
        except Refusal as refusal:
            there = self.find(order.endpoint, order.name) if refusal.status == 409 else None
            if there is None:
                raise
            return there
        return job_of(begun, self._place, order.endpoint)

    def find(self, endpoint: str, name: str) -> CloudJob | None:
        """Below the scoring URI of its endpoint."""
        if not (uri := self._scoring_uri(endpoint)):
            return None
        with said("job", "read"):
            try:
                found = self._services.score("GET", f"{uri}/{name}")
            except Refusal as refusal:
                if refusal.status == 404:
                    return None
                raise
        return job_of(found, self._place, endpoint)

    def list(self, endpoint: str = "") -> Iterator[CloudJob]:
        """Page by page, endpoint by endpoint."""
        names = [endpoint] if endpoint else [names_of(address)[0] for address in self._objects.list("endpoint")]
        for name in names:
            with said(f"endpoint/{name}", "list jobs"):
                url = self._services.listing(f"batchEndpoints/{name}/jobs")
                while url:
                    page = self._services.page(url)
                    yield from (job_of(one, self._place, name) for one in page.get("value") or ())
                    url = page.get("nextLink") or ""

    def look(self, job: CloudJob) -> Look:
        """As run history has it, which may be later than the job; until then as its endpoint has it."""
        with said("job", "read"):
            found = self._runs.look(job)
        return found or Look(self.find(job.endpoint, job.name) or job)

    def cancel(self, job: CloudJob) -> None:
        """By the name that Azure Resource Manager knows it by."""
        with said("job", "cancel"):
            names = [name for name in (job.name, job.run) if name]
            for name in names:
                try:
                    self._client.post(f"{self._place.root}/jobs/{name}", "cancel")
                except Refusal as refusal:
                    if refusal.status != 404 or name == names[-1]:
                        raise
                else:
                    return

    def logs(self, job: CloudJob) -> Mapping[str, str]:
        """Of the job, of its step, and what the step has stored."""
        with said("job", "logs"):
            return self._runs.logs(job)

    def read(self, log: str, begin: int = 0) -> bytes:
        """From its address, or from its datastore."""
        with said("job", "logs"):
            return self._runs.read(log, begin)

    def is_taken(self, output: str, file: str) -> bool:
        """Whether a blob is there. What cannot be looked at is found out by the job."""
        from azure.core.exceptions import AzureError

        stored = _IN_STORE.fullmatch(self._place.short_uri(output))
        if stored is None:
            return False
        try:
            with self._uploads().container(f"datastore/{stored[1]}", stored[1]) as container:
                blob = container.get_blob_client(f"{stored[2].strip('/')}/{file}")
                return bool(blob.exists(retry_total=0))
        except (AzureError, ProviderError, Refusal):
            return False

    def outputs(self, job: CloudJob) -> Mapping[str, int]:
        """The blobs of its result."""
        with said("job", "download"):
            store, path = self._result(job)
            if not store:
                return {}
            with self._uploads().container(f"datastore/{store}", store) as container:
                listed = {str(one.name): int(one.size) for one in container.list_blobs(path.rstrip("/"))}
        names = {name: blob for blob in listed if (name := _below(blob, path))}
        self._results[job.name] = store, names
        return {name: listed[blob] for name, blob in names.items()}

    def fetch(self, job: CloudJob, name: str, target: Path) -> None:
        """One blob, block by block, so that a result of any size needs the same memory."""
        if job.name not in self._results:
            self.outputs(job)
        store, names = self._results[job.name]
        with (
            said("job", "download"),
            self._uploads().container(f"datastore/{store}", store) as container,
            target.open("wb") as stream,
        ):
            container.download_blob(names[name]).readinto(stream)

    def _result(self, job: CloudJob) -> tuple[str, str]:
        """The datastore and the path in it of a job's result; nothing where it has none."""
        found = _IN_STORE.fullmatch(self._runs.result(job))
        return (found[1], found[2]) if found else ("", "")

    def _scoring_uri(self, endpoint: str) -> str:
        """Where jobs of an endpoint are started; empty while it is none that takes any."""
        if endpoint not in self._uris:
            with said(f"endpoint/{endpoint}", "run"):
                found = self._client.get(self._place.id_of(address_of("endpoint", endpoint))) or {}
            uri = str((found.get("properties") or {}).get("scoringUri") or "").rstrip("/")
            if not uri:
                return ""
            self._uris[endpoint] = uri
        return self._uris[endpoint]


def _below(blob: str, path: str) -> str:
    """What a blob is called below a path: its own name where the path is the blob's; empty for a mark of a folder, and
    for what stands beside."""
    whole = path.rstrip("/")
    if blob == whole:
        return whole.rpartition("/")[2]
    return blob.removeprefix(f"{whole}/") if blob.startswith(f"{whole}/") and not blob.endswith("/") else ""
