"""Documents in the files of a folder: tried in memory beside the workspace's specs, written, listed in bep.yml. Takes
nothing into the state.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from bep.app.plans.imports.declaring import Found, document_of
from bep.app.plans.planning import Asked, plan_of
from bep.app.workspace.opening import Opened
from bep.app.workspace.overlay import Overlay
from bep.app.workspace.rewriting import rewrite
from bep.disk.durable import create_durably
from bep.lazy_dataclasses import dataclass, replace
from bep.lazy_patterns import lazy_pattern
from bep.schemas.address import Address, address_of, kind_of, names_of
from bep.schemas.findings.finding import SpecInvalid, errors
from bep.schemas.secrets.secret import is_sealed
from bep.schemas.workspace.workspace import FILE
from bep.schemas.yaml import editing as edit

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Reading
    from bep.planner.plan import Plan

NOTHING_YET: Final = ".nothing-yet.yml"
"""A file that is taken to be in a folder that bep.yml lists and in which there is none. It is never written."""
_SECRET: Final = lazy_pattern(r"\$\{\{ env\.(\w+) \}\}")
_LONGEST: Final = 200  # characters of a file's name; an object's may have 255
_SHOWN: Final = 60  # characters of a value


@dataclass(frozen=True, slots=True)
class Document:
    """One object's document. Traffic has none: it stands in that of its endpoint."""

    found: Found
    text: str


@dataclass(frozen=True, slots=True)
class File:
    """One file to be: `base` is its path without number and ending, `name` the whole of it."""

    base: str
    name: str
    documents: tuple[Document, ...]

    @property
    def text(self) -> str:
        """What is to stand in it."""
        return "---\n".join(one.text for one in self.documents)

    @property
    def secrets(self) -> set[str]:
        """The environment variables that stand for secrets in it."""
        return set(_SECRET.findall(self.text))

    def document_at(self, line: int) -> Document:
        """The document in which a line stands, the first being 1."""
        end = 1
        for one in self.documents:
            end += one.text.count("\n") + 1
            if line < end:
                break
        return one


