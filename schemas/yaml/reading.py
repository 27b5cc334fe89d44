"""YAML bytes to nodes: every value with its place, every trouble a finding. Knows nothing of what the values mean."""

from typing import Any

from bep.lazy_dataclasses import dataclass
from bep.schemas.findings.finding import Finding, mistake
from bep.schemas.mark import Mark
from bep.schemas.yaml.node import Node
from bep.schemas.yaml.nodes import Building, TooDeep
from bep.schemas.yaml.package import yaml

MOST_BYTES = 10 * 1024 * 1024
SMALL = 100_000
"""Characters up to which a text with a syntax error is read again without libyaml, whose messages say less."""


@dataclass(frozen=True, slots=True)
class Written:
    """What one file holds: its text (for excerpts), one node per document that is not empty, and findings."""

    text: str
    documents: tuple[Node, ...]
    findings: tuple[Finding, ...]


class PureLoader(yaml.reader.Reader, yaml.scanner.Scanner, yaml.parser.Parser):
    """The parser for where the YAML package has no libyaml."""

    def __init__(self, text: str) -> None:
        yaml.reader.Reader.__init__(self, text)
        yaml.scanner.Scanner.__init__(self)
        yaml.parser.Parser.__init__(self)


def _fast_loader() -> Any:
    """The same parser on libyaml, or None where that is not installed."""
    try:
        from yaml._yaml import CParser
    except ImportError:
        return None
    return CParser


FAST_LOADER = _fast_loader()


def read(content: bytes, file: str, *, loader: Any = None) -> Written:
    """The documents of a file. Never raises for what the bytes hold; a file with a syntax error has no documents."""
    if len(content) > MOST_BYTES:
        return _refused(
            file,
            "",
            "too-large",
            f"the file has {len(content):,} bytes; at most {MOST_BYTES:,} are read",
            "Split the file, and keep data out of specs.",
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        column = len(before.rpartition(b"\n")[2].decode("utf-8-sig", "replace")) + 1
        mark = Mark(file, before.count(b"\n") + 1, column)
        return _refused(
            file,
            "",
            "not-utf-8",
            f"the byte 0x{content[error.start]:02x} is not UTF-8",
            "Save the file as UTF-8.",
            mark,
        )
    return read_text(text, file, loader=loader)


def read_text(text: str, file: str, *, loader: Any = None) -> Written:
    """The documents of a text, as `read` has them."""
    chosen = loader or FAST_LOADER or PureLoader
    try:
        return _documents(chosen(text), text, file)
    except TooDeep as deep:
        fix = "No spec needs this depth: look for brackets that are not closed."
        return _refused(file, text, "too-deep", str(deep), fix, Mark(file, deep.line, deep.column))
    except yaml.MarkedYAMLError as error:
        again = read_text(text, file, loader=PureLoader) if chosen is not PureLoader and len(text) < SMALL else None
        return again if again is not None and again.findings else _syntax(error, text, file)
    except yaml.reader.ReaderError as error:
        return _unprintable(error, text, file)


def _documents(parser: Any, text: str, file: str) -> Written:
    findings: list[Finding] = []
    nodes = Building(parser.get_event, text, file, findings).documents()
    documents = tuple(node for node in nodes if node.value is not None)
    return Written(text, documents, tuple(findings))


def _refused(file: str, text: str, code: str, message: str, fix: str, mark: Mark | None = None) -> Written:
    return Written(text, (), (mistake(code, "", message, fix, mark or Mark(file, 1, 1)),))


def _syntax(error: yaml.MarkedYAMLError, text: str, file: str) -> Written:
    from bep.schemas.yaml.syntax_errors import explained

    trouble = explained(error, text, PureLoader(text).get_token if len(text) < SMALL else None)
    mark = Mark(file, trouble.line + 1, trouble.column + 1)
    return _refused(file, text, "yaml-syntax", trouble.message, trouble.fix, mark)


def _unprintable(error: yaml.reader.ReaderError, text: str, file: str) -> Written:
    position = error.position if isinstance(error.position, int) else 0
    before = text[:position]
    mark = Mark(file, before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1)
    return _refused(
        file,
        text,
        "yaml-syntax",
        "this is not YAML: there is a control character here",
        "Remove the character, or write it as an escape in double quotes.",
        mark,
    )
