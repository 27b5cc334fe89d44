"""The values of every format bep writes and reads back: frozen, read strictly. Knows no format and opens no file.

Reading takes only what bep itself writes; whatever else comes is shown to a pydantic model of the same fields, which
says what is wrong, or takes what means the same (a number written as text).
"""

import json
from collections.abc import Mapping
from typing import Any, ClassVar, Literal, NamedTuple, Self, dataclass_transform

from bep.schemas.values.dumping import dumped
from bep.schemas.values.fields import MISSING, Fault, Field, FieldInfo
from bep.schemas.values.reading import Reader, exact_kind, field_reader

__all__ = ["Field", "Invalid", "Written"]


class Invalid(ValueError):
    """What was given is no such value. `where` is the first place at fault, dotted; `reason` is what is wrong there."""

    def __init__(self, where: str, reason: str, whole: str) -> None:
        self.where = where
        self.reason = reason
        super().__init__(whole)


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(Field,))
class Written:
    """A value with named fields. No unknown field is let through; what is given is read as what was read from a file.

    The methods have the names of pydantic's.
    """

    model_fields: ClassVar[Mapping[str, FieldInfo]] = {}
    field_types: ClassVar[Mapping[str, Any]] = {}
    _reading: ClassVar["_Reading"]
    schema_title: ClassVar[str] = ""
    _all_written: ClassVar[bool] = True

    def __init_subclass__(cls, title: str = "") -> None:
        own = cls.__annotations__ if "__annotations__" in vars(cls) else {}
        said = {}
        for name in own:
            default = vars(cls).get(name, MISSING)
            said[name] = default if isinstance(default, FieldInfo) else FieldInfo(default)
            if default is not MISSING:
                delattr(cls, name)
        cls.field_types = {**cls.field_types, **own}
        cls.model_fields = {**cls.model_fields, **said}
        cls._all_written = not any(info.exclude for info in cls.model_fields.values())
        cls.schema_title = title

    def __init__(self, /, **given: Any) -> None:
        self.__dict__.update(self._checked(given))

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen: {name} cannot be set")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen: {name} cannot be deleted")

    def __eq__(self, other: object) -> bool:
        return self.__dict__ == other.__dict__ if type(other) is type(self) else NotImplemented

    def __hash__(self) -> int:
        return hash((type(self), *self.__dict__.values()))

    def __repr__(self) -> str:
        shown = (f"{name}={getattr(self, name)!r}" for name, said in self.model_fields.items() if said.repr)
        return f"{type(self).__name__}({', '.join(shown)})"

    def model_copy(self, *, update: Mapping[str, Any] | None = None) -> Self:
        """The same with other values in some fields, which are taken as they are."""
        return self._of({**self.__dict__, **(update or {})})

    def as_json_fields(self) -> Mapping[str, Any]:
        """The fields by name, each as it is: what `single` gives of a value when JSON is made of it."""
        if self._all_written:
            return self.__dict__
        return {name: value for name, value in self.__dict__.items() if not self.model_fields[name].exclude}

    def model_dump(
        self,
        *,
        mode: Literal["python", "json"] = "python",
        exclude: frozenset[str] | set[str] = frozenset(),
        exclude_defaults: bool = False,
    ) -> dict[str, Any]:
        """The fields by name, values of this class in it as mappings as well; for JSON all of it in JSON's types."""
        return {
            name: dumped(value, mode == "json", exclude_defaults)
            for name, value in self.__dict__.items()
            if name not in exclude
            and not (said := self.model_fields[name]).exclude
            and not (exclude_defaults and not said.is_required and value == said.absent())
        }

    def model_dump_json(self, *, exclude: frozenset[str] | set[str] = frozenset()) -> str:
        """The value as JSON without spare space. Raises `TypeError` for what must not be written."""
        return json.dumps(self.model_dump(mode="json", exclude=exclude), separators=(",", ":"), ensure_ascii=False)

    @classmethod
    def model_validate(cls, given: Any) -> Self:
        """The value that a mapping describes. Raises `Invalid`."""
        return cls._of(cls._checked(given if type(given) is dict else cls._told("model_validate", given)))

    @classmethod
    def model_validate_json(cls, text: str) -> Self:
        """The value in a text. Raises `Invalid`."""
        try:
            found = json.loads(text) if _is_text(text) else None
        except (ValueError, RecursionError):
            found = None
        return cls._of(cls._checked(found if type(found) is dict else cls._told("model_validate_json", text)))

    @classmethod
    def model_json_schema(cls) -> dict[str, Any]:
        """The JSON Schema of what is written."""
        from bep.schemas.values.modelling import model_of

        return model_of(cls).model_json_schema(mode="serialization")

    @classmethod
    def _of(cls, values: Mapping[str, Any]) -> Self:
        made = cls.__new__(cls)
        made.__dict__.update(values)
        return made

    @classmethod
    def _checked(cls, given: dict[str, Any]) -> dict[str, Any]:
        """Every field's value, in order. Raises `Invalid`."""
        try:
            return cls._read(given)
        except Fault:
            return cls._read(cls._told("model_validate", given))

    @classmethod
    def _told(cls, how: str, given: Any) -> dict[str, Any]:
        """What pydantic takes that for, as plain fields. Raises `Invalid` with what it says."""
        from pydantic import ValidationError

        from bep.schemas.values.modelling import model_of, plain

        try:
            read: dict[str, Any] = plain(getattr(model_of(cls), how)(plain(given)))
        except ValidationError as problem:
            first = problem.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise Invalid(where, first["msg"], str(problem)) from None
        return read

    @classmethod
    def read_nested(cls, value: Any) -> Self:
        """The value as a field of another has it: itself, or the mapping that describes it. Raises `Fault`."""
        if type(value) is cls:
            return value
        if type(value) is not dict:
            raise Fault
        return cls._of(cls._read(value))

    @classmethod
    def _read(cls, given: Mapping[str, Any]) -> dict[str, Any]:
        reading: _Reading = vars(cls).get("_reading") or cls._prepared()
        readers, exact = reading.readers, reading.exact
        values = reading.defaults.copy()
        for name, value in given.items():
            if type(value) is not exact.get(name):
                reader = readers.get(name)
                if reader is None:
                    raise Fault
                value = reader(value)
            values[name] = value
        for name in reading.made_anew:
            if values[name] is MISSING:
                values[name] = cls.model_fields[name].absent()
        return values

    @classmethod
    def _prepared(cls) -> "_Reading":
        readers = {name: field_reader(cls.model_fields[name], kind) for name, kind in cls.field_types.items()}
        defaults = {name: cls.model_fields[name].default for name in readers}
        cls._reading = _Reading(
            readers=readers,
            exact={name: kind for name, reader in readers.items() if (kind := exact_kind(reader))},
            defaults=defaults,
            made_anew=tuple(name for name, value in defaults.items() if value is MISSING),
        )
        return cls._reading


class _Reading(NamedTuple):
    """How the fields of a class are read, in order.

    `exact` are the fields that take every value of just this type as it is. `made_anew` are those without a default:
    they must be given, or a factory makes theirs.
    """

    readers: Mapping[str, Reader]
    exact: Mapping[str, type]
    defaults: dict[str, Any]
    made_anew: tuple[str, ...]


def _is_text(text: str) -> bool:
    """Whether no half of a character is in it, as it stands or escaped: such a one could not be written again."""
    if "\\ud" in text or "\\uD" in text:
        return False
    return text.isascii() or not any("\ud800" <= each <= "\udfff" for each in set(text))
