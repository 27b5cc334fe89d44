"""Specs laid out in one way: which files, and their new text; written only when asked. Prints nothing."""

from collections.abc import Iterable, Iterator, Sequence

from bep.app.errors import Refused
from bep.app.workspace.contexts import Specs
from bep.app.workspace.rewriting import BYTE_ORDER_MARK, rewrite
from bep.lazy_dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Arrangement:
    """One file: its text as it is, and as it is to be."""

    path: str
    content: bytes
    after: str

    @property
    def before(self) -> str:
        """The text as it is."""
        return self.content.removeprefix(BYTE_ORDER_MARK).decode()


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
    after = arranged(written.text, lambda number, below: keys_in_order(names[number] or "", below))
    return Arrangement(path, content, after)


_STRANGE = "not every document in it is a spec, a job or bep.yml"


def _every(opened: Specs) -> Iterator[str]:
    from bep.schemas.workspace.workspace import FILE, JOB_FILE

    specs: Iterable[str] = (spec.path for spec in opened.glanced.specs)
    beside = sorted({*opened.files.glob("*.yml"), *opened.files.glob("*.yaml")} - {FILE, JOB_FILE})
    yield from dict.fromkeys(path for path in (FILE, *specs, JOB_FILE, *beside) if opened.files.exists(path))


def arrange(opened: Specs, found: Sequence[Arrangement]) -> None:
    """Write the new texts, each file whole. Raises `Conflict` where one was changed meanwhile."""
    for one in found:
        rewrite(opened.root, one.path, one.content, one.after)
