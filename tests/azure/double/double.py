"""The double: what it has, how it behaves, and one request after another answered. `serving` has the socket."""

import threading
import uuid
from collections.abc import Callable
from typing import Any, Final

from tests.azure.double import rights, surroundings
from tests.azure.double.actions import Actions
from tests.azure.double.answering.jobs import Jobs
from tests.azure.double.behaviours import Behaviours
from tests.azure.double.blobs import CONTAINER, Blob
from tests.azure.double.control_plane import ControlPlane
from tests.azure.double.exchange import Answer, Refusal, Request
from tests.azure.double.faults import Faults
from tests.azure.double.log import Log
from tests.azure.double.routes import WORKSPACE, place
from tests.azure.double.store import Document, Resource, Store
from tests.azure.double.tokens import ARM, ML, check_token
from tests.azure.facts import Types

SUBSCRIPTION: Final = "00000000-1111-2222-3333-444444444444"
PUBLIC: Final = ("/discovery", "/logs/", "/metadata/")
"""Paths that need no token: discovery, and logs whose URL is itself a secret."""


class Double:
    """One workspace in one resource group of one subscription, and the services around it.

    Handling a request takes the lock, so that the store is as consistent as the service's; waiting does not.
    """

    def __init__(
        self,
        behaviours: Behaviours | None = None,
        *,
        subscription_id: str = SUBSCRIPTION,
        resource_group: str = "rg",
        workspace_name: str = "ws",
        location: str = "eastus2",
    ) -> None:
        self.behaviours = behaviours or Behaviours()
        self.subscription_id, self.resource_group = subscription_id, resource_group
        self.workspace_name, self.location = workspace_name, location
        self.types, self.store, self.log, self.faults = Types(), Store(), Log(), Faults()
        self.lock = threading.RLock()
        self.base_url = ""  # where it is served
        self.blob = Blob()
        self.denied_actions: list[str] = []  # what the caller may not do: 403, and notActions of permissions
        self.vm_sizes: dict[str, int] = {"Standard_DS3_v2": 4, "Standard_D2s_v3": 2, "Standard_NC6s_v3": 6}
        self.vm_families = {"Standard_DS3_v2": "standardDSv2Family", "Standard_D2s_v3": "standardDSv3Family"}
        self.cores_left = 24
        self.family_limits: dict[str, int] = {}  # by the name of the quota
        self.neighbours: dict[str, set[str]] = {}  # other workspaces of the region, and their endpoints
        self.server: Any = None  # what `serving` put it behind
        self.control_plane, self.actions, self.jobs = ControlPlane(self), Actions(self), Jobs(self)
        self._failures: list[tuple[str, str, str, str, int]] = []
        surroundings.furnish(self)

    @property
    def workspace(self) -> str:
        """The workspace's ARM id, as the service spells it."""
        group = f"/subscriptions/{self.subscription_id}/resourceGroups/{self.resource_group}"
        return f"{group}/providers/Microsoft.MachineLearningServices/workspaces/{self.workspace_name}"

    def id_of(self, path: str) -> str:
        """The ARM id of `models/m/versions/1`."""
        return f"{self.workspace}/{path}"

    def paths(self, *kinds: str) -> list[str]:
        """What is there, as batchEndpoints/ep/deployments/d; of some kinds only, if any are named."""
        with self.lock:
            return [each.path for each in self.store.resources.values() if not kinds or each.kind in kinds]

    def resource(self, path: str) -> Resource:
        """What was accepted for a path, unaltered in `body`.

        Raises:
            KeyError: nothing is there.
        """
        at = place(path)
        found = self.store.get(at.kind, at.names) if at else None
        if found is None:
            raise KeyError(path)
        return found

    def seed(self, path: str, body: Document, api_version: str = "2024-10-01") -> Resource:
        """Have a resource as if it had been there for long. Its body is not judged."""
        at = place(path)
        if at is None or at.is_collection or at.action:
            raise ValueError(f"{path} is no path of a resource")
        with self.lock:
            return self.store.put(Resource(at.kind, at.names, body, api_version, was_ready=True))

    def keep_blobs_at(self, url: str, account: str, key: str, container: str = CONTAINER) -> None:
        """Have the workspace's datastores and pending uploads in an emulator: `url` ends with the account."""
        with self.lock:
            self.blob.serve(url, account, key, container)
            surroundings.furnish(self)

    def fail_provisioning(
        self, path: str, code: str = "InternalServerError", message: str = "", *, method: str = "PUT", count: int = 1
    ) -> None:
        """Let the next `count` operations end as Failed that a method starts on a resource whose path has this text."""
        self._failures.append((method, path, code, message or f"The operation on {path} failed.", count))

    def provisioning_error(self, method: str, path: str) -> tuple[str, str] | None:
        """The error with which an operation is to end, once."""
        for number, (of, part, code, message, count) in enumerate(self._failures):
            if of == method and part in path and count > 0:
                self._failures[number] = (of, part, code, message, count - 1)
                return code, message
        return None

    def retry_after(self) -> dict[str, str]:
        """The service sends none; a kinder one would."""
        return {} if self.behaviours.no_retry_after else {"Retry-After": "0"}

    def handle(self, request: Request) -> Answer:
        """The answer to a request, whatever it is."""
        with self.lock:
            try:
                self._check_quota(request)
                answer = self._routed(request)
            except Refusal as refused:
                answer = refused.answer(self.location)
            answer.headers.update(self._quota(request, answer))
        return answer

    def _check_quota(self, request: Request) -> None:
        is_write = request.method in ("PUT", "PATCH", "POST") and request.path.startswith("/subscriptions/")
        if is_write and self.behaviours.writes_left <= 0:
            said = "Number of write requests for the subscription exceeded the limit. Please try again later."
            raise Refusal(429, "SubscriptionRequestsThrottled", said, headers={"Retry-After": "1"})

    def _routed(self, request: Request) -> Answer:
        if request.path.startswith(PUBLIC):
            return self._first(request, surroundings.public, self.jobs.log_text)
        if self.behaviours.authenticated:
            is_scoring = request.path.startswith("/scoring/")
            both = request.path.startswith(("/history/", "/data/", "/mferp/"))
            check_token(request, (ML,) if is_scoring else (ARM, ML) if both else (ARM,))
        if request.path.startswith(("/scoring/", "/history/", "/data/", "/mferp/")):
            return self._first(request, self.jobs.data_plane)
        if not request.api_version:
            said = "The api-version query parameter (?api-version=) is required for all requests."
            raise Refusal(400, "MissingApiVersionParameter", said)
        surroundings.check_api_version(request)
        found = WORKSPACE.fullmatch(request.path)
        if found is None:
            return self._first(request, lambda asked: surroundings.answer(self, asked))
        if found["workspace"] in self.neighbours:
            return surroundings.neighbour(self, found)
        surroundings.check_workspace(self, found)
        return self._in_workspace(request, found["rest"] or "")

    def _first(self, request: Request, *answering: Callable[[Request], Answer | None]) -> Answer:
        for each in answering:
            if (answer := each(request)) is not None:
                return answer
        raise Refusal(404, "InvalidResourceType", f"The resource type could not be found: {request.path}")

    def _in_workspace(self, request: Request, rest: str) -> Answer:
        if not rest.strip("/"):
            return surroundings.workspace(self, request)
        if (special := surroundings.in_workspace(self, request, rest)) is not None:
            return special
        at = place(rest)
        if at is None:
            raise Refusal(404, "InvalidResourceType", f"The resource type could not be found: {rest}")
        rights.check(request, at, self.denied_actions)
        if at.kind == "jobs":
            return self.jobs.control_plane(request, at)
        if at.action:
            return self.actions.post(request, at)
        verbs: dict[str, Callable[[Request, Any], Answer]] = {
            "GET": self.control_plane.get,
            "PUT": self.control_plane.put,
        }
        verbs |= {"PATCH": self.control_plane.patch, "DELETE": self.control_plane.delete}
        if at.is_collection:
            verbs = {"GET": self.control_plane.collection}
        if request.method not in verbs:
            said = f"The requested resource does not support http method '{request.method}'."
            raise Refusal(405, "MethodNotAllowed", said)
        return verbs[request.method](request, at)

    def _quota(self, request: Request, answer: Answer) -> dict[str, str]:
        """Ids and, of writes and deletes, how many are left."""
        one = str(uuid.uuid4())
        told = {"x-ms-request-id": one, "x-ms-correlation-request-id": one, "x-ms-routing-request-id": f"DOUBLE:{one}"}
        if not self.behaviours.quota_headers or not request.path.startswith("/subscriptions/"):
            return told
        left, what = "x-ms-ratelimit-remaining-subscription-", {"DELETE": "deletes", "GET": "reads"}
        kept = {"DELETE": 14999, "GET": 11999}.get(request.method)
        if kept is None and answer.status < 400:
            self.behaviours.writes_left -= 1
        told[left + what.get(request.method, "writes")] = str(self.behaviours.writes_left if kept is None else kept)
        if request.method == "PUT" and "/deployments/" in request.path:
            told[left + "resource-requests"] = "24"
        return told
