"""The pydantic model of a written value's fields: what says why one is refused, and its JSON Schema.

Made, and pydantic imported, when it is first needed: a reader of sound files never waits for it.
"""

from datetime import datetime
from types import UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

import pydantic

from bep.schemas.values.fields import MISSING, FieldInfo

_MADE: Final[dict[Any, type[pydantic.BaseModel]]] = {}


def model_of(written: Any) -> type[pydantic.BaseModel]:
    """The model of a class of written values; each is made once."""
    if written not in _MADE:
        _MADE[written] = _made(written)
    return _MADE[written]


def _made(written: Any) -> type[pydantic.BaseModel]:
    config = pydantic.ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)
    if written.schema_title:
        config["title"] = written.schema_title
    told: dict[str, Any] = {
        name: (_type(kind, written.model_fields[name]), _field(written.model_fields[name]))
        for name, kind in written.field_types.items()
    }
    return pydantic.create_model(written.__name__, __config__=config, __doc__=written.__doc__, **told)


def plain(value: Any) -> Any:
    """The same with mappings in place of values with fields, of what they were given: for the other sort of reader."""
    if hasattr(value, "model_dump"):
        given = getattr(value, "model_fields_set", value.__dict__)
        return {name: plain(item) for name, item in value.__dict__.items() if name in given}
    if type(value) is dict:
        return {name: plain(item) for name, item in value.items()}
    return [plain(item) for item in value] if type(value) in (list, tuple) else value


def _type(kind: Any, said: FieldInfo) -> Any:
    """The type as pydantic is told of it."""
    if not said.checked:
        return Annotated[Any, pydantic.SkipValidation[Any]]  # type: ignore[misc]
    if kind is datetime:
        return pydantic.AwareDatetime
    if hasattr(kind, "field_types"):
        return model_of(kind)
    origin, of = get_origin(kind), get_args(kind)
    if origin in (None, Literal):
        return kind
    told = tuple(each if each is ... else _type(each, said) for each in of)
    return Union[told] if origin is UnionType else origin[told]  # noqa: UP007 - known only here


def _field(said: FieldInfo) -> Any:
    how: dict[str, Any] = {
        **said.limits,
        "exclude": said.exclude or None,
        "repr": said.repr,
        "strict": said.strict or None,
    }
    if said.default_factory is not None:
        return pydantic.Field(default_factory=said.default_factory, **how)
    if said.default is MISSING:
        return pydantic.Field(**how)
    nested = hasattr(said.default, "field_types")
    return pydantic.Field(default=model_of(type(said.default))() if nested else said.default, **how)
