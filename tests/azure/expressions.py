"""The expressions of templates that bep writes, read as Azure Resource Manager reads them. Knows no template.

Azure Resource Manager docs, "Syntax and expressions in templates": a text in brackets is an expression, unless the
first bracket is doubled. Only the functions that bep uses are known; any other is an error.
"""

import re
from collections.abc import Mapping
from typing import Any

TOKEN = re.compile(r"\s*(?:'((?:[^']|'')*)'|([A-Za-z]\w*)|([(),.]))")


class Expressions:
    """Reads values where these parameters were given and this is the place deployed to."""

    def __init__(self, parameters: Mapping[str, str], *, subscription: str, group: str, location: str) -> None:
        self._parameters = {name.casefold(): value for name, value in parameters.items()}
        self._subscription, self._group, self._location = subscription, group, location

    def read(self, value: Any) -> Any:
        """A value with each expression in it read, keys of mappings among them."""
        if isinstance(value, dict):
            return {self.read(name): self.read(below) for name, below in value.items()}
        if isinstance(value, list):
            return [self.read(below) for below in value]
        if not isinstance(value, str) or not (value.startswith("[") and value.endswith("]")):
            return value
        return value[1:] if value.startswith("[[") else self._whole(value[1:-1])

    def _whole(self, text: str) -> str:
        tokens, at = [], 0
        while at < len(text):
            found = TOKEN.match(text, at)
            assert found, f"no expression: {text[at:]}"
            tokens.append(found)
            at = found.end()
        value = self._call(tokens)
        assert not tokens, text
        assert isinstance(value, str), text
        return value

    def _call(self, tokens: list[re.Match[str]]) -> Any:
        first = tokens.pop(0)
        if first[1] is not None:
            return first[1].replace("''", "'")
        assert tokens.pop(0)[3] == "("
        given = []
        while tokens[0][3] != ")":
            given.append(self._call(tokens))
            if tokens[0][3] == ",":
                tokens.pop(0)
        tokens.pop(0)
        value = self._function(first[2], given)
        while tokens and tokens[0][3] == ".":
            tokens.pop(0)
            value = value[tokens.pop(0)[2]]
        return value

    def _function(self, name: str, given: list[str]) -> Any:
        group = f"/subscriptions/{self._subscription}/resourceGroups/{self._group}"
        match name:
            case "concat":
                return "".join(given)
            case "parameters":
                return self._parameters[given[0].casefold()]
            case "subscription":
                return {"subscriptionId": self._subscription}
            case "resourceGroup":
                return {"name": self._group, "location": self._location}
            case "resourceId":
                kind, *names = given
                space, *types = kind.split("/")
                pairs = zip(types, names, strict=True)
                return f"{group}/providers/{space}/" + "/".join(f"{each}/{name}" for each, name in pairs)
        raise AssertionError(f"bep uses no function {name}")
