"""Values that must not be seen in what a script says: taken out of texts and of streams. Knows no variable's name."""

MASK = "(sensitive)"
SHORTEST = 4  # characters of a value that is masked: a shorter one would be found in half of all that is said
_LINE = 8  # characters of a line of a longer value that is masked on its own


def forms(values: "list[str]") -> "list[str]":
    """The values in each form in which a script may say them, longest first, so that none hides part of another.

    As they are, as Python's `repr()` and JSON write them, as they stand in an address, and line by line.
    """
    found = set()
    for value in values:
        if len(value) < SHORTEST:
            continue
        lines = [line for line in value.splitlines() if len(line) >= _LINE]
        for text in {value, value.strip(), *lines}:
            found |= {text, repr(text)[1:-1], ascii(text)[1:-1], _as_json(text), _in_address(text)}
    return sorted((form for form in found if len(form) >= SHORTEST), key=lambda form: (-len(form), form))


def masked(text: str, hidden: "list[str]") -> str:
    """A text without any of these forms."""
    for form in hidden:
        if form in text:
            text = text.replace(form, MASK)
    return text


class Mask:
    """Takes forms out of a stream of bytes that comes in pieces, wherever the pieces begin and end."""

    def __init__(self, hidden: "list[str]") -> None:
        self._hidden = [form.encode("utf-8", "surrogateescape") for form in hidden]
        self._held = b""

    def passed(self, piece: bytes) -> bytes:
        """What may be said by now. What may be the beginning of a form waits for the next piece."""
        data = self._replaced(self._held + piece)
        begun = max((_begun(data, form) for form in self._hidden), default=0)
        self._held = data[len(data) - begun :]
        return data[: len(data) - begun]

    def rest(self) -> bytes:
        """What has waited, now that nothing follows."""
        held, self._held = self._held, b""
        return held

    def _replaced(self, data: bytes) -> bytes:
        for form in self._hidden:
            if form in data:
                data = data.replace(form, MASK.encode())
        return data


def _begun(data: bytes, form: bytes) -> int:
    """How many bytes at the end of the data are the beginning of this form."""
    at = max(0, len(data) - len(form) + 1)
    while True:
        at = data.find(form[:1], at)
        if at < 0:
            return 0
        if form.startswith(data[at:]):
            return len(data) - at
        at += 1


def _as_json(text: str) -> str:
    import json

    return json.dumps(text)[1:-1]


def _in_address(text: str) -> str:
    from urllib.parse import quote

    return quote(text.encode("utf-8", "surrogateescape"), safe="")
