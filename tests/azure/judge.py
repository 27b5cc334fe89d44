"""Whether a body is one that the published types take. It reads the facts with code of its own; it knows no request."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.azure.facts import Document, Types


class Fault(NamedTuple):
    """One member that is refused: where, as $.properties.x, and why."""

    where: str
    why: str
    is_missing: bool = False


class Judge:
    """Judges requests; with `answers`, what a service says, whose read-only members are as welcome as any."""

    def __init__(
        self, types: Types, *, unlisted_words: bool = False, text_numbers: bool = True, lenient_text: bool = False
    ) -> None:
        self._types, self._unlisted, self._text_numbers = types, unlisted_words, text_numbers
        self._lenient_text = lenient_text

    def request(self, resource: str, body: Any) -> list[Fault]:
        """What is wrong with the body of a PUT."""
        return list(self._value(self._types.root(resource), body, "$", is_answer=False))

    def answer(self, resource: str, body: Any) -> list[Fault]:
        """What is wrong with the resource as somebody answered it."""
        return list(self._value(self._types.root(resource), body, "$", is_answer=True))

    def exchanged(self, kind: Document, body: Any, *, is_answer: bool) -> list[Fault]:
        """What is wrong with what an action is sent or answers."""
        return list(self._value(kind, body, "$", is_answer=is_answer))

    def _value(self, kind: Document, value: Any, where: str, *, is_answer: bool) -> Iterator[Fault]:
        match kind["type"]:
            case "object":
                yield from self._object(kind, value, where, is_answer=is_answer)
            case "map" | "list":
                yield from self._several(kind, value, where, is_answer=is_answer)
            case "words" | "string":
                yield from self._text(kind, value, where, is_answer=is_answer)
            case "integer":
                yield from self._integer(kind, value, where)
            case "boolean" if not isinstance(value, bool):
                yield Fault(where, f"The JSON value could not be converted to boolean: {value!r}.")

    def _several(self, kind: Document, value: Any, where: str, *, is_answer: bool) -> Iterator[Fault]:
        if kind["type"] == "map" and isinstance(value, dict):
            for name, each in value.items():
                if each is not None or not is_answer:
                    yield from self._value(kind["values"], each, f"{where}.{name}", is_answer=is_answer)
        elif kind["type"] == "list" and isinstance(value, list):
            for number, each in enumerate(value):
                yield from self._value(kind["items"], each, f"{where}[{number}]", is_answer=is_answer)
        else:
            yield Fault(where, f"The JSON value could not be converted to {kind['type']}: {value!r}.")

    def _object(self, kind: Document, value: Any, where: str, *, is_answer: bool) -> Iterator[Fault]:
        if not isinstance(value, dict):
            yield Fault(where, f"The JSON value could not be converted to {kind['of']}: {value!r}.")
            return
        members, unknown = self._types.members(kind, value)
        if unknown is not None:
            word = value.get(unknown)
            why = f"The {unknown} field is required." if word is None else f"{word!r} is not a known {unknown}."
            yield Fault(f"{where}.{unknown}", why, is_missing=word is None)
            return
        extra = self._types.all[kind["of"]].get("values")
        for name, each in value.items():
            if name not in members and extra is None:
                if "*" not in members:
                    yield Fault(f"{where}.{name}", f"Could not find member '{name}' on object of type '{kind['of']}'.")
                continue
            member = members.get(name) or extra or {}
            yield from self._member(member, each, f"{where}.{name}", is_answer=is_answer)
        for name, member in members.items():
            if value.get(name) is None and self._is_needed(member, where, name, is_answer=is_answer):
                yield Fault(f"{where}.{name}", f"The {name} field is required.", is_missing=True)

    def _member(self, member: Document, value: Any, where: str, *, is_answer: bool) -> Iterator[Fault]:
        flags = member.get("flags", ())
        if value is None:
            return
        if "read_only" in flags and not is_answer:
            yield Fault(where, "The member is read-only.")
        elif "write_only" in flags and is_answer:
            yield Fault(where, "The member is write-only, and was answered.")
        else:
            yield from self._value(member, value, where, is_answer=is_answer)

    @staticmethod
    def _is_needed(member: Document, where: str, name: str, *, is_answer: bool) -> bool:
        flags = member.get("flags", ())
        if where == "$" and name == "name":
            return False  # it is in the URL; a template has it in the body
        return "required" in flags and not (is_answer and "write_only" in flags)

    def _text(self, kind: Document, value: Any, where: str, *, is_answer: bool) -> Iterator[Fault]:
        if self._lenient_text and isinstance(value, (bool, int)):
            return
        if not isinstance(value, str):
            yield Fault(where, f"The JSON value could not be converted to string: {value!r}.")
        elif kind["type"] == "words":
            listed = value.lower() in {word.lower() for word in kind["words"]}
            if not listed and not (kind["open"] and (self._unlisted or is_answer)):
                yield Fault(where, f"Error converting value {value!r}; it is none of {', '.join(kind['words'])}.")
        elif "pattern" in kind and not re.search(kind["pattern"], value):
            yield Fault(where, f"{value!r} must match the regular expression {kind['pattern']}.")
        elif not kind.get("min_length", 0) <= len(value) <= kind.get("max_length", len(value)):
            yield Fault(where, f"{value!r} is too short or too long.")

    def _integer(self, kind: Document, value: Any, where: str) -> Iterator[Fault]:
        if isinstance(value, str) and self._text_numbers and re.fullmatch(r"-?\d+", value):
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            yield Fault(where, f"The JSON value could not be converted to integer: {value!r}.")
        elif not kind.get("minimum", value) <= value <= kind.get("maximum", value):
            yield Fault(where, f"{value!r} is too small or too large.")
