"""What an editor needs to take bep's schemas: settings of VS Code, merged to the letter; lines at the top of specs.

Prints nothing; knows no schema but by its file.
"""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bep.lazy_dataclasses import dataclass
from bep.lazy_patterns import lazy_pattern

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Specs

SETTINGS: Final = Path(".vscode", "settings.json")
KEY: Final = "yaml.schemas"
MODELINE: Final = "# yaml-language-server: $schema="
_TOKEN = lazy_pattern(r'//[^\n]*|/\*.*?\*/|"(?:[^"\\\n]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"/]+|/', 16)
"""Comments, texts, signs and words of JSON with comments. 16 is `re.DOTALL`."""
_Token = tuple[str, int, int]
"""A text, and where it begins and ends."""
_SCHEMA = lazy_pattern(r"^\$schema\s*:", 8)
"""8 is `re.MULTILINE`."""


@dataclass(frozen=True)
class Written:
    """`settings` is the file of settings, None where it could not be read; `lines` what belongs there. `overruled` are
    specs whose own `$schema` an editor prefers, `given` those that got a line at the top.
    """

    settings: Path | None
    lines: str
    overruled: tuple[str, ...] = ()
    given: tuple[str, ...] = ()


def write_settings(opened: "Specs", folder: Path, *, modelines: bool = False) -> Written:
    """Let VS Code take the schemas in `folder` for the files of a workspace; with `modelines`, every editor for specs
    that have a `$schema` of their own, which is preferred to any setting.
    """
    specs = [spec.path for spec in opened.workspace.specs]
    wanted = _wanted(opened.root, folder, specs, list(opened.workspace.policy_files))
    file = opened.root / SETTINGS
    text = file.read_bytes().decode() if file.exists() else "{}\n"
    merged = with_schemas(text, wanted)
    if merged is not None and merged != text:
        from bep.app.workspace.rewriting import rewrite
        from bep.disk.durable import create_durably

        file.parent.mkdir(exist_ok=True)
        if file.exists():
            rewrite(opened.root, str(SETTINGS), text.encode(), merged)
        else:
            create_durably(file, merged.encode())
    overruled = tuple(path for path in specs if _is_overruled(opened.root / path))
    given = tuple(path for path in overruled if _give_line(opened.root, path, folder)) if modelines else ()
    left = tuple(path for path in overruled if path not in given)
    return Written(SETTINGS if merged is not None else None, json.dumps({KEY: wanted}, indent=2), left, given)


def _wanted(root: Path, folder: Path, specs: list[str], policies: list[str]) -> dict[str, object]:
    def called(name: str) -> str:
        place = os.path.relpath(folder / f"{name}.schema.json", root)
        return Path(place).as_posix() if place.startswith("..") else f"./{Path(place).as_posix()}"

    jobs = ["job.yml", "*.job.yml"]
    own = {called("policies"): policies} if policies else {}
    return {called("spec"): specs, called("workspace"): "bep.yml", **own, called("job"): jobs}


def _is_overruled(file: Path) -> bool:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return False
    return _SCHEMA.search(text) is not None and MODELINE not in text


def _give_line(root: Path, path: str, folder: Path) -> bool:
    from bep.app.workspace.rewriting import rewrite

    before = (root / path).read_bytes()
    text = before.decode("utf-8-sig")
    place = Path(os.path.relpath(folder / "spec.schema.json", (root / path).parent)).as_posix()
    ends = "\r\n" if "\r\n" in text else "\n"
    rewrite(root, path, before, f"{MODELINE}{place}{ends}{text}")
    return True


def with_schemas(text: str, wanted: Mapping[str, object]) -> str | None:
    """The text of settings with these entries under `yaml.schemas`, everything else and every comment as it was. None
    where it is no JSON with comments.
    """
    whole = _members(text, 0)
    if whole is None:
        return None
    members, opening = whole
    there = members.get(KEY)
    if there is None:
        return _put_in(text, opening, members, {KEY: dict(wanted)}, "  ")
    inner = _members(text, there[0])
    if inner is None:
        return None
    known, opening = inner
    for name in sorted(known.keys() & wanted.keys(), key=lambda name: -known[name][0]):
        start, end = known[name]
        if _says(text[start:end], wanted[name]):
            continue
        text = text[:start] + json.dumps(wanted[name]) + text[end:]
    new = {name: value for name, value in wanted.items() if name not in known}
    return _put_in(text, opening, known, new, "    ")


def _says(text: str, value: object) -> bool:
    try:
        return bool(json.loads(text) == value)
    except ValueError:  # a comment, or a comma too many
        return False


def _put_in(text: str, opening: int, known: Mapping[str, object], new: Mapping[str, object], indent: str) -> str:
    """The text with these fields right behind an opening brace."""
    if not new:
        return text
    fields = [
        f"\n{indent}{json.dumps(name)}: " + json.dumps(value, indent=2).replace("\n", f"\n{indent}")
        for name, value in new.items()
    ]
    behind = text[opening + 1 :]
    end = "," if known else "" if behind.lstrip(" \t").startswith(("\n", "/")) else f"\n{indent[2:]}"
    return text[: opening + 1] + ",".join(fields) + end + behind


def _members(text: str, start: int) -> tuple[dict[str, tuple[int, int]], int] | None:
    """Where the value of each field of an object begins and ends, and its brace; None if there is no whole object."""
    found: dict[str, tuple[int, int]] = {}
    tokens = _tokens(text, start)
    first = next(tokens, None)
    if first is None or first[0] != "{":
        return None
    depth, field = 1, list[_Token]()
    for token in tokens:
        if depth == 1 and token[0] in (",", "}"):
            if field and not _is_field(field):
                return None
            found.update({json.loads(name): (field[2][1], field[-1][2]) for name, _, _ in field[:1]})
            if token[0] == "}":
                return found, first[1]
            field = []
            continue
        field.append(token)
        depth += (token[0] in "{[") - (token[0] in "}]")
    return None


def _is_field(tokens: list[_Token]) -> bool:
    return len(tokens) > 2 and tokens[0][0].startswith('"') and tokens[1][0] == ":"


def _tokens(text: str, start: int) -> Iterator[_Token]:
    for token in _TOKEN.finditer(text, start):
        if not token[0].startswith(("//", "/*")):
            yield token[0], token.start(), token.end()
