"""Local paths: from what a spec says to the bytes it means. Asks `Files`; opens nothing itself."""

import posixpath
from collections.abc import Callable
from typing import Any, TypeVar

from bep.schemas.content import Unfit
from bep.schemas.drafts.draft import Draft
from bep.schemas.drafts.references import is_remote
from bep.schemas.files import MEND_LINK, Files, absence_of, is_broken_link
from bep.schemas.findings.did_you_mean import did_you_mean
from bep.schemas.findings.finding import warning
from bep.schemas.resource import Content, FieldPath
from bep.schemas.yaml.node import Node

T = TypeVar("T")

_SHOWN = 5


def beside(file: str, path: str) -> str:
    """A path written in a file, made relative to the workspace. `file:` before it is the 2021 spelling of nothing."""
    path = path.removeprefix("file:").replace("\\", "/").strip()
    return posixpath.normpath(posixpath.join(posixpath.dirname(file), path))


class Contents:
    """What stands behind local paths. The same path is asked for once, however many resources share it."""

    def __init__(self, files: Files) -> None:
        self.files = files
        self._seen: dict[str, Content] = {}
        self._read: dict[tuple[str, str], Any] = {}

    def take(self, draft: Draft, path: FieldPath, *, folder: bool = False) -> Content | None:
        """Put the content of the path at a field in its place; None when it is remote or when there is none."""
        node = draft.node.at(path)
        if node is None or not isinstance(node.value, str) or is_remote(node.value) or _is_reference(node.value):
            return None
        local = beside(node.file, node.value)
        content = self._content(draft, path, node, local, folder)
        if content is None:
            return None
        digest = node.beside(content.sha256)
        node.value = {"local": node.beside(content.local), "sha256": digest}
        draft.contents[".".join(str(step) for step in path)] = content
        return content

    def _content(self, draft: Draft, path: FieldPath, node: Node, local: str, folder: bool) -> Content | None:
        name = ".".join(str(step) for step in path)
        try:
            if not self.files.exists(local):
                draft.error("path-not-found", path, f"{name}: {self.absence(local)}", self.advice(local))
                return None
            if folder and not self.files.is_folder(local):
                self.files.content(local)  # which says so if it is no file either
                draft.error(
                    "not-a-folder",
                    path,
                    f"{name} must be a folder; {local} is a file",
                    f"Write {posixpath.dirname(local) or '.'}.",
                )
                return None
            if local not in self._seen:
                self._seen[local] = self.files.content(local)
                _say_left_out(draft, path, name, self._seen[local])
        except Unfit as unfit:
            for file in unfit.files:
                there = f"{local.rstrip('/')}/{file.name}" if file.name else local
                draft.error("not-a-plain-file", path, f"{name}: {there} {file.what}", file.fix)
            return None
        except (OSError, ValueError) as error:
            draft.error("path-unreadable", path, f"{name}: {local} cannot be read: {said(error)}", "Check the path.")
            return None
        if not self._seen[local].files:
            draft.error("empty-folder", path, f"{name}: the folder {local} has no files", "Put the files there.")
            return None
        return self._seen[local]

    def absence(self, path: str) -> str:
        """That a path is not there, or that the link is there which is all that is."""
        return absence_of(path, self.files)

    def advice(self, path: str) -> str:
        """A fix for a path that is not there: the nearest names beside it."""
        parent, name = posixpath.split(path)
        try:
            names = self.files.names(parent or ".")
        except (OSError, ValueError):
            return f"The folder {parent or '.'} is not there either. Paths are relative to the file that names them."
        if name in names:
            return MEND_LINK if not self.files.exists(path) else "Check the file."
        near = did_you_mean(name, names, before=f"{parent}/" if parent else "")
        return near or "Paths are relative to the file that names them."

    def once(self, path: str, examine: "Callable[[bytes, str], T]", told: str = "") -> T:
        """What `examine` says of a file's bytes and name, asked once a file, and for all that it was `told` beside.

        Raises `OSError`.
        """
        if (path, told) not in self._read:
            self._read[path, told] = examine(self.files.read(path), path)
        found: T = self._read[path, told]
        return found

    def text(self, path: str) -> str:
        """The text of a small file. Raises `OSError` or `ValueError` (not UTF-8, not a path)."""
        return self.files.read(path).decode("utf-8-sig")


def _is_reference(text: str) -> bool:
    return text.startswith(("azureml:", "/subscriptions/"))


def _say_left_out(draft: Draft, path: FieldPath, name: str, content: Content) -> None:
    if not content.left_out:
        return
    shown = ", ".join(f"{content.local.rstrip('/')}/{one}" for one in content.left_out[:_SHOWN])
    more = f" and {len(content.left_out) - _SHOWN} more" if len(content.left_out) > _SHOWN else ""
    first = content.left_out[0]
    verb = "does" if len(content.left_out) == 1 else "do"
    message = f"{name}: {shown}{more} {verb} not travel: files of such names hold secrets"
    where = f"{content.local.rstrip('/')}/.amlignore"
    fix = f"Write {first} in {where} where this is right, !{first} where it is to travel."
    draft.findings.append(warning("left-out", draft.label, message, fix, draft.node.nearest(path).mark))


def said(error: Exception, path: str = "", files: Files | None = None) -> str:
    """What the system says about a file, without numbers and paths; of a link that leads nowhere (`path`) that it is
    one.
    """
    if files is not None and isinstance(error, FileNotFoundError) and is_broken_link(path, files):
        return "it is a link to what is not there"
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
