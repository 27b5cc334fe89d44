"""The run of a job in run history: its status and error, its logs, the step that scores and what that has written.

A job has two names, and which of them run history knows depends on the service's version: both are tried.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from bep.lazy_dataclasses import replace
from bep.lazy_patterns import lazy_pattern
from bep.providers.azure.arm.errors import Refusal
from bep.providers.azure.jobs.bodies import step_of, with_details
from bep.providers.azure.jobs.services import Services
from bep.providers.azure.place import Place
from bep.providers.cloud_jobs import CloudJob, Look

if TYPE_CHECKING:
    from collections.abc import Callable

    from bep.providers.azure.content.blob_uploads import BlobUploads

COMPLETED: Final = "Completed"
HISTORY: Final = "history/v1.0"
ARTIFACTS: Final = "workspaceartifactstore"
"""The datastore with what runs leave behind; a run's folder in it is `ExperimentRun/dcid.RUN` (azure-ai-ml's own)."""
_IN_STORE = lazy_pattern(r"azureml://datastores/([^/]+)/paths/(.*)")


class Runs:
    """Run history of one workspace. `uploads` opens its datastores."""

    def __init__(self, services: Services, place: Place, uploads: "Callable[[], BlobUploads]") -> None:
        self._services, self._place, self._uploads = services, place, uploads
        self._steps: dict[str, str] = {}

    def look(self, job: CloudJob) -> Look | None:
        """The job as it is now, the logs that it and its step have, and where the result of one that is complete is.
        None while run history does not have it."""
        details = self._of(job, "details")
        if not details:
            return None
        logs = dict(_logs_of(details))
        step = self.step(job)
        if step:
            logs |= _logs_of(self._asked(f"runs/{step}/details"))
        seen = with_details(job, details)
        if seen.status == COMPLETED and not seen.output:
            seen = replace(seen, output=self.result(seen))
        return Look(seen, logs)

    def logs(self, job: CloudJob) -> dict[str, str]:
        """Those, and what the step has left in the store of artifacts: the logs of its workers."""
        found = dict(self._artifacts(self.step(job)))
        look = self.look(job)
        return {**found, **(look.logs if look is not None else {})}

    def read(self, log: str, begin: int) -> bytes:
        """A log from a byte on, or before its end, by its address or by its place in a datastore."""
        found = _IN_STORE.fullmatch(log)
        if found is None:
            return self._services.text(log, begin)
        with self._uploads().container(f"datastore/{found[1]}", found[1]) as container:
            size = container.get_blob_client(found[2]).get_blob_properties().size
            start = begin if begin >= 0 else max(0, size + begin)
            return bytes(container.download_blob(found[2], offset=start).readall()) if start < size else b""

    def step(self, job: CloudJob) -> str:
        """The run of the step that scores, once there is one."""
        if job.name not in self._steps:
            found = step_of(self._of(job, "children"))
            if not found:
                return ""
            self._steps[job.name] = found
        return self._steps[job.name]

    def result(self, job: CloudJob) -> str:
        """The folder of the result, or its one file: what the step says of it, else where it was asked for."""
        step = self.step(job)
        data = self._services.regional("POST", HISTORY, "rundata", {"runId": step}) if step else {}
        metadata = data.get("runMetadata") or {}
        asset = str(((metadata.get("outputs") or {}).get("score") or {}).get("assetId") or "")
        if asset:
            asked = {"values": [asset]}
            path = "dataversion/batchGetResolvedUris"
            found = self._services.regional("POST", "data/v1.0", path, asked, version="1.5.0")
            if uri := ((found.get("values") or {}).get(asset) or {}).get("uri"):
                return self._place.short_uri(str(uri))
        default = f"azureml://datastores/workspaceblobstore/paths/azureml/{step}/score/" if step else ""
        return job.output or default

    def _of(self, job: CloudJob, what: str) -> Mapping[str, Any]:
        """What run history has by either name; nothing where it has none of them."""
        for name in (job.name, job.run):
            try:
                found: Mapping[str, Any] = self._asked(f"runs/{name}/{what}") if name else {}
            except Refusal as refusal:
                if refusal.status != 404:
                    raise
            else:
                return found
        return {}

    def _asked(self, path: str) -> Any:
        return self._services.regional("GET", HISTORY, path)

    def _artifacts(self, step: str) -> Iterator[tuple[str, str]]:
        """The logs below a run's folder. A store that may not be looked into, or is not there, has none."""
        from azure.core.exceptions import AzureError

        from bep.providers.protocol import ProviderError

        if not step:
            return
        folder = f"ExperimentRun/dcid.{step}/"
        try:
            with self._uploads().container(f"datastore/{ARTIFACTS}", ARTIFACTS) as container:
                listed = container.list_blobs(name_starts_with=f"{folder}logs/", retry_total=0)
                names = [str(one.name) for one in listed]
        except (AzureError, ProviderError, Refusal):
            return
        for name in names:
            yield name.removeprefix(folder), f"azureml://datastores/{ARTIFACTS}/paths/{name}"


def _logs_of(details: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield from ((str(path), str(url)) for path, url in (details.get("logFiles") or {}).items())
