"""Specs laid out in one way: which files, and their new text; written only when asked. Prints nothing."""

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from bep.app.errors import Conflict, Refused
from bep.app.workspace.contexts import Specs
from bep.disk.durable import replacing
from bep.lazy_dataclasses import dataclass

_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Arrangement:
    """One file: its text as it is, and as it is to be."""

    path: str
    before: str
    after: str


def arrangements(opened: Specs, paths: Sequence[str]) -> list[Arrangement]:
    """The files whose text is to be another: those that are named, or bep.yml, its specs and jobs beside it.

    Raises `Refused` for a named file that cannot be read, or that is none of bep's.
    """
    found = (arrangement(opened, path, named=bool(paths)) for path in paths or _every(opened))
    return [one for one in found if one is not None and one.before != one.after]


def arrangement(opened: Specs, path: str, *, named: bool) -> Arrangement | None:
    """One file; None where nobody named it and it is none of bep's."""
    from bep.schemas.specs.key_order import keys_in_order, schema_name
    from bep.schemas.yaml.arranging import arranged
    from bep.schemas.yaml.reading import read

    try:
        content = opened.files.read(path)
    except OSError as error:
        raise Refused(f"{path}: cannot be read: {error.strerror}") from None
    written = read(content, path)
    names = [schema_name(document, path) for document in written.documents]
    if written.findings or not names or None in names:
        if not named:
            return None
        said = [f"{finding.mark or path}: {finding.message}" for finding in written.findings]
        raise Refused("\n".join(said or [f"{path}: {_STRANGE}"]) + "\n    fix: mend it; it was left as it is")
    text = content.removeprefix(_MARK).decode()
    return Arrangement(path, text, arranged(text, lambda number, below: keys_in_order(names[number] or "", below)))


_STRANGE = "not every document in it is a spec, a job or bep.yml"


def _every(opened: Specs) -> Iterator[str]:
    from bep.schemas.workspace.workspace import FILE, JOB_FILE

    specs: Iterable[str] = (spec.path for spec in opened.glanced.specs)
    beside = sorted({*opened.files.glob("*.yml"), *opened.files.glob("*.yaml")} - {FILE, JOB_FILE})
    yield from dict.fromkeys(path for path in (FILE, *specs, JOB_FILE, *beside) if opened.files.exists(path))


def arrange(opened: Specs, found: Sequence[Arrangement]) -> None:
    """Write the new texts, each file whole. Raises `Conflict` where one was changed meanwhile."""
    for one in found:
        file = Path(os.path.realpath(opened.root / one.path))
        content = file.read_bytes()
        if content.removeprefix(_MARK) != one.before.encode():
            raise Conflict(f"{one.path}: it was changed while bep worked on it; nothing of it was written")
        mark = _MARK if content.startswith(_MARK) else b""
        with replacing(file) as stream:
            os.fchmod(stream.fileno(), stat.S_IMODE(file.stat().st_mode))
            stream.write(mark + one.after.encode())