class SpecsFolder:
    """Specs to be in one folder of a workspace. `left_out` are objects that cannot be declared, with why."""

    def __init__(self, opened: "Reading", inside: str, say: Callable[[str], None]) -> None:
        self._opened, self._say = opened, say
        self._inside = "" if inside == "." else f"{inside}/"
        self._bep_yml = opened.files.read(FILE) if opened.files.exists(FILE) else b""
        self.left_out: dict[str, str] = {}

    @property
    def pattern(self) -> str:
        """What bep.yml lists for all of its files."""
        return f"{self._inside}*.yml"

    def fitting(self, new: Sequence[Found]) -> list[File]:
        """The files that declare these objects, without what does not load and what a plan would change. Brings bytes
        along.

        An import that was cut off may have written one of them: then it has that one's name.
        """
        files = self._files(new)
        while wrong := dict(self._wrong(files)):
            self.left_out.update(wrong)
            left = (
                replace(file, documents=tuple(one for one in file.documents if one.found.address not in wrong))
                for file in files
            )
            files = [file for file in left if file.documents]
        return [replace(file, name=self._free(file.base, file.text)) for file in files]

    def write(self, files: Sequence[File]) -> bool:
        """Make the files, then list them in bep.yml; whether it lists them now."""
        text = self._listing(files)
        for file in files:
            path = self._opened.root / file.name
            if not path.exists():
                create_durably(path, file.text.encode(), mode=0o666)
        if text:
            rewrite(self._opened.root, FILE, self._bep_yml, text)
        return text is not None

    def _files(self, new: Sequence[Found]) -> list[File]:
        """The documents by file: one for each name, an endpoint's with its deployments. Brings bytes along."""
        files: dict[str, list[Document]] = {}
        folded: dict[str, str] = {}  # names that a disk may take for the same
        for one in sorted(new, key=lambda one: (kind_of(one.address) != "endpoint", one.address)):
            if kind_of(one.address) == "traffic":
                continue
            kind = "endpoint" if kind_of(one.address) == "deployment" else kind_of(one.address)
            name = f"{self._inside}{kind}-{names_of(one.address)[0][:_LONGEST]}"
            if one.observed.contents:
                self._say(f"fetching the files of {one.address}")
            text = document_of(self._opened, one, new, self._opened.root / self._inside)
            files.setdefault(folded.setdefault(name.casefold(), name), []).append(Document(one, text))
        return [File(base, self._free(base), tuple(documents)) for base, documents in files.items()]

    def _free(self, base: str, text: str | None = None) -> str:
        """A file's name that is not taken, or whose file has this text already."""
        number, found, content = 1, f"{base}.yml", None if text is None else text.encode()
        while (path := self._opened.root / found).exists() and path.read_bytes() != content:
            number += 1
            found = f"{base}-{number}.yml"
        return found

    def _wrong(self, files: Sequence[File]) -> Iterator[tuple[str, str]]:
        trial = self._trial(files, None)
        found = list(errors(trial.loaded.findings))
        by_name = {file.name: file for file in files}
        for finding in found:
            if finding.mark is None or finding.mark.file not in by_name:  # something of before, which was right then
                raise SpecInvalid(trial.loaded.findings, trial.loaded.sources)
            document = by_name[finding.mark.file].document_at(finding.mark.line)
            yield document.found.address, f"it cannot be written as a spec: {finding.message}"
        if found or not files:
            return
        addresses = [one.found.address for file in files for one in file.documents]
        traffic = set(map(traffic_of, addresses))
        addresses += [one.address for one in trial.loaded.resources if one.address in traffic]
        whole = plan_of(trial, Asked(targets=addresses, imports=addresses, to_be_applied=False))
        yield from ((one.address, one.message) for one in whole.blocking if one.address in addresses)
        yield from _other_than_there(whole, addresses)

    def _trial(self, files: Sequence[File], bep_yml: str | None) -> Opened:
        """The workspace as it would be, in memory. Nobody is asked for a secret."""
        texts = {file.name: file.text.encode() for file in files}
        paths = () if bep_yml is not None else tuple(texts)
        trial = Opened(self._opened.root, replace(self._opened.source, offline=True, paths=paths))
        trial.files = Overlay(self._opened.root, texts | ({} if bep_yml is None else {FILE: bep_yml.encode()}))
        return trial

    def _listing(self, files: Sequence[File]) -> str | None:
        """bep.yml with the files listed; empty where it lists them already, None where it cannot be made to."""
        if not files or not self._bep_yml:
            return None if files else ""
        before = {spec.path for spec in self._opened.glanced.specs} - {f"{self._inside}{NOTHING_YET}"}
        text = self._bep_yml.decode("utf-8-sig")
        names = [file.name for file in files]
        for one in _with_listed(text, before, self.pattern, names):
            trial = self._trial(files, one)
            if {spec.path for spec in trial.glanced.specs} == before.union(names) and not errors(trial.loaded.findings):
                return "" if one == text else one
        return None


def traffic_of(address: Address) -> Address | None:
    """The address of an endpoint's traffic, which stands in the endpoint's document; None for another kind."""
    return address_of("traffic", *names_of(address)) if kind_of(address) == "endpoint" else None


def _with_listed(text: str, before: Collection[str], pattern: str, files: Sequence[str]) -> Iterator[str]:
    """bep.yml as it may be with more files listed, the least change first."""
    yield text
    if (added := edit.item_added(text, "specs", pattern)) is not None:
        yield added
        for name in files:
            text = edit.item_added(text, "specs", name) or text
        yield text
    else:  # without a list it means all that is beside it
        beside = (one for one in ("*.yml", "*.yaml") if any(name.endswith(one[1:]) for name in before))
        for names in ((pattern,), files):  # one by one, where something else in the folder is no spec
            listed = ", ".join(f'"{one}"' for one in (*beside, *names))
            yield f"{text.rstrip()}\nspecs: [{listed}]\n"


def _other_than_there(plan: "Plan", addresses: Sequence[Address]) -> Iterator[tuple[str, str]]:
    """Objects that their own documents would change: bep has no words for what they are. Of secrets nobody knows."""
    from bep.planner.fields import dotted

    for change in plan.changes:
        other = [diff for diff in change.diffs if not is_sealed(diff.before)]
        if change.address in addresses and other:
            first = other[0]
            told = f"{dotted(first.path)}: {str(first.before)[:_SHOWN]} -> {str(first.after)[:_SHOWN]}"
            yield change.address, f"a spec cannot say it as it is, and a plan would change it: {told}"
