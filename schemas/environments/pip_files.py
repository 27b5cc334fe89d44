"""Files that pip lines name: read into the environment or carried with it, so that nothing is looked up later.

Requirements and constraints files become lines; wheels and source distributions become a content of the environment,
and the line that named one says `./NAME` of a file in it. Everything else on this machine is a finding.
"""

import os.path
import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from bep.lazy_dataclasses import dataclass, field
from bep.schemas.content import digest_of_files
from bep.schemas.drafts.contents import Contents, beside, said
from bep.schemas.drafts.draft import Draft
from bep.schemas.environments.pip_lines import (
    ARCHIVES,
    PipLine,
    is_elsewhere,
    is_file_address,
    local_requirement,
    logical,
    parse,
    path_in,
)
from bep.schemas.resource import Content, FieldPath
from bep.schemas.yaml.node import Node

FIELD: Final = "local_files"
"""The attribute that holds the carried files, a content."""

DEEPEST: Final = 10
"""How many requirements files may name one another in a row."""

_BUILD_A_WHEEL: Final = "Build a wheel of it (`pip wheel --no-deps DIRECTORY`), and name the wheel: wheels travel."


def read_lines(contents: Contents, path: str) -> list[Node]:
    """The lines of a requirements file that say something, each with its place.

    A line that goes on in the next is kept in its parts, as it was written. Raises `OSError` or `ValueError`.
    """
    lines = contents.text(path).splitlines()
    found = []
    for first, last, text in logical(lines):
        parts = [line.split(" #")[0].strip() for line in lines[first : last + 1]] if last > first else [text]
        found += [Node(part, path, number, 1, part) for number, part in enumerate(parts, first + 1)]
    return found


@dataclass(slots=True)
class Carrier:
    """Takes what the pip lines of one environment name along. `given` is a content that the user named for it."""

    draft: Draft
    contents: Contents
    given: Content | None = None
    constraints: list[Node] = field(default_factory=list)
    _files: dict[str, Content] = field(default_factory=dict)
    _open: list[Node] = field(default_factory=list)

    def lines(self, path: FieldPath, lines: Sequence[Node], depth: int = 0) -> list[Node]:
        """The same lines without a place on this machine in them."""
        found: list[Node] = []
        for group in _joined(lines):
            text = " ".join(str(node.value).removesuffix("\\").strip() for node in group)
            if not text or text.startswith("#") or not all(isinstance(node.value, str) for node in group):
                found += group
                continue
            node, line = group[0], parse(text)
            if line.trouble:
                message = f"'{text}' is not a line that pip accepts: {line.trouble}"
                self.draft.error("pip-line", path, message, "Write one requirement, or options alone.", node.mark)
            elif local_requirement(line.requirement) is not None:
                found += self._requirement(path, node, line)
            elif any(map(self._is_here, line.options)):
                found += self._options(path, node, line, depth)
            else:
                found += group
        return found

    def finish(self) -> None:
        """Put the carried files into the environment, and their names into the lines."""
        if not self._files:
            return
        root = posixpath.commonpath([_folder(each.source) for each in self._files.values()])
        files = {name: sha256 for each in self._files.values() for name, sha256 in _named(each, root)}
        for node in self._open:
            node.value = re.sub("\0(.*?)\0", lambda found: _relative(found[1], root), node.value)
            node.text = node.value
        node = self._open[0]
        content = Content(_local_root(self._files), digest_of_files(files), files, root)
        self.draft.node.value[FIELD] = node.beside(
            {"local": node.beside(content.local), "sha256": node.beside(content.sha256)}
        )
        self.draft.contents[FIELD] = content

    def _is_here(self, option: tuple[str, str]) -> bool:
        name, value = option
        return name in ("requirement", "constraint") or not is_elsewhere(value)

    def _requirement(self, path: FieldPath, node: Node, line: PipLine) -> Iterator[Node]:
        named = local_requirement(line.requirement)
        assert named is not None
        if self._is_given(named.path):
            yield node
            return
        if is_file_address(named.path):
            message = f"'{named.path}' is a repository on this machine, which does not travel"
            self.draft.error("pip-path", path, message, _BUILD_A_WHEEL, node.mark)
            return
        local = self._local(path, node, named.path)
        if local is None:
            return
        if self.contents.files.is_folder(local):
            message = f"'{named.path}' is a project's folder, which does not travel: what it installs could change"
            self.draft.error("pip-path", path, message, _BUILD_A_WHEEL, node.mark)
        elif not named.is_archive:
            message = f"'{named.path}' is neither a wheel nor a source distribution"
            self.draft.error("pip-path", path, message, f"Their names end in {', '.join(ARCHIVES[:3])}.", node.mark)
        else:
            content = self._take(path, node, local)
            if content is not None:
                yield self._line(node, f"./\0{content.source}\0{named.after} {line.rest}".rstrip())

    def _options(self, path: FieldPath, node: Node, line: PipLine, depth: int) -> Iterator[Node]:
        for name, value in line.options:
            if name == "requirement":
                yield from self._included(path, node, value, depth)
            elif name == "constraint":
                self._constrain(path, node, value, depth)
            elif name == "find_links" and not is_elsewhere(value) and not self._is_given(value):
                yield from self._links(path, node, value)
            elif trouble := _not_carried(name, value):
                self.draft.error("pip-path", path, *trouble, node.mark)
            elif not self._is_here((name, value)) or self._is_given(value):
                yield self._line(node, f"{_WRITTEN[name]} {value}", whole=True)
        yield from (self._line(node, other, whole=True) for other in line.others)

    def _included(self, path: FieldPath, node: Node, value: str, depth: int) -> list[Node]:
        lines = self._read(path, node, value, depth)
        return self.lines(path, lines, depth + 1) if lines else []

    def _constrain(self, path: FieldPath, node: Node, value: str, depth: int) -> None:
        """Constraints are kept as lines. They may name packages and versions, and nothing on this machine."""
        for each in self.lines(path, self._read(path, node, value, depth), depth + 1):
            if "\0" in str(each.value) or local_requirement(parse(str(each.value)).requirement) is not None:
                fix = "Name the file among the requirements; a constraint only says a version."
                self.draft.error("pip-path", path, f"a constraint names a file: '{each.text}'", fix, each.mark)
            self.constraints.append(each)

    def _read(self, path: FieldPath, node: Node, value: str, depth: int) -> list[Node]:
        if is_elsewhere(value):
            message = f"'{value}' is fetched when the environment is built: what is in it may be another by then"
            self.draft.error("pip-path", path, message, "Keep it beside the spec, and name it by its path.", node.mark)
            return []
        local = self._local(path, node, value)
        if local is None:
            return []
        if depth >= DEEPEST:
            message = f"{local} is the last of more than {DEEPEST} files that name one another"
            self.draft.error("pip-path", path, message, "Do not let a file name itself.", node.mark)
            return []
        try:
            return read_lines(self.contents, local)
        except (OSError, ValueError) as error:
            message = f"{local} cannot be read: {said(error)}"
            self.draft.error("path-unreadable", path, message, "Check the path.", node.mark)
            return []

    def _links(self, path: FieldPath, node: Node, value: str) -> Iterator[Node]:
        """Of a folder of `--find-links` pip takes the archives that lie directly in it."""
        local = self._local(path, node, value)
        if local is None:
            return
        names = [name for name in self.contents.files.names(local) if name.lower().endswith(ARCHIVES)]
        if not self.contents.files.is_folder(local) or not names:
            message = (
                f"--find-links {value}: {local} is not a folder with wheels or source distributions directly in it"
            )
            self.draft.error("pip-path", path, message, "Name the folder that they lie in.", node.mark)
            return
        found = [self._take(path, node, posixpath.join(local, name)) for name in names]
        if any(found):
            folder = next(_folder(each.source) for each in found if each is not None)
            yield self._line(node, f"--find-links ./\0{folder}\0")

    def _local(self, path: FieldPath, node: Node, written: str) -> str | None:
        """The path that something written in a line means: beside the file that it is written in."""
        plain = path_in(written)
        if "$" in plain or re.search(r"[\s'\"\\]", plain):
            message = f"'{written}' has a character in it that a path here may not have: a blank, a quote, '$' or '\\'"
            self.draft.error("pip-path", path, message, "Rename the file or folder.", node.mark)
            return None
        local = beside(node.file, plain)
        if not self.contents.files.exists(local):
            message = f"'{written}' names {local}, which is not there"
            fix = self.contents.advice(local).replace("the file they stand in", f"the file they stand in, {node.file}")
            self.draft.error("path-not-found", path, message, fix, node.mark)
            return None
        return local

    def _take(self, path: FieldPath, node: Node, local: str) -> Content | None:
        try:
            self._files[local] = self.contents.files.content(local)
        except (OSError, ValueError) as error:
            message = f"{local} cannot be read: {said(error)}"
            self.draft.error("path-unreadable", path, message, "Check the path.", node.mark)
            return None
        return self._files[local]

    def _is_given(self, written: str) -> bool:
        if self.given is None or not written.startswith("./"):
            return False
        name = posixpath.normpath(written[2:])
        return any(name in (".", file, posixpath.dirname(file)) for file in self.given.files)

    def _line(self, node: Node, text: str, *, whole: bool = False) -> Node:
        made = node.beside(text)
        if not whole:
            self._open.append(made)
        return made


