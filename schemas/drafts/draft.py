"""Draft: a resource on its way from what was written to canonical form. Knows how to say what is wrong with it."""

from bep.lazy_dataclasses import dataclass, field, replace
from bep.schemas.address import Address
from bep.schemas.findings.doubts import Doubts
from bep.schemas.findings.finding import Finding, Severity, mistake, warning
from bep.schemas.mark import Mark
from bep.schemas.resource import Content, FieldPath, Reference
from bep.schemas.yaml.node import Node


@dataclass(slots=True)
class Draft:
    """One resource while it is made: its nodes, and what was found about them so far.

    `label` names it in findings before its address is known. `doubts` has the fields that are gone or not to be
    relied on, because something wrong was said of them; rules ask it before they blame a field for being absent.
    `settled` are the ids of scalars whose expressions stay as they are written, until what they stand for is needed.
    `entry` is the key of the entry of `for_each` that its document was written out for.
    `open` if part of its address may be said where nobody looked.
    `not_secret` are fields that the document around an inline part says to be no secrets.
    """

    kind: str
    node: Node
    label: str
    mark: Mark
    address: Address | None = None
    inline: bool = False
    extension: Node | None = None
    contents: dict[str, Content] = field(default_factory=dict)
    references: list[Reference] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    doubts: Doubts = field(default_factory=Doubts)
    unset: bool = False
    settled: set[int] = field(default_factory=set)
    not_secret: tuple[str, ...] = ()
    entry: str = ""
    open: bool = False

    def error(
        self, code: str, path: FieldPath, message: str, fix: str, mark: Mark | None = None, *, cause: str = ""
    ) -> None:
        """Note what is wrong at a field, or at the nearest field there is; the field is in doubt from then on."""
        if path:
            self.doubts.add(path)
        place = mark or self.node.nearest(path).mark
        self.findings.append(mistake(code, self.label, message, fix, place, cause=cause))

    def warn(
        self, code: str, path: FieldPath, message: str, fix: str, mark: Mark | None = None, *, cause: str = ""
    ) -> None:
        """Note what is doubtful at a field."""
        place = mark or self.node.nearest(path).mark
        self.findings.append(warning(code, self.label, message, fix, place, cause))

    def relabel(self, label: str) -> None:
        """Name it by its address from now on, and in what was said of it before."""
        if label != self.label:
            self.findings = [replace(f, address=label) for f in self.findings]
            self.label = label

    @property
    def broken(self) -> bool:
        """Whether something was found that keeps it from being planned."""
        return self.unset or any(f.severity is Severity.ERROR for f in self.findings)
