"""Scoring: the URI that starts jobs, a job's life, and run history, by which its logs and outputs are read."""

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from tests.azure.double.answering import job_answers
from tests.azure.double.control_plane import paged
from tests.azure.double.exchange import Answer, Refusal, Request
from tests.azure.double.routes import WORKSPACE, Place
from tests.azure.double.store import Document, Resource, now

if TYPE_CHECKING:
    from tests.azure.double.double import Double

INPUTS: Final = ("UriFile", "UriFolder", "MLTable", "Literal", "CustomModel", "MLFlowModel", "TritonModel")
ENDED: Final = ("Completed", "Failed", "Canceled")


@dataclass
class Course:
    """How the jobs go that are started from now on."""

    final: str = "Completed"  # or Failed
    error: tuple[str, str] = ("UserError", "Execution failed. User process exited with status code 42.")
    logs: dict[str, str] = field(default_factory=lambda: {"user_logs/std_log_0.txt": "scored 3 items\n"})
    at_end: Callable[["Job"], None] | None = None  # writes what the job would have written


@dataclass
class Job:
    """One scoring job. `name` is the batch job's, `run` that of the run it started, `child` that of its one step."""

    name: str
    run: str
    child: str
    endpoint: str
    deployment: str
    body: Document
    course: Course
    status: str = "Preparing"
    pipeline: str = field(default_factory=lambda: str(uuid.uuid4()))
    looks: int = 0
    started: str = field(default_factory=now)
    ended: str | None = None

    def look(self, needed: int) -> None:
        """Bring it a step nearer to its end: Preparing, Running, then the end, each after so many looks."""
        if self.status in ENDED:
            return
        self.looks += 1
        if self.status == "CancelRequested":
            self._end("Canceled")
        elif self.looks >= 2 * needed:
            self._end(self.course.final)
        elif self.looks >= needed:
            self.status = "Running"

    def _end(self, status: str) -> None:
        if self.course.at_end is not None and status != "Canceled":
            self.course.at_end(self)
        self.status, self.ended = status, now()


class Jobs:
    """All jobs there ever were. `course` says how the next ones go."""

    def __init__(self, double: "Double") -> None:
        self._double = double
        self.course = Course()
        self.all: list[Job] = []
        self._by_repetition: dict[str, Job] = {}

    def find(self, name: str) -> Job:
        """The job with one of these names.

        Raises:
            Refusal: there is none.
        """
        for job in self.all:
            if name in (job.name, job.run, job.child):
                return job
        details = [("JobNotFound", f"There is no job {name}.")]
        raise Refusal(404, "UserError", f"The specified resource was not found: job {name}.", details=details)

    def control_plane(self, request: Request, at: Place) -> Answer:
        """.../jobs, .../jobs/NAME, .../jobs/NAME/cancel."""
        if at.is_collection:
            bodies = [job_answers.arm_job(self._double, job, job.name) for job in self.all]
            return paged(request, bodies, self._double.behaviours.page_size)
        job = self.find(at.names[0])
        if at.action == "cancel" and request.method == "POST":
            if job.status not in ENDED:
                job.status = "CancelRequested"
            return Answer(200)
        if at.action or request.method != "GET":
            raise Refusal(405, "MethodNotAllowed", f"A job takes no {request.method}.")
        job.look(self._double.behaviours.job_polls)
        return Answer(200, job_answers.arm_job(self._double, job, at.names[0]))

    def data_plane(self, request: Request) -> Answer | None:
        """What is not Azure Resource Manager's: the scoring URI and run history."""
        for pattern, answering in ROUTES.items():
            if (found := pattern.fullmatch(request.path)) is not None:
                return answering(self, request, found)
        return None

    def log_text(self, request: Request) -> Answer | None:
        """/logs/JOB/user_logs/std_log_0.txt: one log, so far."""
        if not request.path.startswith("/logs/"):
            return None
        _, _, name, path = request.path.split("/", 3)
        logs = self.find(name).course.logs
        if path not in logs:
            raise Refusal(404, "BlobNotFound", "The specified blob does not exist.")
        return _ranged(logs[path], request.headers.get("range", ""))

    def _start(self, request: Request, found: "re.Match[str]") -> Answer:
        if request.method != "POST":
            raise Refusal(405, "MethodNotAllowed", "Jobs are posted.")
        endpoint = self._double.store.get("batchEndpoints", (found["endpoint"],))
        if endpoint is None or not endpoint.was_ready:
            raise Refusal(404, "NotFound", f"There is no endpoint with name: {found['endpoint']}")
        repeated = request.headers.get("repeatability_request-id") or request.headers.get("repeatability-request-id")
        if repeated and repeated in self._by_repetition:
            job = self._by_repetition[repeated]
            return self._started(job)
        deployment = self._routed(endpoint, request.headers.get("azureml-model-deployment"))
        body = _checked(request.body)
        name = (body.get("properties") or {}).get("name") or f"batchjob-{uuid.uuid4()}"
        if any(name == each.name for each in self.all):
            raise Refusal(409, "UserError", f"A job with name {name} already exists.")
        run = f"careful_bulb_{uuid.uuid4().hex[:8]}"
        job = Job(name, run, str(uuid.uuid4()), endpoint.names[0], deployment.names[1], body, self.course)
        self.all.append(job)
        if repeated:
            self._by_repetition[repeated] = job
        return self._started(job)

    def _started(self, job: Job) -> Answer:
        return Answer(201, job_answers.batch_job(self._double, job), {"azureml-model-deployment": job.deployment})

    def _routed(self, endpoint: Resource, named: str | None) -> Resource:
        default = ((endpoint.body.get("properties") or {}).get("defaults") or {}).get("deploymentName")
        if not (named or default):
            raise Refusal(400, "UserError", "No valid deployments to route to. Please check that the endpoint has one.")
        found = self._double.store.get("batchEndpoints/deployments", (endpoint.names[0], str(named or default)))
        if found is None:
            details = [("NoSuchDeployment", f"There is no deployment with name: {named or default}")]
            raise Refusal(404, "NotFound", "The specified resource was not found.", details=details)
        return found

    def _one(self, request: Request, found: "re.Match[str]") -> Answer:
        job = self.find(found["job"])
        job.look(self._double.behaviours.job_polls)
        return Answer(200, job_answers.batch_job(self._double, job))

    def _listed(self, request: Request, found: "re.Match[str]") -> Answer:
        jobs = [each for each in self.all if each.endpoint.lower() == found["endpoint"].lower()]
        bodies = [job_answers.batch_job(self._double, each) for each in jobs]
        return paged(request, bodies, self._double.behaviours.page_size)

    def _details(self, request: Request, found: "re.Match[str]") -> Answer:
        job = self.find(found["job"])
        job.look(self._double.behaviours.job_polls)
        return Answer(200, job_answers.details(job, found["job"], request.base))

    def _children(self, _request: Request, found: "re.Match[str]") -> Answer:
        return Answer(200, {"value": [job_answers.child(self.find(found["job"]))]})

    def _run_data(self, request: Request, _found: "re.Match[str]") -> Answer:
        job = self.find(str((request.body or {}).get("runId")))
        return Answer(200, {"runMetadata": job_answers.child(job)})

    def _resolved(self, request: Request, _found: "re.Match[str]") -> Answer:
        asked = (request.body or {}).get("values") or []
        return Answer(200, {"values": {each: job_answers.resolved(self._double, self.all, each) for each in asked}})


