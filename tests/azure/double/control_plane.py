"""GET, PUT, PATCH and DELETE of the workspace's resources, and the operations that they start. It knows no socket."""

from typing import TYPE_CHECKING
from urllib.parse import quote

from tests.azure.double import patches, references, rules
from tests.azure.double.answering.answers import Context, shown
from tests.azure.double.exchange import Answer, Null, Refusal, Request
from tests.azure.double.routes import Place
from tests.azure.double.store import SLOW, VERSIONS, Document, Operation, Resource, now

if TYPE_CHECKING:
    from tests.azure.double.double import Double

GONE = {"batchEndpoints": "NoSuchEndpoint", "batchEndpoints/deployments": "NoSuchDeployment"}


class ControlPlane:
    """The resources of one workspace."""

    def __init__(self, double: "Double") -> None:
        self._double, self._store = double, double.store

    def context(self, request: Request) -> Context:
        """What answering a request needs beside the resource."""
        double = self._double
        return Context(
            double.behaviours,
            double.types,
            self._store,
            double.workspace,
            double.location,
            request.base,
            request.api_version,
        )

    def get(self, request: Request, at: Place) -> Answer:
        """One resource. Who reads it brings the operation that runs on it nearer to its end."""
        there = self.there(at)
        if there.unseen_reads > 0:
            there.unseen_reads -= 1
            raise self._missing(at)
        body = shown(there, self.context(request))
        if there.operation is not None:
            there.operation.look()
        return Answer(200, body)

    def there(self, at: Place) -> Resource:
        """The resource at a place.

        Raises:
            Refusal: there is none.
        """
        self._require_parents(at)
        if there := self._store.get(at.kind, at.names):
            return there
        raise self._missing(at)

    def _require_parents(self, at: Place) -> None:
        if at.kind == "batchEndpoints/deployments" and self._store.get("batchEndpoints", at.names[:1]) is None:
            raise self._missing(Place("batchEndpoints", at.names[:1]))

    def _missing(self, at: Place) -> Refusal:
        code = GONE.get(at.kind, references.CODES.get(at.kind, "ResourceNotFound"))
        name = ":".join(at.names)
        said = f"There is no {at.kind} with name: {name} in {self._double.workspace_name}"
        if at.kind == "batchEndpoints":
            said = f"There is no endpoint with name: {name} in {self._double.workspace_name}"
        details = [(code, said)] if self._double.behaviours.details_of_not_found else []
        top = "NotFound" if at.kind.startswith("batchEndpoints") else "UserError"
        return Refusal(404, top, "The specified resource was not found.", details=details)

    def collection(self, request: Request, at: Place) -> Answer:
        """A page of a kind's resources; `nextLink` leads to the next one. $top makes pages smaller."""
        if at.kind == "batchEndpoints/deployments":
            self.there(Place("batchEndpoints", at.names))
        found = [each for each in self._store.of_kind(at.kind, at.names) if not each.unseen_reads]
        if at.kind in VERSIONS and request.query.get("hash"):
            found = [each for each in found if _hash(each) == request.query["hash"]]
        if request.query.get("isDefault", "").lower() == "true":
            found = [each for each in found if (each.body["properties"]).get("isDefault")]
        if request.query.get("listViewType", "ActiveOnly") == "ActiveOnly":
            found = [each for each in found if not (each.body.get("properties") or {}).get("isArchived")]
        if "desc" in request.query.get("$orderBy", ""):
            found.reverse()  # by time, the only order that there is
        bodies = [shown(each, self.context(request)) for each in found]
        for each in found:
            if each.operation is not None:
                each.operation.look()
        return paged(request, bodies, self._double.behaviours.page_size)

    def put(self, request: Request, at: Place) -> Answer:
        """Create or replace."""
        double, store = self._double, self._store
        there = store.get(at.kind, at.names)
        self._require_parents(at)
        rules.check_name(at.kind, at.names[-1], double.behaviours, is_new=there is None)
        body = rules.check_body(at.kind, request.body, double.behaviours, double.types)
        self._refuse_while_busy(at)
        if there is not None:
            rules.check_unchanged(there, body, double.behaviours)
        references.check(at.kind, body, store, double.behaviours)
        if at.kind == "batchEndpoints" and double.behaviours.default_must_exist:
            references.check_default(at.names, body, store)
        kept = rules.merged(there, body, double.behaviours)
        if there is None:
            seen = double.behaviours.unseen_references, double.behaviours.unseen_reads
            there = store.put(Resource(at.kind, at.names, kept, request.api_version, "Succeeded", None, None, *seen))
            status = 201
        else:
            there.body, there.modified, status = kept, now(), 200
        return self._written(request, there, status)

    def patch(self, request: Request, at: Place) -> Answer:
        """Change the few members that are published for it; answered at once."""
        there = self.there(at)
        self._refuse_while_busy(at)
        there.body, there.modified = patches.patched(there, request.body, self._double.behaviours), now()
        return Answer(200, shown(there, self.context(request)))

    def _written(self, request: Request, there: Resource, status: int) -> Answer:
        """The answer to a write that was taken, with the operation it started."""
        url = f"{request.base}{quote(request.path)}?api-version={request.api_version}"
        if there.kind not in SLOW:
            there.was_ready = True
            return Answer(status, shown(there, self.context(request)), {"Location": url} if status == 201 else {})
        operation = self.begin(there, "PUT")
        headers = {**self.headers(request, operation), "Location": url}
        there.operation_url = headers["Azure-AsyncOperation"]
        body = shown(there, self.context(request))
        operation.settle()
        return Answer(status, body, headers)

    def begin(self, there: Resource, method: str) -> Operation:
        """Start an operation; it fails if a test wants it to."""
        behaviours, double = self._double.behaviours, self._double
        error = double.provisioning_error(method, there.path)

        def at_end(operation: Operation) -> None:
            if operation.error is not None:
                there.state = "Failed"
            elif operation.is_deletion:
                self._store.remove(there)
            else:
                there.state, there.was_ready = "Succeeded", True

        operation = self._store.begin(there, behaviours.polls, behaviours.operation_seconds, at_end)
        operation.error, operation.is_deletion = error, method == "DELETE"
        return operation

    def headers(self, request: Request, operation: Operation) -> dict[str, str]:
        """Where a client follows an operation."""
        double = self._double
        word = "compute" if operation.key[0] == "computes" else "mfe"
        place = f"{request.base}/subscriptions/{double.subscription_id}/providers/Microsoft.MachineLearningServices"
        place += f"/locations/{double.location}/{word}Operation"
        query = f"?api-version={request.api_version}"
        return {
            "Azure-AsyncOperation": f"{place}sStatus/{operation.name}{query}",
            "Location": f"{place}Results/{operation.name}{query}",
            "x-ms-async-operation-timeout": "PT30M",
            **double.retry_after(),
        }

    def delete(self, request: Request, at: Place) -> Answer:
        """Delete: 204 where nothing is, at once where it is quick, else 202."""
        there = self._store.get(at.kind, at.names)
        if there is None:
            return Answer(204)
        action = request.query.get("underlyingResourceAction", "").lower()
        is_wanted = at.kind == "computes" and self._double.behaviours.underlying_action
        if is_wanted and action not in ("delete", "detach"):
            raise Refusal(400, "BadArgument", "underlyingResourceAction is required: Delete or Detach.")
        self._refuse_while_busy(at)
        self._refuse_if_needed(there)
        if there.kind not in SLOW:
            self._store.remove(there)
            return Answer(200)
        operation = self.begin(there, "DELETE")
        operation.settle()
        body = Null if self._double.behaviours.null_after_delete else None
        return Answer(202, body, self.headers(request, operation))

    def _refuse_while_busy(self, at: Place) -> None:
        running = [each for each in self._store.running_beside(at.kind, at.names) if each.ended is None]
        for each in running:
            each.look()  # who tries often enough gets through
        if running and self._double.behaviours.busy:
            said = f"Another operation on '{at.names[0]}' is in progress. Please try again later."
            raise Refusal(409, "Conflict", said, headers=self._double.retry_after())

    def _refuse_if_needed(self, there: Resource) -> None:
        behaviours = self._double.behaviours
        below = self._store.of_kind("batchEndpoints/deployments", there.names) if there.kind == "batchEndpoints" else []
        if below and not behaviours.endpoint_takes_deployments:
            raise Refusal(
                409, "UserError", f"Endpoint {there.names[0]} has {len(below)} deployments. Delete them first."
            )
        if behaviours.guarded_dependents and (found := references.dependents(there, self._store)):
            names = ", ".join(each.path for each in found)
            raise Refusal(409, "UserError", f"{there.path} cannot be deleted: it is in use by {names}.")


def _hash(there: Resource) -> str:
    properties: Document = there.body["properties"].get("properties") or {}
    return str(properties.get("hash_sha256", ""))


def paged(request: Request, bodies: list[Document], size: int) -> Answer:
    """A page of a list: {value, nextLink}."""
    size = min(size, int(request.query.get("$top", size)))
    first = int(request.query.get("$skiptoken", "0"))
    answer: Document = {"value": bodies[first : first + size]}
    if first + size < len(bodies):
        kept = {**request.query, "$skiptoken": str(first + size)}
        query = "&".join(f"{quote(name)}={quote(value)}" for name, value in kept.items())
        answer["nextLink"] = f"{request.base}{quote(request.path)}?{query}"
    return Answer(200, answer)
