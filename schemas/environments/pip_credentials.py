"""Credentials in conda and pip files: `${{ env.X }}` where an address has its user and password, and nowhere else.

The expression is what is kept; what it stands for is looked up when the environment is built. Knows no value.
"""

import re
from collections.abc import Iterator
from typing import Final

from bep.lazy_patterns import lazy_pattern
from bep.schemas.drafts.draft import Draft
from bep.schemas.environments.pip_lines import EXPRESSION, in_one_word
from bep.schemas.resource import FieldPath
from bep.schemas.yaml.node import Node, scalars

_ENVIRONMENT: Final = lazy_pattern(r"\s*env\.[A-Za-z_][A-Za-z0-9_]*\s*")
_USER: Final = lazy_pattern(r"(?P<scheme>[a-z][a-z0-9+.\-]*)://[^/\s@]*@", re.IGNORECASE)
_TOKEN: Final = lazy_pattern(r"(?<=/t/)\$\{\{[^{}]*\}\}(?=/)")
"""Where a conda channel has its token: `https://host/t/TOKEN/channel`."""

_TAKEN: Final = ("http", "https", "git+https", "git+http")


def settle_credentials(draft: Draft) -> None:
    """Let the expressions of an environment's lines stand, and say which stand where they must not."""
    for path, node in _lines(draft.node):
        if not isinstance(node.value, str) or "${{" not in node.value:
            continue
        draft.settled.add(id(node))
        trouble = _trouble(node.value)
        if trouble:
            fix = "Write https://${{ env.USER }}:${{ env.TOKEN }}@HOST/..., and everything else as it is."
            draft.error("expression-misplaced", path[:1], f"'{node.value}': {trouble}", fix, node.mark)


def _lines(environment: Node) -> Iterator[tuple[FieldPath, Node]]:
    for field in (("conda_file", "channels"), ("conda_file", "dependencies"), ("requirements",), ("constraints",)):
        node = environment.at(field)
        for below, scalar in scalars(node) if node is not None else ():
            yield (*field, *below), scalar


def _trouble(line: str) -> str:
    if not all(_ENVIRONMENT.fullmatch(name) for name in EXPRESSION.findall(line)):
        return "in a line for pip or conda an expression is ${{ env.NAME }}"
    found = _USER.search(in_one_word(line))
    if found is not None and found["scheme"].lower() not in _TAKEN:
        return f"credentials cannot be given to {found['scheme']}, only to https and git+https"

    rest = _TOKEN.sub("", _USER.sub("//", in_one_word(line)))
    if "${{" in rest:
        return "an expression may only be the user or password of an address: elsewhere it decides what is installed"
    return ""
