"""bep's dataclasses do what the standard library's do; each case is tried with both."""

import copy
import dataclasses
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from bep import lazy_dataclasses

BOTH = (dataclasses, lazy_dataclasses)


def made(module: Any, **how: bool) -> Any:
    """The same class by either decorator."""

    @module.dataclass(**how)
    class Named:
        name: str
        size: int = 3
        tags: list[str] = module.field(default_factory=list)
        note: str = module.field(default="", compare=False, repr=False)
        sure: "bool | None" = module.field(init=False, default=None)

        def __len__(self) -> int:
            return self.size

    return Named


WAYS: tuple[dict[str, bool], ...] = (
    {},
    {"frozen": True},
    {"slots": True},
    {"frozen": True, "slots": True},
    {"order": True},
    {"eq": False},
)


@pytest.mark.parametrize("how", WAYS, ids=str)
def test_values_are_made_shown_and_compared_alike(how: dict[str, bool]) -> None:
    def outcomes(module: Any) -> list[Any]:
        cls = made(module, **how)
        one, same, noted, other = cls("a"), cls(name="a", size=3), cls("a", note="x"), cls("b", 4, ["t"])
        return [
            repr(one).replace(f"{module.__name__}.", ""),
            [one == each for each in (one, same, noted, other, "a")],
            len(other),
            other.tags is not cls("b").tags,
            cls.__match_args__,
            cls.size if not how.get("slots") else None,
            hasattr(one, "__dict__"),
            module.is_dataclass(one) and module.is_dataclass(cls) and not module.is_dataclass(str),
            [each.name for each in module.fields(one)],
            repr(module.replace(other, name="c")).replace(f"{module.__name__}.", ""),
            module.replace(other, name="c").note,
            dataclasses.asdict(other),
            module.asdict(other),
            repr(dataclasses.replace(other, size=1)),
        ]

    assert outcomes(lazy_dataclasses) == outcomes(dataclasses)


@pytest.mark.parametrize("how", WAYS, ids=str)
@pytest.mark.parametrize(
    "attempt",
    [
        lambda cls: cls(),
        lambda cls: cls("a", unknown=1),
        lambda cls: cls("a", 1, [], "", True),
        lambda cls: hash(cls("a", 1, ())),
        lambda cls: setattr(cls("a"), "size", 4),
        lambda cls: delattr(cls("a"), "size"),
        lambda cls: cls("a", 1) < cls("a", 2),
        lambda cls: sorted([cls("b"), cls("a")]) == [cls("a"), cls("b")],
        lambda cls: cls("a") >= "a",
    ],
)
def test_the_same_is_refused(how: dict[str, bool], attempt: Callable[[Any], object]) -> None:
    def outcome(module: Any) -> object:
        cls = made(module, **how)
        try:
            result = attempt(cls)
        except (TypeError, AttributeError) as problem:
            return AttributeError if isinstance(problem, AttributeError) else str(problem).replace(module.__name__, "")
        return result if isinstance(result, bool | None) else type(result)

    assert outcome(lazy_dataclasses) == outcome(dataclasses)


@lazy_dataclasses.dataclass(frozen=True, slots=True)
class Point:
    """One that a pickle can find."""

    x: int
    inner: "Point | None" = None


@lazy_dataclasses.dataclass(slots=True)
class Counted:
    """One that looks at what it was given."""

    x: int
    twice: int = lazy_dataclasses.field(init=False)

    def __post_init__(self) -> None:
        self.twice = 2 * self.x


def test_copies_are_equal_and_frozen() -> None:
    point = Point(1, Point(2))
    for copied in (copy.copy(point), copy.deepcopy(point), pickle.loads(pickle.dumps(point))):
        assert copied == point
        assert hash(copied) == hash(point)
        with pytest.raises(AttributeError):
            copied.x = 2  # type: ignore[misc]


def test_what_follows_from_the_fields_is_made_after_them() -> None:
    assert Counted(4).twice == 8
    assert lazy_dataclasses.replace(Counted(4), x=5).twice == 10


def test_values_in_values_become_mappings() -> None:
    assert lazy_dataclasses.asdict(Point(1, Point(2))) == {"x": 1, "inner": {"x": 2, "inner": None}}


def test_a_value_matches_by_position() -> None:
    match Point(1, None):
        case Point(x, None):
            assert x == 1
        case _:
            raise AssertionError


def test_a_default_that_all_would_share_is_refused() -> None:
    with pytest.raises(ValueError, match="mutable"):

        @lazy_dataclasses.dataclass
        class Wrong:
            items: list[str] = []  # noqa: RUF012