_WRITTEN: Final = {
    "find_links": "--find-links",
    "index": "--index-url",
    "extra_index": "--extra-index-url",
    "editable": "--editable",
}


def _not_carried(name: str, value: str) -> tuple[str, str] | None:
    """What is wrong with what an option names, and what to do instead; None for what is elsewhere."""
    if is_elsewhere(value) or name == "find_links":
        return None
    if name == "editable":
        return (
            f"'-e {value}' installs a folder in place: the environment would change with it, unseen",
            _BUILD_A_WHEEL,
        )
    if value.startswith("$"):
        message = f"which index '{value}' is, is decided when the environment is built"
        return message, "Write its address, with ${{ env.NAME }} for a user and a password."
    message = f"the index {value} is a folder of this machine, which does not travel"
    return message, "Write '--find-links FOLDER' with the wheels, and '--no-index' if nothing else is wanted."


def _joined(lines: Sequence[Node]) -> Iterator[list[Node]]:
    """Lines that go on in the next, together."""
    group: list[Node] = []
    for node in lines:
        group.append(node)
        if not (isinstance(node.value, str) and node.value.endswith("\\")):
            yield group
            group = []
    if group:
        yield group


def _local_root(contents: Mapping[str, Content]) -> str:
    """The folder that all of them are in, as the user would write it."""
    folders = [_folder(each.local) for each in contents.values()]
    try:
        return posixpath.commonpath(folders) or "."
    except ValueError:  # some are written from the root, some not
        return folders[0]


def _folder(path: str) -> str:
    return posixpath.dirname(path)


def _named(content: Content, root: str) -> Iterator[tuple[str, str]]:
    for sha256 in content.files.values():
        yield _relative(content.source, root), sha256


def _relative(path: str, root: str) -> str:
    relative = os.path.relpath(path, root)
    return "" if relative == "." else relative
