"""The article's endpoint and what happens to it over time: specs, states and worlds that golden files are made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

from bep.planner.formats.planfile import signed
from bep.planner.observed import Observed
from bep.planner.options import Options
from bep.planner.plan import Plan
from bep.planner.planning.planning import draft
from bep.planner.reviewing.evidence import Asked, evidence_of
from bep.planner.reviewing.reviewing import reviewed
from bep.planner.state import State
from bep.schemas.address import Address
from bep.schemas.kinds.kind import load_kinds
from bep.schemas.mark import Mark
from bep.schemas.resource import Content, Reference, Resource
from tests.worlds import EMPTY, Memory, apply

APPLIED = "2026-01-01T00:00:00Z"
PLANNED = "2026-01-02T03:00:00Z"

Wish = dict[Address, Resource]


def content(local: str, **files: str) -> Content:
    """A folder whose files have these (made up) digests."""
    digest = "".join(f"{len(name)}{text}" for name, text in sorted(files.items())).ljust(64, "0")
    return Content(local, digest, {name.replace("__", "."): text * 8 for name, text in files.items()}, "/somewhere")


def wanted(address: str, references: tuple[str, ...] = (), **attributes: Any) -> Resource:
    """A resource at a likely place, with every `Content` among its attributes put where it belongs."""
    contents = {name: value for name, value in attributes.items() if isinstance(value, Content)}
    plain = {
        name: {"local": value.local, "sha256": value.sha256} if isinstance(value, Content) else value
        for name, value in attributes.items()
    }
    return Resource(
        Address(address),
        plain,
        Mark(f"{address.split('/')[0]}.yml", 1, 1),
        tuple(Reference(("x",), Address(name)) for name in references),
        contents,
    )


def compute(**changed: Any) -> Resource:
    base = {"name": "cpu-cluster", "type": "amlcompute", "size": "STANDARD_DS3_V2", "min_instances": 0}
    return wanted("compute/cpu-cluster", **{**base, "max_instances": 2, "idle_time_before_scale_down": 120, **changed})


def model(version: str = "1", **changed: Any) -> Resource:
    bytes_of_model = content("mnist/model", checkpoint="ab", model__meta="cd")
    base = {"name": "mnist", "version": version, "type": "custom_model", "path": bytes_of_model}
    return wanted(f"model/mnist/{version}", **{**base, **changed})


def environment(**changed: Any) -> Resource:
    conda = {"name": "mnist-env", "dependencies": ["python=3.8", "pip", {"pip": ["tensorflow==2.4", "pillow"]}]}
    base = {"name": "mnist-env", "version": "1", "image": "mcr.example/openmpi:latest", "conda_file": conda}
    return wanted("environment/mnist-env/1", **{**base, **changed})


def endpoint(**changed: Any) -> Resource:
    return wanted("endpoint/mybatchedp", **{"name": "mybatchedp", "auth_mode": "aad_token", **changed})


def deployment(name: str, used: str = "model/mnist/1", **changed: Any) -> Resource:
    references = ("endpoint/mybatchedp", used, "environment/mnist-env/1", "compute/cpu-cluster")
    settings = {
        "mini_batch_size": 10,
        "max_concurrency_per_instance": 2,
        "output_action": "append_row",
        "output_file_name": "predictions.csv",
        "retry_settings": {"max_retries": 3, "timeout": 30},
        "error_threshold": -1,
        "logging_level": "info",
        **changed.pop("settings", {}),
    }
    base = {
        "name": name,
        "endpoint_name": "mybatchedp",
        "type": "model",
        "model": used,
        "environment": "environment/mnist-env/1",
        "compute": "compute/cpu-cluster",
        "resources": {"instance_count": 1},
        "settings": settings,
    }
    return wanted(f"deployment/mybatchedp/{name}", references, **{**base, **changed})


def traffic(to: str) -> Resource:
    references = ("endpoint/mybatchedp", f"deployment/mybatchedp/{to}")
    return wanted("traffic/mybatchedp", references, endpoint="endpoint/mybatchedp", split={to: 100})


def folder(**files: bytes) -> tuple[Content, dict[str, bytes]]:
    """A content of these files, and their bytes by digest."""
    bytes_of = {sha256(data).hexdigest(): data for data in files.values()}
    names = {name.replace("__", "."): sha256(data).hexdigest() for name, data in files.items()}
    return Content("code", sha256(repr(names).encode()).hexdigest(), names, "/somewhere"), bytes_of


def with_code(name: str, code: Content, used: str = "model/mnist/1") -> Resource:
    """A deployment with a scoring script."""
    found = deployment(name, used)
    attributes = {**found.attributes, "code_configuration": {"code": {"local": "code", "sha256": code.sha256}}}
    return replace(found, attributes=attributes, contents={"code_configuration.code": code})


def article(*more: Resource) -> Wish:
    """Everything the article declares, with these resources instead of or beside its own."""
    own = (compute(), model(), environment(), endpoint(), deployment("blue"), traffic("blue"))
    return {resource.address: resource for resource in (*own, *more)}


@dataclass
class Scene:
    """A state and a world that belong together."""

    state: State = EMPTY
    memory: Memory = field(default_factory=Memory)

    def plan(self, wish: Mapping[Address, Resource], **options: Any) -> Plan:
        """The plan for a wish here and now."""
        asked = options.pop("asked", Asked())
        told = replace(Options(workspace="taxi", provider="local", created_at=PLANNED, bep_version="0.1.0"), **options)
        made = draft(wish.values(), self.state, dict(self.memory.objects), load_kinds(), told)
        if made.changes:
            about = (wish, self.state, dict(self.memory.objects), load_kinds(), told)
            made = reviewed(evidence_of(made, *about, asked))
        return signed(made, self.state.secret_key)

    def applied(self, wish: Mapping[Address, Resource], **options: Any) -> "Scene":
        """The scene once a wish was planned and applied."""
        found = self.plan(wish, **options)
        assert not [finding for finding in found.blocking if finding.code not in ("delete-many",)]
        self.state = apply(found, self.state, self.memory)
        return self

    def someone_sets(self, address: str, **attributes: Any) -> "Scene":
        """Someone changes an object in the world."""
        self.memory.meddle(Address(address), lambda found: found.update(attributes))
        return self

    def unmanaged(self, resource: Resource) -> "Scene":
        """Something that bep did not make exists."""
        self.memory.objects[resource.address] = Observed(dict(resource.attributes), "theirs")
        return self
