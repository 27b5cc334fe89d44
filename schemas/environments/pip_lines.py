"""Lines that pip reads: what a requirement or option names, a place on this machine or one elsewhere. Opens nothing.

The grammar is pip's own (docs of pip, "Requirements File Format"): options may be shortened, and may be glued to what
they take, so they are read by the same parser as pip's.
"""

import posixpath
import re
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Final, NoReturn

from bep.lazy_dataclasses import dataclass
from bep.lazy_patterns import lazy_pattern

if TYPE_CHECKING:
    import optparse

ARCHIVES: Final = (".whl", ".zip", ".tar.gz", ".tgz", ".tar", ".tar.bz2", ".tbz", ".tar.xz", ".txz", ".tlz", ".tar.lz")

_NAMING: Final = {
    "requirement": ("-r", "--requirement"),
    "constraint": ("-c", "--constraint"),
    "editable": ("-e", "--editable"),
    "find_links": ("-f", "--find-links"),
    "index": ("-i", "--index-url", "--pypi-url"),
    "extra_index": ("--extra-index-url",),
}
_FILES: Final = ("requirement", "constraint")
_VALUED: Final = (
    *("--no-binary", "--only-binary", "--trusted-host", "--use-feature", "--global-option", "--install-option"),
    *("--hash", "--config-settings", "-C", "--build-option", "--progress-bar", "--uploaded-prior-to"),
)
_FLAGS: Final = (
    *("--no-index", "--pre", "--prefer-binary", "--require-hashes", "--use-wheel", "--no-use-wheel"),
    *("--always-unzip", "-Z", "--no-deps"),
)
EXPRESSION: Final = lazy_pattern(r"\$\{\{\s*([^{}]*?)\s*\}\}")
_URL: Final = lazy_pattern(
    r"(?:[A-Za-z0-9][\w.\-]*\s*(?:\[[^\]]*\])?\s*@\s*)?(?P<scheme>[a-z][a-z0-9+.\-]*):(?P<rest>.*)"
)
_PATH: Final = lazy_pattern(r"(?P<path>.*?)(?P<extras>\[[\w.,\s\-]*\])?")


@dataclass(frozen=True, slots=True)
class PipLine:
    """One line, read. `requirement` is what comes before any option, `rest` the options as written.

    `options` has what `-r`, `-c`, `-e`, `-f`, `-i` and `--extra-index-url` take, under those names, `others` all the
    other options, each with its value; `trouble` says why pip would not take the line.
    """

    requirement: str = ""
    rest: str = ""
    options: tuple[tuple[str, str], ...] = ()
    others: tuple[str, ...] = ()
    trouble: str = ""

    @property
    def urls(self) -> Iterator[str]:
        """What is an address in the line, or may be one."""
        yield from (value for name, value in self.options if name not in _FILES)
        found = _URL.fullmatch(self.requirement)
        if found is not None:
            yield f"{found['scheme']}:{found['rest']}"


@dataclass(frozen=True, slots=True)
class LocalRequirement:
    """A requirement that is a file or folder: its path, and what comes after it (extras, a marker)."""

    path: str
    after: str = ""

    @property
    def is_archive(self) -> bool:
        """Whether the path has the ending of a wheel or of a source distribution."""
        return self.path.lower().endswith(ARCHIVES)


class _Refused(Exception):
    """What pip's parser would say."""


def _keep(option: "optparse.Option", name: str, value: str | None, parser: "optparse.OptionParser") -> None:
    del name
    text = str(option.get_opt_string())
    import shlex

    parser.values.others.append(f"{text} {shlex.quote(value)}" if value is not None else text)  # type: ignore[union-attr]


def _parser() -> "optparse.OptionParser":
    import optparse  # brings the translations along, which only lines of pip's need

    class Parser(optparse.OptionParser):
        def error(self, msg: str) -> NoReturn:
            raise _Refused(msg)

    parser = Parser(add_help_option=False, prog="pip")
    parser.set_defaults(others=[])
    for dest, names in _NAMING.items():
        parser.add_option(*names, dest=dest, action="append", default=[])
    for name in _VALUED:
        parser.add_option(name, action="callback", callback=_keep, type="string")
    for name in _FLAGS:
        parser.add_option(name, action="callback", callback=_keep)
    return parser


