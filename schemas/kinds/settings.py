"""Settings: what a deployment's schema declares of how jobs score, and who may say otherwise. Knows no job's values."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from bep.lazy_dataclasses import dataclass
from bep.schemas.kinds.kind import fields, load_kind

OWNER = "deployment"
"""The kind that has settings. A job takes those of its deployment, and may say otherwise of some."""

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting. `path` is where it stands in a deployment and in a job, `older` are its older places there.

    `name` is how the runner and records call it; one that is not `of_runner` is none of the runner's settings, and its
    caller hands it over in another way. `key` is how `--set` and messages name it. An `open` one is a mapping whose
    keys are free to choose. `is_text` is whether its value is the text that somebody wrote, whatever it looks like.
    """

    name: str
    of_runner: bool
    path: Path
    older: tuple[Path, ...]
    set_by: frozenset[str]
    open: bool
    is_text: bool

    @property
    def key(self) -> str:
        """Below `settings` the whole path, elsewhere the field alone."""
        return ".".join(self.path[1:]) if self.path[0] == "settings" else self.path[-1]


@cache
def declared() -> tuple[Setting, ...]:
    """Every setting, in the order of the schema."""
    every = [(tuple(map(str, path)), node) for path, node in fields(load_kind(OWNER).schema)]
    moved = [(path, tuple(node["x-bep-becomes"].split("."))) for path, node in every if "x-bep-becomes" in node]
    return tuple(
        _setting(path, node, moved) for path, node in every if "x-bep-setting" in node or "x-bep-set-by" in node
    )


def _setting(path: Path, node: Mapping[str, Any], moved: list[tuple[Path, Path]]) -> Setting:
    older = [source + path[len(target) :] for source, target in moved if path[: len(target)] == target]
    below = node.get("additionalProperties")
    value = below if isinstance(below, Mapping) else node
    types = value.get("type", ())
    return Setting(
        name=node.get("x-bep-setting", path[-1]),
        of_runner="x-bep-setting" in node,
        path=path,
        older=tuple(sorted(older, key=len)),
        set_by=frozenset(node.get("x-bep-set-by", ())),
        open=value is below,
        is_text="string" in ([types] if isinstance(types, str) else types) and not {"pattern", "enum"} & value.keys(),
    )


@cache
def set_by(who: str) -> Mapping[str, Setting]:
    """The settings that `job` or `retry` may set, by the key that names each."""
    return {setting.key: setting for setting in declared() if who in setting.set_by}


def settings_of(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """A deployment's settings by the runner's names; what its canonical attributes leave open is left out."""
    found = {}
    for setting in declared():
        value: Any = attributes
        for step in setting.path:
            value = value.get(step) if isinstance(value, Mapping) else None
        if setting.of_runner and value is not None:
            found[setting.name] = value
    return found


def with_settings(job: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of a job, its fields for settings made anew from the deployment's schema: it refers to their nodes."""
    asked = {
        path[:depth] for each in set_by("job").values() for path in (each.path, *each.older) for depth in _to(path)
    }
    own = {name: node for name, node in job["properties"].items() if "$ref" not in node and (name,) not in asked}
    return {**job, "properties": {**own, **dict(_properties(load_kind(OWNER).schema, job, (), asked))}}


def _to(path: Path) -> range:
    return range(1, len(path) + 1)


def _properties(
    node: Mapping[str, Any], before: Mapping[str, Any], path: Path, asked: set[Path]
) -> Iterator[tuple[str, Any]]:
    """The fields of a job below `path`: of a deployment's, those that lead to something that a job may set."""
    for name, below in node["properties"].items():
        here = (*path, name)
        was = before.get("properties", {}).get(name, {})
        if here not in asked:
            continue
        if "x-bep-becomes" in below:
            target = below["x-bep-becomes"].replace(".", "/properties/")
            yield name, {"$ref": f"#/properties/{target}", "deprecated": True, "description": below["description"]}
        elif "x-bep-set-by" in below:
            yield name, {"$ref": f"{OWNER}.schema.json#/properties/{'/properties/'.join(here)}"}
        else:
            yield (
                name,
                {
                    "description": was.get("description", below["description"]),
                    "type": "object",
                    "properties": dict(_properties(below, was, here, asked)),
                    "additionalProperties": False,
                },
            )
