"""Secrets that a user wrote into a document: found, told, and treated as secrets from then on. Opens no file."""

from collections.abc import Callable, Iterator

from bep.schemas.drafts.draft import Draft
from bep.schemas.findings.finding import Finding, mistake, warning
from bep.schemas.resource import FieldPath
from bep.schemas.secrets.recognising import (
    is_excused,
    is_secret_by_name,
    may_be_secret,
    may_hold_secret,
    redacted,
    shape_of,
)
from bep.schemas.secrets.secret import Secret
from bep.schemas.yaml.node import Node, scalars, words

CODE = "literal-secret"
IN_ADDRESS = "secret-in-address"
"""What is said of an address of an asset or a datastore instead."""
_IN_CLEAR = ("conda_file", "requirements")
"""Fields that are kept as they are, since an environment is built from them."""


def seal_literals(draft: Draft) -> None:
    """Say which values of a draft are secrets; those under a secret's name become `Secret`s.

    `x-bep: {not_secret: [FIELD]}` says of a field, dotted, that it is none.
    """
    if may_hold_secret(*words(draft.node), by_name=True):
        excused = excused_of(draft)
        for path, node in list(scalars(draft.node)):
            if not is_excused(path, excused):
                _seal(draft, path, node)
    for field, content in draft.contents.items():
        for name in content.files:
            if what := shape_of(name):
                message = f"{field}: the name of {name} has {what} in it, and names of files are kept"
                draft.error(CODE, tuple(field.split(".")), message, "Name the file otherwise.")


def _seal(draft: Draft, path: FieldPath, node: Node) -> None:
    if what := _certainly(path, node):
        if not any(found.code == IN_ADDRESS and found.mark == node.mark for found in draft.findings):
            draft.error(CODE, path, f"{_dotted(path)} has {what} in it", mend(path), node.mark)
    elif not is_secret_by_name(path, node.value):
        return
    elif path[0] in _IN_CLEAR:
        draft.error(CODE, path, f"{_dotted(path)} looks like a secret and would be kept in clear", mend(path))
    else:
        message = f"{_dotted(path)} looks like a secret that is written in the spec; it is kept and shown nowhere"
        draft.warn(CODE, path, message, mend(path))
        node.value = Secret(node.value)


def warn_of_literal(draft: Draft, path: FieldPath, node: Node) -> None:
    """Say of a field that always holds a secret that this one is written in the spec itself, where others read it."""
    if "${{" not in node.text and may_be_secret(node.value) and not is_excused(path, excused_of(draft)):
        message = f"{_dotted(path)} is a secret that is written in clear; it is kept and shown nowhere"
        draft.warn(CODE, path, message, mend(path, is_sensitive=True))


def certain_secrets(root: Node) -> Iterator[tuple[FieldPath, Node]]:
    """Every value of a document as it was written that certainly is a secret, but what an `x-bep` around it excuses."""
    if not may_hold_secret(*words(root), by_name=False):
        return
    for path, node in scalars(root):
        if _certainly(path, node) and not any(_is_excused_at(root, path, depth) for depth in range(len(path))):
            yield path, node


def _is_excused_at(root: Node, path: FieldPath, depth: int) -> bool:
    around = root.at(path[:depth])
    return is_excused(path[depth:], excused_by(around.get("x-bep") if around is not None else None))


def certain(address: str, path: FieldPath, node: Node) -> Finding:
    """What to say of a certain secret."""
    return mistake(CODE, address, f"{_dotted(path)} has {_certainly(path, node)} in it", mend(path), node.mark)


def literal_secrets(
    root: Node, *, address: str, document: str, but: Callable[[FieldPath, Node], bool] = lambda path, node: False
) -> Iterator[Finding]:
    """What is secret in a document that is no resource, each told at its place, `but` what it says may stand there.

    `document` is what the document is called. Its own `x-bep: {not_secret: [FIELD]}` counts.
    """
    excused = excused_by(root.get("x-bep"))
    for path, node in scalars(root):
        if is_excused(path, excused) or but(path, node):
            continue
        if _certainly(path, node):
            yield certain(address, path, node)
        elif path and _is_named_so(path, node):
            message = f"{_dotted(path)} looks like a secret that is written in {document}; it is kept and shown nowhere"
            yield warning(CODE, address, message, mend(path), node.mark)


def _is_named_so(path: FieldPath, node: Node) -> bool:
    """Whether a value stands under a secret's name. `not_secret` is none: fields are named there."""
    if path[:2] == ("x-bep", "not_secret"):
        return False
    return is_secret_by_name(path[:-1] if path[-1] == "default" else path, node.value)


def mend(path: FieldPath, *, is_sensitive: bool = False) -> str:
    """How to write it otherwise; a sensitive field is one that takes an expression and always holds a secret."""
    if not path:
        return "Take it out."
    if is_sensitive or path[0] in _IN_CLEAR or "environment_variables" in path:
        instead = "Write ${{ env.NAME }}, or a variable that is declared sensitive"
    elif path[0] == "variables":
        instead = "Declare the variable with 'sensitive: true', and give its value from outside, as in BEP_VAR_NAME"
    else:
        instead = "Take it out, here and from the history of the file, and have it replaced where it was issued"
    return f"{instead}. If it is none: x-bep: {{not_secret: [{_dotted(path)}]}}."


def excused_of(draft: Draft) -> tuple[str, ...]:
    """The fields of a resource that its spec, or the one around it, says to be no secrets."""
    return tuple(sorted({*excused_by(draft.extension), *draft.not_secret}))


def excused_by(extension: Node | None) -> tuple[str, ...]:
    """The fields that `x-bep: {not_secret: [...]}` names."""
    named = extension.get("not_secret") if extension is not None else None
    return tuple(below.text for below in named.value) if named is not None and isinstance(named.value, list) else ()


def _certainly(path: FieldPath, node: Node) -> str:
    """What the value certainly has in it, or the name that it stands under."""
    return shape_of(node.value) or (shape_of(path[-1]) if path else "")


def _dotted(path: FieldPath) -> str:
    return redacted(".".join(map(str, path)))
