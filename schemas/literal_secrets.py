"""Secrets that a user wrote into a spec: found, told, and treated as secrets from then on. Opens no file."""

from collections.abc import Sequence

from bep.schemas.draft import Draft
from bep.schemas.node import Node, scalars
from bep.schemas.recognising import may_be_secret, names_secret, shape_of
from bep.schemas.resource import FieldPath
from bep.schemas.secret import Secret

CODE = "literal-secret"
_IN_CLEAR = ("conda_file", "requirements")
"""Fields that are kept as they are, since an environment is built from them."""


def seal_literals(draft: Draft) -> None:
    """Say which values of a draft are secrets; those under a secret's name become `Secret`s.

    `x-bep: {not_secret: [FIELD]}` says of a field, dotted, that it is none.
    """
    excused = excused_by(draft.extension)
    for path, node in list(scalars(draft.node)):
        if not isinstance(node.value, str) or is_excused(path, excused):
            continue
        field = ".".join(map(str, path))
        if what := shape_of(node.value):
            if not any(found.code == "secret-in-address" and found.mark == node.mark for found in draft.findings):
                draft.error(CODE, path, f"{field} has {what} in it", mend(path, field), node.mark)
        elif path and names_secret(path[-1]) and may_be_secret(node.value):
            if path[0] in _IN_CLEAR:
                draft.error(CODE, path, f"{field} looks like a secret and would be kept in clear", mend(path, field))
                continue
            message = f"{field} looks like a secret that is written in the spec; it is kept and shown nowhere"
            draft.warn(CODE, path, message, mend(path, field))
            node.value = Secret(node.value)


def mend(path: FieldPath, field: str) -> str:
    """How to write it otherwise."""
    if path[0] in _IN_CLEAR or "environment_variables" in path:
        instead = "Write ${{ env.NAME }}, or a variable that is declared sensitive"
    else:
        instead = "Take it out, here and from the history of the file, and let it be replaced where it came from"
    return f"{instead}. If it is none: x-bep: {{not_secret: [{field}]}}."


def excused_by(extension: Node | None) -> Sequence[str]:
    """The fields that `x-bep: {not_secret: [...]}` names."""
    named = extension.get("not_secret") if extension is not None else None
    return [below.text for below in named.value] if named is not None and isinstance(named.value, list) else ()


def is_excused(path: FieldPath, excused: Sequence[str]) -> bool:
    """Whether one of the names is this field's, what follows of it, or the end of it."""
    field = ".".join(map(str, path))
    return any(field == name or field.endswith(f".{name}") or field.startswith(f"{name}.") for name in excused)