def parse(line: str) -> PipLine:
    """Read one line, without its comment."""
    if len(line.splitlines()) > 1:
        return PipLine(line, trouble="it is more than one line")
    tokens = in_one_word(line).split(" ")
    start = next((place for place, token in enumerate(tokens) if token.startswith("-")), len(tokens))
    requirement, rest = " ".join(tokens[:start]).strip(), " ".join(tokens[start:]).strip()
    import shlex

    try:
        parser = _parser()
        found, more = parser.parse_args(shlex.split(rest), parser.get_default_values())
    except (_Refused, ValueError) as refused:
        return PipLine(requirement, rest, trouble=str(refused))
    options = tuple((name, str(value)) for name in _NAMING for value in getattr(found, name))
    trouble = f"'{more[0]}' comes after the options" if more else ""
    if requirement and options:
        trouble = "an option that names a file or an address needs a line of its own"
    return PipLine(requirement, rest, options, tuple(found.others), trouble)


def in_one_word(line: str) -> str:
    """A line whose expressions have no blank in them."""
    return EXPRESSION.sub(r"${{\1}}", line)


def logical(lines: Sequence[str]) -> Iterator[tuple[int, int, str]]:
    """The lines of a requirements file as pip joins and strips them: first and last index, text; none that is empty."""
    start, held = 0, ""
    for number, line in enumerate(lines):
        start = number if not held else start
        bare = re.sub(r"(^|\s+)#.*$", "", line)
        if bare == line and line.endswith("\\"):
            held += line[:-1] + " "
            continue
        text, held = (held + bare).strip(), ""
        if text:
            yield start, number, text
    if held.strip():
        yield start, len(lines) - 1, held.strip()


def is_elsewhere(place: str) -> bool:
    """Whether an address or path of an option names what is on another machine."""
    return re.match(r"[a-z][a-z0-9+.\-]*://", place, re.IGNORECASE) is not None and not is_file_address(place)


def is_file_address(place: str) -> bool:
    """Whether an address is one of this machine's own files: `file:...`, `git+file:...`."""
    return re.match(r"([a-z]+\+)?file:", place, re.IGNORECASE) is not None


def path_in(place: str) -> str:
    """The path that `file:...` means, or the path itself."""
    if not place.lower().startswith("file:"):
        return place
    path = place[5:].partition("#")[0]
    from urllib.parse import unquote

    return unquote(re.sub(r"^//(localhost(?=/))?", "", path))


def local_requirement(requirement: str) -> LocalRequirement | None:
    """What a requirement names on this machine; None for a package's name and for what is elsewhere."""
    url = _URL.fullmatch(requirement)
    separator = " ;" if url is not None else ";"
    text, semicolon, marker = requirement.partition(separator)
    after = f" ;{marker}" if semicolon else ""
    if url is not None:
        place = f"{url['scheme']}:{url['rest'].partition(separator)[0]}".strip()
        return LocalRequirement(path_in(place), after) if is_file_address(place) else None
    found = _PATH.fullmatch(text.strip())
    assert found is not None
    path = found["path"]
    if "/" in path or "\\" in path or path.startswith(".") or path.lower().endswith(ARCHIVES):
        return LocalRequirement(path, (found["extras"] or "") + after)
    return None


def uncarried(line: str, carried: Collection[str]) -> str:
    """What a line names on this machine that is not among the carried files; empty when there is no such thing."""
    several = line.splitlines()
    if len(several) > 1:
        return next((found for each in several if (found := uncarried(each, carried))), "")
    read = parse(line)
    named = local_requirement(read.requirement)
    places = [named.path] if named is not None else []
    places += [value for name, value in read.options if name in _FILES or not is_elsewhere(value)]
    folders = {posixpath.dirname(name) for name in carried}
    return next((place for place in places if not _is_carried(place, carried, folders)), "")


def _is_carried(place: str, carried: Collection[str], folders: Collection[str]) -> bool:
    name = posixpath.normpath(place)
    return place.startswith("./") and (name in carried or (name if name != "." else "") in folders)
