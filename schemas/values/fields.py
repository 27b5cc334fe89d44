"""What is said of a field of a written value: its default and its limits, in pydantic's words. Knows no value."""

import re
from collections.abc import Callable
from typing import Any, Final

from bep.lazy_dataclasses import dataclass

MISSING: Final = object()
CONSTRAINTS: Final = ("ge", "gt", "le", "min_length", "pattern")


class Fault(Exception):
    """A value that the strict reader does not take; what to say of it is asked of pydantic."""


@dataclass(frozen=True, slots=True)
class FieldInfo:
    """What is said of one field beside its type. `checked` is whether what it is given is looked at."""

    default: Any = MISSING
    default_factory: Callable[[], Any] | None = None
    ge: float | None = None
    gt: float | None = None
    le: float | None = None
    min_length: int | None = None
    pattern: str | None = None
    strict: bool = False
    exclude: bool = False
    repr: bool = True
    checked: bool = True

    @property
    def limits(self) -> dict[str, Any]:
        """Those of its limits that there are, by name."""
        return {name: value for name in CONSTRAINTS if (value := getattr(self, name)) is not None}

    @property
    def is_required(self) -> bool:
        """Whether a value must be given."""
        return self.default is MISSING and self.default_factory is None

    def absent(self) -> Any:
        """What the field is when nothing is given. Raises `Fault` where something must be."""
        if self.default_factory is not None:
            return self.default_factory()
        if self.default is MISSING:
            raise Fault
        return self.default

    def holds(self, value: Any) -> bool:
        """Whether a value of the right type keeps within the limits."""
        if self.pattern is not None:
            return re.fullmatch(self.pattern, value) is not None
        return (
            (self.ge is None or value >= self.ge)
            and (self.gt is None or value > self.gt)
            and (self.le is None or value <= self.le)
            and (self.min_length is None or len(value) >= self.min_length)
        )


def Field(
    *,
    default: Any = MISSING,
    default_factory: Callable[[], Any] | None = None,
    ge: float | None = None,
    gt: float | None = None,
    le: float | None = None,
    min_length: int | None = None,
    pattern: str | None = None,
    strict: bool = False,
    exclude: bool = False,
    repr: bool = True,
    checked: bool = True,
) -> Any:
    """A field's default and limits, in pydantic's words."""
    return FieldInfo(default, default_factory, ge, gt, le, min_length, pattern, strict, exclude, repr, checked)
