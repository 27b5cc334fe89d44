"""The objects of a workspace of Azure ML: read, begun, asked after. Knows no state, no plan and no job.

The id of the operation that wrote an object stands in a tag of it, so an apply that was killed between a write and its
answer finds what it has done.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from bep.planner.observed import Condition, Observed
from bep.providers.azure.arm.client import FINAL, ArmClient, Begun
from bep.providers.azure.arm.errors import Refusal, failure_of
from bep.providers.azure.arm.saying import said
from bep.providers.azure.arm.tokens import Token, read_token, token_of
from bep.providers.azure.place import Place
from bep.providers.azure.reading import Body, Reading
from bep.providers.azure.translation.bodies import body_for, traffic_body
from bep.providers.azure.translation.normalising import condition_of, observed_of
from bep.providers.azure.translation.shape import at
from bep.providers.protocol import Conflict, Done, Forgotten, Pending, ProviderError, Verb, Write
from bep.schemas.address import Address, address_of, kind_of, names_of
from bep.schemas.resource import Resource

if TYPE_CHECKING:
    from bep.providers.azure.content.storing import Storing

SEEN_AFTER: Final = 60.0
"""Seconds until what was made is seen everywhere; nobody publishes how long that takes."""
BUSY_FOR: Final = 600.0
"""Seconds that a write is tried again for while the service is at work on the same object."""
_LEAST: Final = 0.01  # seconds between two tries, however eager somebody is


class AzureProvider:
    """One workspace's objects. `storing` puts the bytes of contents where the service finds them."""

    name = "azure"

    def __init__(
        self,
        client: ArmClient,
        place: Place,
        secret_key: str,
        *,
        answers: dict[str, Any] | None = None,
        storing: "Callable[[], Storing]",
    ) -> None:
        self.client, self.place = client, place
        self.busy_for, self.seen_after = BUSY_FOR, SEEN_AFTER
        self._secret_key, self._storing = secret_key, storing
        self._reading = Reading(client, place, {} if answers is None else answers, keeps=not secret_key)
        self._made: set[Address] = set()

    def read(self, addresses: Iterable[Address]) -> Mapping[Address, Observed]:
        """Those of the addresses that exist; one question for each collection."""
        with said("provider/azure", "read"):
            found = dict(self._observed(self._reading.bodies(addresses)))
            self._reading.forget()
            return found

    def list(self, kind: str) -> Mapping[Address, Observed]:
        """Every object of a kind, oldest first."""
        with said(f"provider/azure/{kind}", "list"):
            return dict(self._observed(self._reading.every(kind)))

    def newest(self, kind: str, name: str) -> Address | None:
        """The version that the container of a name calls its latest: one question, however many there are."""
        with said(f"provider/azure/{kind}", "read"):
            return self._reading.newest(kind, name)

    def deployments(self, endpoint: str) -> Mapping[Address, Observed]:
        """The deployments of one endpoint, by its plain name."""
        with said(f"endpoint/{endpoint}", "list"):
            return dict(self._observed(dict(self._reading.below("deployment", endpoint))))

    def _observed(self, bodies: Mapping[Address, Body]) -> Iterator[tuple[Address, Observed]]:
        for address, body in bodies.items():
            if (found := observed_of(address, body, self.place, self._secret_key)) is not None:
                yield address, found

    def begin(self, write: Write) -> Done | Pending:
        """Write, or begin to; see `Provider`. Bytes are stored before the object that names them is made.

        What is refused while another operation goes on at the object, and what names something that this apply has just
        made and that is not seen everywhere yet, is tried again; the object is read anew for that, and whoever has
        changed it meanwhile is not overwritten.
        """
        with said(write.address, write.verb):
            began, stored = time.monotonic(), False
            while True:
                there = self._reading.body(write.address)
                now = None if there is None else observed_of(write.address, there, self.place, self._secret_key)
                if (known := _already(write, there, now, self.client.connection.interval)) is not None:
                    return known
                if write.resource is not None and not stored:
                    self._storing().store(write.resource, write.transferred)
                    stored = True
                try:
                    begun = self._write(write, there)
                except Refusal as refusal:
                    self._pause(write, refusal, began)
                else:
                    return self._after(token_of(write, begun), begun)

    def _pause(self, write: Write, refusal: Refusal, began: float) -> None:
        """Wait as long as is asked for, else as between two questions. Raises the refusal where waiting is no use."""
        is_early = refusal.status in (400, 404) and any(map(refusal.names, self._fresh(write)))
        patience = self.busy_for if refusal.is_busy else self.seen_after if is_early else 0.0
        pause = self.client.connection.interval if refusal.retry_after is None else refusal.retry_after
        if time.monotonic() + pause >= began + patience:
            raise refusal
        time.sleep(max(pause, _LEAST))

    def poll(self, token: str) -> Done | Pending:
        """How a write is doing; see `Provider`."""
        known = read_token(token)
        with said(known.address, "wait"):
            answer = self._looked(known)
            return Pending(token, self._wait(answer)) if answer is not None else self._ended(known)

    def _write(self, write: Write, there: Body | None) -> Begun:
        id = self.place.id_of(write.address)
        if kind_of(write.address) == "traffic":
            if there is None:
                raise ProviderError(write.address, write.verb, "its endpoint is not there", code="NotFound")
            return self.client.put(id, traffic_body(there, _chosen(write.resource), write.operation))
        if write.verb is Verb.DELETE:
            query = {"underlyingResourceAction": "Delete"} if kind_of(write.address) == "compute" else {}
            return self.client.delete(id, **query)
        body = self._asked(write, there)
        return self.client.put(id, self._with_credentials(write, there, body))

    def _asked(self, write: Write, there: Body | None) -> dict[str, Any]:
        try:
            return body_for(write.wanted, self.place, self.location, write.operation, there=there, entry=write.entry)
        except ValueError as problem:
            raise ProviderError(write.address, write.verb, str(problem), code="SecretUnknown") from None

    def _with_credentials(self, write: Write, there: Body | None, body: dict[str, Any]) -> dict[str, Any]:
        """A datastore whose credentials no spec has keeps them: a PUT without them would take them away."""
        sort = at(there or {}, ("properties", "credentials", "credentialsType"))
        if (
            kind_of(write.address) != "datastore"
            or sort in (None, "None")
            or write.wanted.attributes.get("credentials")
        ):
            return body
        secrets = self.client.post(self.place.id_of(write.address), "listSecrets")
        kept = {**dict(at(there or {}, ("properties", "credentials"))), "secrets": dict(secrets)}
        return {**body, "properties": {**body["properties"], "credentials": kept}}

    def _fresh(self, write: Write) -> Iterator[str]:
        """Names of what this apply has made and a write refers to."""
        referred = [one.address for one in write.resource.references] if write.resource else []
        for address in referred:
            if address in self._made:
                yield names_of(address)[-1 if kind_of(address) == "deployment" else 0]

    def _after(self, token: Token, begun: Begun) -> Done | Pending:
        """What a write has come to with its first answer."""
        if token.verb is Verb.DELETE and kind_of(token.address) != "traffic":
            if begun.code in (204, 404) or not (begun.status or begun.location):
                return Done(None)
            return Pending(token.text, self._wait(begun))
        if begun.status or begun.code == 202:
            return Pending(token.text, self._wait(begun))
        if begun.body is None or condition_of(begun.body)[0] is Condition.PROGRESSING:
            return Pending(token.text, self._wait(begun))
        return self._done(token, begun.body)

    def _looked(self, token: Token) -> Begun | None:
        """The answer of an operation that goes on; None for one that is through. Raises `Forgotten`."""
        if not token.status and not token.location:
            return None
        try:
            answer = self.client.look(token.status or token.location)
        except Refusal as refusal:
            if refusal.status != 404:
                raise
            if token.verb is Verb.DELETE:
                return None
            raise Forgotten(token.address, "wait", "the service does not know its operation any more") from None
        if not token.status:
            return answer if answer.code == 202 else None
        state = str((answer.body or {}).get("status") or "").casefold()
        if state not in FINAL:
            return answer
        if state != "succeeded":
            raise failure_of(answer.body or {}).at(token.address, "wait")
        return None

    def _ended(self, token: Token) -> Done | Pending:
        """What is there once nothing is known to go on."""
        is_traffic = kind_of(token.address) == "traffic"
        if token.verb is Verb.DELETE and not is_traffic and (token.status or token.location):
            return Done(None)
        body = self._reading.body(token.address)
        if body is None:
            if token.verb is Verb.DELETE:
                return Done(None)
            raise Forgotten(token.address, "wait", "it is not there")
        is_deleted = token.verb is Verb.DELETE and not is_traffic
        if is_deleted or condition_of(body)[0] is Condition.PROGRESSING:
            return Pending(token.text, self.client.connection.interval)
        return self._done(token, body)

    def _done(self, token: Token, body: Body) -> Done:
        observed = observed_of(token.address, body, self.place, self._secret_key)
        self._made.add(token.address)
        if kind_of(token.address) != "traffic":
            return Done(observed)
        endpoint = address_of("endpoint", *names_of(token.address))
        touched = observed_of(endpoint, body, self.place, self._secret_key)
        return Done(observed, {endpoint: touched} if touched else {})

    def _wait(self, answer: Begun) -> float:
        interval = self.client.connection.interval
        return interval if answer.retry_after is None else answer.retry_after

    @cached_property
    def location(self) -> str:
        """The region of the workspace, in which everything that has one is made."""
        found = self.client.get(self.place.root)
        if found is None or not found.get("location"):
            message = f"there is no workspace {self.place.workspace} in the resource group {self.place.group}"
            raise ProviderError("provider/azure", "read", message, code="NotFound")
        return str(found["location"])


def _chosen(resource: Resource | None) -> str | None:
    split = resource.attributes.get("split", {}) if resource else {}
    return next((name for name, share in split.items() if share), None)


def _already(write: Write, there: Body | None, now: Observed | None, interval: float) -> Done | Pending | None:
    """What is to be said without writing: it was written, it is going, it is gone. None where there is work to do.

    Raises `Conflict` for another version than the one that is to be changed.
    """
    if write.verb is Verb.DELETE:
        if now is None:
            return Done(None)
        if str(at(there or {}, ("properties", "provisioningState"))).casefold() == "deleting":
            return Pending(token_of(write).text, interval)
    elif now is not None and now.operation == write.operation:
        is_going = now.condition is Condition.PROGRESSING
        return Pending(token_of(write).text, interval) if is_going else Done(now)
    if write.verb is Verb.CREATE:
        if now is not None:
            raise Conflict(write.address, write.verb, "it is already there", code="exists")
    elif now is None or now.etag != write.etag:
        raise Conflict(write.address, write.verb, "it was changed since it was planned for", code="etag")
    return None
