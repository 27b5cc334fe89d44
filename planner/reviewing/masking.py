"""The lines of a file with what looks like a secret masked, in any language: more rather than less. Knows no diff."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from bep.lazy_patterns import lazy_pattern
from bep.schemas.secrets.recognising import REDACTED, may_be_secret, names_secret, redacted, without
from bep.schemas.yaml.masking import LONGEST, masked

CODE: Final = (
    *(".py", ".pyi", ".ipynb", ".r", ".jl", ".sh", ".bash", ".ps1", ".sql", ".js", ".ts", ".java", ".scala", ".kt"),
    *(".c", ".cc", ".cpp", ".h", ".hpp", ".cs", ".go", ".rs", ".rb", ".pl", ".lua"),
)
"""How names of files end in which a colon after a name is no sign that a value follows."""
_GIVEN: Final = tuple(
    lazy_pattern(pattern)
    for pattern in (
        r"""(?P<name>\w+)["'\]]*\s*(?::\s*[\w.\[\], |]+?)?\s*=\s*(?=[^=\s])(?=(?P<value>.*))""",
        r"""(?P<name>\w+)["'\]]*\s*:\s*(?=["'])(?=(?P<value>.*))""",
        r"--(?P<name>[\w-]+)[ =](?=(?P<value>.*))",
        r"<(?P<name>[\w.-]+)>(?=(?P<value>[^<]+)<)",
    )
)
"""A name with what is given to it: assigned, in a mapping, as an option, in XML."""
_CALLED: Final = lazy_pattern(r"[A-Za-z_][\w.]*\s*[(\[].*")
_TEXT: Final = lazy_pattern(r"""(?<=,)\s*["'][^"']*["']""")
_NAME: Final = lazy_pattern(r"""\s*-?\s*["']?name["']?\s*:\s*["']?(?P<name>[\w.-]+)["']?,?\s*""")
_VALUE: Final = lazy_pattern(r"""(\s*-?\s*["']?value["']?\s*:)(.*)""")
_ENDS: Final = {"(": ")", "[": "]", "{": "}", '"""': '"""', "'''": "'''"}


def masked_lines(text: str, secrets: Sequence[str], name: str) -> list[str]:
    """The lines of the file of this name, as many as there were. `secrets` are known ones, wherever they stand."""
    bare = without(secrets, text)
    read = redacted(bare) if name.lower().endswith(CODE) else masked(bare)
    found, plain = list(_given(read.splitlines())), text.splitlines()
    return found if len(found) == len(plain) else list(map(_hidden, plain))


def _given(lines: Sequence[str]) -> Iterator[str]:
    """Each line with what is given to a secret's name masked; what goes over several lines, to its end."""
    end, before = "", ""
    for line in lines:
        if end:
            yield _hidden(line)
            end = "" if end in line else end
            continue
        pair = _NAME.fullmatch(before)
        value = _VALUE.fullmatch(line) if pair and names_secret(pair["name"]) else None
        yield f"{value[1]}{_hidden(value[2])}" if value else _one(line)
        end = _opened(line)
        before = line


def _opened(line: str) -> str:
    """What ends a value of a secret's name that only begins in this line; nothing where it does not."""
    for opening, end in _ENDS.items() if len(line) <= LONGEST else ():
        if line.rstrip().endswith(opening) and any(names_secret(found["name"]) for found in _GIVEN[0].finditer(line)):
            return end
    return ""


def _one(line: str) -> str:
    if len(line) > LONGEST:
        return _hidden(line)
    for pattern in _GIVEN if any(sign in line for sign in "=:<-") else ():
        for found in pattern.finditer(line):
            value = found["value"].strip()
            if not names_secret(found["name"].replace("-", "_")) or value in _ENDS:
                continue
            start, end = found.span("value")
            if _CALLED.fullmatch(value):
                return line[:start] + _TEXT.sub(lambda given: _hidden(given[0]), line[start:])
            if may_be_secret(value.strip("\"',")):
                return line[:start] + _hidden(line[start:end]) + line[end:]
    return line


def _hidden(text: str) -> str:
    return re.sub(r"\S", REDACTED, text)
