"""A world that is slow and forgetful, as services are: `python -m tests.slow_world COMMAND` is bep that has it.

The service is a file. Writes are operations that take polls; each first request is throttled; what was written is seen
some reads later; there are no etags, so the provider makes them of what it reads; traffic is a field of its endpoint.
"""

import fcntl
import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bep.planner.canonical import digest_of
from bep.planner.observed import Condition, Observed
from bep.planner.state import ContentRecord
from bep.planner.wanted import records
from bep.providers.check import Probe
from bep.providers.protocol import Conflict, Done, Forgotten, Pending, ProviderError, Verb, Write
from bep.providers.world import Setup, Unfit
from bep.providers.worlds import WORLDS
from bep.schemas.address import Address, kind_of, names_of
from bep.schemas.resource import Resource
from bep.schemas.secrets.secret import seal

NAME = "azure"  # the one other name that bep.yml may have today
POLLS = 3
LAG = 2
SOON = 0.01
EMPTY: dict[str, Any] = {"objects": {}, "operations": {}, "log": [], "throttled": [], "lag": {}}


class Service:
    """The service's side, in `service.json` below a folder.

    `hold` beside it keeps operations from ending, `stall` keeps the answer to a write back, and `fail` names the
    address whose next operation fails.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def data(self) -> Iterator[dict[str, Any]]:
        with (self.folder / "service.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            file = self.folder / "service.json"
            data = json.loads(file.read_text()) if file.exists() else json.loads(json.dumps(EMPTY))
            try:
                yield data
            finally:
                whole = file.with_suffix(".new")  # whoever asks may be killed at any moment
                whole.write_text(json.dumps(data))
                whole.replace(file)

    def log(self) -> list[list[str]]:
        """Every operation that was begun: verb and address."""
        with self.data() as data:
            return [list(line) for line in data["log"]]

    def begin(self, write: Write, attributes: Mapping[str, Any], contents: Mapping[str, Any]) -> None:
        with self.data() as data:
            if write.operation in data["operations"]:
                return
            if write.operation not in data["throttled"]:
                data["throttled"].append(write.operation)
                raise ProviderError(
                    write.address, write.verb, "too many requests", code="429", retryable=True, retry_after=SOON
                )
            data["operations"][write.operation] = {"polls": 0, "address": write.address, "error": ""}
            data["log"].append([str(write.verb), write.address])
            there = data["objects"].get(write.address)
            if write.verb is not Verb.DELETE:
                there = {"attributes": attributes, "contents": contents, "traffic": (there or {}).get("traffic")}
            there["operation"], there["condition"], there["why"] = write.operation, "progressing", ""
            there["gone"] = write.verb is Verb.DELETE
            data["objects"][write.address] = there
        while (self.folder / "stall").exists():
            time.sleep(SOON)

    def poll(self, operation: str) -> bool:
        """Whether an operation is through and can be seen."""
        with self.data() as data:
            if operation not in data["operations"]:
                raise Forgotten("", "poll", "there is no such operation")
            known = data["operations"][operation]
            self._advance(data, known)
            if known["error"]:
                raise ProviderError(known["address"], "wait", known["error"], code="Failed")
            return bool(known["polls"] > POLLS + LAG)

    def objects(self) -> dict[str, Any]:
        """All that is there. Time passes."""
        with self.data() as data:
            for known in data["operations"].values():
                self._advance(data, known)
            found: dict[str, Any] = data["objects"]
            return found

    def _advance(self, data: dict[str, Any], known: dict[str, Any]) -> None:
        if known["polls"] < POLLS or not (self.folder / "hold").exists():
            known["polls"] += 1
            if known["polls"] == POLLS + 1:
                self._end(data, known["address"], known)

    def _end(self, data: dict[str, Any], address: str, known: dict[str, Any]) -> None:
        there, fail = data["objects"][address], self.folder / "fail"
        if fail.exists() and fail.read_text() == address:
            fail.unlink()
            known["error"] = there["why"] = "no capacity"
            there["condition"] = "failed"
            return
        there["condition"] = "ready"
        if there["gone"]:
            del data["objects"][address]
        if kind_of(Address(address)) == "traffic":
            endpoint = "endpoint/" + names_of(Address(address))[0]
            if endpoint in data["objects"]:
                data["objects"][endpoint]["traffic"] = None if there["gone"] else there["attributes"]


class SlowProvider:
    name = NAME

    def __init__(self, service: Service, secret_key: str) -> None:
        self.service, self.secret_key = service, secret_key

    def read(self, addresses: Iterable[Address]) -> Mapping[Address, Observed]:
        there = self.service.objects()
        return {name: _observed(there[name]) for name in addresses if name in there}

    def list(self, kind: str) -> Mapping[Address, Observed]:
        there = self.service.objects()
        return {Address(name): _observed(one) for name, one in there.items() if kind_of(Address(name)) == kind}

    def newest(self, kind: str, name: str) -> Address | None:
        return next((one for one in reversed(tuple(self.list(kind))) if names_of(one)[0] == name), None)

    def begin(self, write: Write) -> Done | Pending:
        there = self.read([write.address]).get(write.address)
        if there is None or there.operation != write.operation:
            if write.verb is Verb.CREATE and there is not None:
                raise Conflict(write.address, write.verb, "it is already there", code="exists")
            if write.verb is Verb.DELETE and there is None:
                return Done(None)
            if write.verb is not Verb.CREATE and (there is None or there.etag != write.etag):
                raise Conflict(write.address, write.verb, "it was changed since it was planned for", code="etag")
        resource = write.resource
        attributes = seal(resource.attributes, self.secret_key) if resource else {}
        contents = {
            path: record.model_dump() for path, record in records(resource.contents if resource else {}).items()
        }
        self.service.begin(write, attributes, contents)
        return Pending(json.dumps([write.operation, write.address]), SOON)

    def poll(self, token: str) -> Done | Pending:
        operation, address = json.loads(token)
        if not self.service.poll(operation):
            return Pending(token, SOON)
        endpoint = Address("endpoint/" + names_of(address)[0]) if kind_of(address) == "traffic" else None
        found = self.read([address, *([endpoint] if endpoint else [])])
        return Done(found.get(address), {endpoint: found[endpoint]} if endpoint in found and endpoint else {})


class SlowWorld:
    """Objects and nothing else: no bytes given back, no environments, no jobs on this machine."""

    name = NAME
    contents = copies = places = scoring = environments = exports = job_exports = jobs = preflight = None
    folders: tuple[Path, ...] = ()
    written: tuple[Path, ...] = ()

    def __init__(self, setup: Setup) -> None:
        self.objects = SlowProvider(Service(setup.root), setup.secret_key)

    def unfit(self, resources: Sequence[Resource]) -> Iterator[Unfit]:
        return iter(())

    def lacking(self, resources: Sequence[Resource]) -> Iterator[Unfit]:
        return iter(())

    def checks(self, resources: Sequence[Resource]) -> Mapping[str, Probe]:
        return {}

    def seal(self) -> None: ...

    def close(self) -> None: ...


def _observed(there: Mapping[str, Any]) -> Observed:
    """An object as the provider gives it, its etag made of all that the service says of it."""
    return Observed(
        there["attributes"],
        digest_of([there["attributes"], there["traffic"], there["condition"]])[7:23],
        there["operation"],
        {path: ContentRecord(**record) for path, record in there["contents"].items()},
        Condition(there["condition"]),
        there["why"],
    )


if __name__ == "__main__":
    from bep.cli import main

    WORLDS[NAME] = SlowWorld
    main()
