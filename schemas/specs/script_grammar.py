"""Grammar: whether the Python that a script is for can parse it, as far as that can be told. Starts no interpreter."""

import ast
import sys
import warnings
from collections.abc import Callable

from bep.lazy_dataclasses import dataclass
from bep.lazy_patterns import lazy_pattern

NEWER = lazy_pattern(
    r"^\s*type\s+\w+|^\s*(async\s+)?(def|class)\s+\w+\s*\[|\b[fFtT][rR]?[\"']|\b[rR][fFtT][\"']|^\s*except\s+[^()]*,"
    r"|^\s*match\b|^\s*except\*",
)
"""Lines on which a newer Python than this one may allow what this one refuses."""


OWN = (sys.version_info.major, sys.version_info.minor)
_VERSION = lazy_pattern(r"(\d+)\.(\d+)(\.\d+)?")
_KEPT_SINCE = (3, 7)
"""From here on a newer Python takes whatever an older one takes: `async` and `await` became words of the language."""


@dataclass(frozen=True, slots=True)
class ScriptTrouble:
    """What is wrong with a script, in which line. `certain` is false when another Python might take it."""

    code: str
    message: str
    fix: str
    line: int = 0
    column: int = 1
    certain: bool = True


@dataclass(frozen=True, slots=True)
class Parsed:
    """What an interpreter says of a script: its own version (`3.8.20`), and why it cannot parse it, if it cannot."""

    version: str
    message: str = ""
    line: int = 0
    column: int = 1


Parse = Callable[[str, bytes], Parsed | None]
"""Asks a Python of a version (`3.8`, `3.8.5`) or range (`>=3.8,<3.11`) to parse a script; None where none is here."""


def read_script(
    source: bytes, name: str, asked: str, parse: Parse | None
) -> tuple[ast.Module | None, list[ScriptTrouble]]:
    """A script as this Python reads it, and what is wrong with its grammar.

    `asked` is the Python that its environment asks for: it judges where `parse` can ask it. Else this one does, as far
    as it knows the other's grammar.
    """
    tree, troubles = _by_this_python(source, name, asked)
    if asked and parse is not None and _minor(asked) != OWN and (judged := parse(asked, source)) is not None:
        if judged.message:
            message = f"Python {judged.version}, which its environment asks for, cannot parse {name}: {judged.message}"
            return None, [ScriptTrouble("script-syntax", message, "Correct the script.", judged.line, judged.column)]
        troubles = []
    return tree, troubles


def _minor(asked: str) -> tuple[int, int] | None:
    """The minor version that is asked for; None for a range."""
    found = _VERSION.fullmatch(asked)
    return (int(found[1]), int(found[2])) if found else None


def _by_this_python(source: bytes, name: str, asked: str) -> tuple[ast.Module | None, list[ScriptTrouble]]:
    """The script as this Python reads it, in the grammar of the asked version as far as it knows that."""
    wanted = _minor(asked) if asked else OWN
    try:
        tree = _parsed(source)
        if wanted is not None and wanted < OWN:
            _parsed(source, wanted)
    except SyntaxError as error:
        return None, [_unparsed(error, source, name, asked, wanted)]
    except (ValueError, RecursionError, MemoryError) as error:
        return None, [ScriptTrouble("script-syntax", f"{name} cannot be parsed: {error}", "Check the file.")]
    return tree, []


def _parsed(source: bytes, version: tuple[int, int] | None = None) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(source, feature_version=version)


def _unparsed(
    error: SyntaxError, source: bytes, name: str, asked: str, wanted: tuple[int, int] | None
) -> ScriptTrouble:
    """What this Python refuses is certainly wrong in an older one; a newer one may take it."""
    line, own = error.lineno or 1, ".".join(map(str, OWN))
    if not asked or wanted == OWN:
        lines = source.decode("utf-8", "replace").splitlines()
        certain = not NEWER.search(lines[line - 1] if line <= len(lines) else "")
        fix = (
            "Correct the script."
            if certain
            else f"If its environment has a newer Python than {own}, this may be right."
        )
        message = f"Python {own} cannot parse {name}: {error.msg}"
    elif wanted is not None and _KEPT_SINCE <= wanted < OWN:
        certain, fix = True, "Correct the script, or ask for a newer Python in its environment."
        message = f"Python {asked}, which its environment asks for, cannot parse {name}: {error.msg}"
    else:
        certain, fix = (
            False,
            f"If Python {asked} takes it, this is right: it is not on this machine, so it was not asked.",
        )
        message = f"Python {own} cannot parse {name}, whose environment asks for {asked}: {error.msg}"
    return ScriptTrouble("script-syntax", message, fix, line, error.offset or 1, certain)
