"""Three-way diff of one resource: what is wanted, what bep last applied, what is there now. Knows no plan.

The difference between applied and wanted is the user's. The difference between what the service
returned when bep last wrote and what it returns now is the world's. A service's own defaults and
spellings appear on both sides of the second and so never count.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bep.lazy_dataclasses import dataclass
from bep.planner.canonical import canonical
from bep.planner.fields import ABSENT, covers, default_at, matches, value_at, within
from bep.planner.plan import FieldDiff, Origin
from bep.schemas.kinds.kind import Kind
from bep.schemas.resource import FieldPath
from bep.schemas.secrets.secret import SEALED, is_sealed

NO_ATTRIBUTES: Mapping[str, Any] = {}
DECLARED = 2
"""How deep the fields lie that kinds declare: `settings.retry_settings.timeout` is in a mapping two levels down."""


@dataclass(frozen=True, slots=True)
class Sides:
    """The four readings of one resource's attributes, all sealed."""

    wanted: Mapping[str, Any]
    applied: Mapping[str, Any]
    returned: Mapping[str, Any]
    now: Mapping[str, Any]

    def each(self) -> tuple[Mapping[str, Any], ...]:
        """Wanted, applied, returned, now."""
        return (self.wanted, self.applied, self.returned, self.now)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs. `diffs` must change in the world; `drifted` is all the world did, mended or not.

    `settled` are fields whose spec changed to what the world already has; `ignored` those that
    differ and that `ignore_changes` covers.
    """

    diffs: tuple[FieldDiff, ...] = ()
    drifted: tuple[FieldDiff, ...] = ()
    settled: tuple[FieldPath, ...] = ()
    ignored: tuple[FieldPath, ...] = ()


def compare(sides: Sides, kind: Kind, ignore_changes: Iterable[str] = ()) -> Comparison:
    """Compare field by field. `ignore_changes` are dotted paths; each covers what is inside it as well."""
    plain = Sides(*(comparable(attributes, kind) for attributes in sides.each()))
    paths = sorted(_differing(plain), key=lambda path: [str(part) for part in path])
    if not paths:
        return Comparison()
    covered = [tuple(text.split(".")) for text in ignore_changes]
    ignored = [path for path in paths if any(covers(pattern, path) for pattern in covered)]
    judged = [_judge(path, plain, sides, kind) for path in paths if path not in ignored]
    return Comparison(
        diffs=tuple(found.diff for found in judged if found.diff is not None and found.mend),
        drifted=tuple(
            found.diff for found in judged if found.diff is not None and found.diff.origin is not Origin.SPEC
        ),
        settled=tuple(found.path for found in judged if found.settled),
        ignored=tuple(ignored),
    )


def comparable(attributes: Mapping[str, Any], kind: Kind) -> dict[str, Any]:
    """The attributes as they count: server-filled fields gone, contents as digests, sets in one order."""
    plain = _comparable(attributes, (), kind)
    return plain if isinstance(plain, dict) else {}


def _comparable(value: Any, path: FieldPath, kind: Kind) -> Any:
    if isinstance(value, Mapping):
        if is_sealed(value):
            return f"sealed {value[SEALED]}"
        if "sha256" in value and matches(path, kind.content):
            return f"content {value['sha256']}"
        inner = {name: (*path, name) for name in value}
        return {
            name: _comparable(value[name], at, kind)
            for name, at in inner.items()
            if not matches(at, kind.server_filled | kind.not_content)
        }
    if isinstance(value, list | tuple):
        items = [canonical(_comparable(item, (*path, "*"), kind)) for item in value]
        return "list [" + ",".join(sorted(items) if matches(path, kind.set_like) else items) + "]"
    if kind.any_case and isinstance(value, str) and matches(path, kind.any_case):
        return "".join(value.split()).casefold()
    return f"boolean {value}" if isinstance(value, bool) else value  # Python takes true for 1


def _differing(plain: Sides) -> set[FieldPath]:
    """The leaves at which the user or the world changed something."""
    found = {
        leaf
        for first, second in ((plain.applied, plain.wanted), (plain.returned, plain.now))
        for root in _changed(first, second)
        for leaf in _leaves(root, plain)
    }
    return {path for path in found if not any(path[:length] in found for length in range(1, len(path)))}


def _changed(first: Any, second: Any, at: FieldPath = ()) -> Iterator[FieldPath]:
    """Where two readings differ. Trees below what kinds declare are deepdiff's to look through."""
    if first == second:
        return
    if not (isinstance(first, dict) and isinstance(second, dict)):
        yield at
    elif len(at) >= DECLARED and any(isinstance(value, dict) for value in (*first.values(), *second.values())):
        from deepdiff import DeepDiff  # two hundred modules and more

        for level in DeepDiff(first, second, view="tree").values():
            for difference in level:
                yield (*at, *difference.path(output_format="list"))
    else:
        for name in {**first, **second}:
            yield from _changed(first.get(name, ABSENT), second.get(name, ABSENT), (*at, name))


def _leaves(root: FieldPath, plain: Sides) -> Iterator[FieldPath]:
    """Every leaf at or below the root, on whichever side it stands; the root itself where the sides differ in shape."""
    values = [value for side in plain.each() if (value := value_at(side, root)) is not ABSENT]
    if root and not all(isinstance(value, dict) for value in values):
        yield root
        return
    for name in {name for value in values for name in value}:
        yield from _leaves((*root, name), plain)


@dataclass(frozen=True, slots=True)
class _Judgement:
    path: FieldPath
    diff: FieldDiff | None = None
    mend: bool = False
    settled: bool = False


def _judge(path: FieldPath, plain: Sides, sides: Sides, kind: Kind) -> _Judgement:
    wanted, applied, returned, now = (value_at(side, path) for side in plain.each())
    write_only = returned is ABSENT and now is ABSENT
    if write_only:
        now = applied
    by_spec = wanted != applied
    by_world = not write_only and now != returned
    if wanted is ABSENT and applied is ABSENT and returned is not ABSENT:
        return _Judgement(path)  # the service's own, which nobody wrote
    if not by_spec and not by_world:
        return _Judgement(path)
    if wanted == now:
        settled = _field(path, sides, kind, Origin.DRIFT, write_only) if by_world else None
        return _Judgement(path, settled, settled=by_spec)
    origin = Origin.BOTH if by_spec and by_world else Origin.SPEC if by_spec else Origin.DRIFT
    return _Judgement(path, _field(path, sides, kind, origin, write_only), mend=True)


def _field(path: FieldPath, sides: Sides, kind: Kind, origin: Origin, write_only: bool) -> FieldDiff:
    applied = _value(sides.applied, path)
    return FieldDiff(
        path=path,
        before=applied if write_only else _value(sides.now, path),
        after=_value(sides.wanted, path),
        last_applied=applied,
        origin=origin,
        forces_replacement=within(path, kind.immutable),
        default=default_at(kind, path),
    )


def _value(attributes: Mapping[str, Any], path: FieldPath) -> Any:
    value = value_at(attributes, path)
    return None if value is ABSENT else value