def _ranged(text: str, asked: str) -> Answer:
    """A blob, or the part of it that a Range header asks for: from a byte on, or so many at the end."""
    first, dash, _ = asked.removeprefix("bytes=").partition("-")
    if not dash:
        return Answer(200, text=text)
    data = text.encode()
    begin = int(first) if first else max(0, len(data) - int(asked.rpartition("-")[2]))
    if begin >= len(data):
        raise Refusal(416, "InvalidRange", "The range specified is invalid for the current size of the resource.")
    return Answer(206, text=data[begin:].decode())


def _checked(body: Any) -> Document:
    """The body of an invocation, if it is one."""
    properties = (body or {}).get("properties") if isinstance(body, dict) else None
    if not isinstance(properties, dict):
        raise Refusal(400, "", "", fields={"properties": ["The properties field is required."]})
    lowered = {name.lower(): value for name, value in properties.items()}
    for name, value in (lowered.get("inputdata") or {}).items():
        given = {key.lower(): each for key, each in value.items()}
        kind = str(given.get("jobinputtype"))
        if kind.lower() not in {each.lower() for each in INPUTS}:
            raise Refusal(400, "", "", fields={f"inputData.{name}.jobInputType": [f"{kind} is not a known word."]})
        if not given.get("value" if kind.lower() == "literal" else "uri"):
            raise Refusal(400, "", "", fields={f"inputData.{name}": ["The Uri field is required."]})
    return dict(body)


_WS: Final = WORKSPACE.pattern.removesuffix(r"(?P<rest>/.*)?")
ROUTES: Final[dict["re.Pattern[str]", Callable[[Jobs, Request, "re.Match[str]"], Answer]]] = {
    re.compile(r"/scoring/(?P<endpoint>[^/]+)/jobs"): Jobs._start,
    re.compile(r"/scoring/(?P<endpoint>[^/]+)/jobs/(?P<job>[^/]+)"): Jobs._one,
    re.compile(rf"/mferp/managementfrontend{_WS}/batchEndpoints/(?P<endpoint>[^/]+)/jobs", re.I): Jobs._listed,
    re.compile(rf"/history/v1\.0{_WS}/runs/(?P<job>[^/]+)/details", re.I): Jobs._details,
    re.compile(rf"/history/v1\.0{_WS}/runs/(?P<job>[^/]+)/children", re.I): Jobs._children,
    re.compile(rf"/history/v1\.0{_WS}/rundata", re.I): Jobs._run_data,
    re.compile(rf"/data/v1\.0{_WS}/dataversion/batchGetResolvedUris", re.I): Jobs._resolved,
}
