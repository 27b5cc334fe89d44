"""References: every way to name another resource, and the address it means."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Final, NamedTuple

from bep.lazy_dataclasses import dataclass
from bep.lazy_patterns import lazy_pattern
from bep.schemas.address import Address, address_of, kind_of, names_of
from bep.schemas.findings.did_you_mean import listed, nearest
from bep.schemas.kinds.kind import is_registered, load_kinds

BUILT_IN = frozenset((Address("compute/local"), Address("datastore/workspaceblobstore")))
"""What every workspace has without declaring it."""

CURATED = "AzureML-"
"""What the names of the environments begin with that every workspace of Azure ML has (Azure ML docs: environments)."""

SERVICE = "Microsoft.MachineLearningServices/"
REMOTE = lazy_pattern(r"(azureml|https?|wasbs?|abfss?|adl|s3|gs|runs):/|(?!file:)[a-z][a-z0-9+.-]+://")
DATASTORE_URI = lazy_pattern(
    r"azureml://(?:subscriptions/[^/]+/resource[gG]roups/[^/]+/(?:providers/[^/]+/)?workspaces/[^/]+/)?datastores/([^/]+)/paths/"
)
ASSET = lazy_pattern(r"([A-Za-z]+)/([^/]+)(?:/(versions|labels)/(?:labels/)?([^/]+))?\Z")


@dataclass(frozen=True, slots=True)
class Named:
    """What a reference says: a name, and a version, a label or neither; `external` if it is in no workspace of ours."""

    kind: str = ""
    name: str = ""
    version: str = ""
    label: str = ""
    external: bool = False


class Misnamed(NamedTuple):
    """A declaration that no reference finds: its name is wrong, or, with `elsewhere`, that of its endpoint is.

    A deployment is `within` its endpoint, unless the name of that is wrong.
    """

    kind: str
    name: str
    address: Address | None
    within: str = ""
    elsewhere: bool = False


def is_remote(path: str) -> bool:
    """Whether a path names what is stored elsewhere already, so that there are no local bytes."""
    return bool(REMOTE.match(path))


def datastore_of(uri: str) -> str:
    """The datastore that a data URI is in, or nothing."""
    found = DATASTORE_URI.match(uri)
    return found[1] if found else ""


def parse(text: str, kind: str) -> Named | None:
    """What a reference to a `kind` says. None when it has none of the forms.

    Forms: Azure ML docs, reference-yaml-core-syntax (azureml:NAME:VERSION, NAME@LABEL, ARM ids, azureml:// URIs);
    the space after the prefix is printed in the 2021 article.
    """
    text = text.strip()
    if text.startswith("azureml://"):
        return _uri(text.removeprefix("azureml://"))
    if text.startswith(("azureml:", "/subscriptions/")):
        rest = text.removeprefix("azureml:").strip()
        return _long(rest) if "/" in rest else _short(rest, kind)
    if not is_registered(kind) and "/" not in text and ":" not in text:
        return Named(kind, text)
    return None


def _short(text: str, kind: str) -> Named | None:
    if "@" in text:
        name, _, label = text.partition("@")
        return Named(kind, name, label=label) if name and label else None
    name, _, version = text.partition(":")
    if not name or ":" in version or (version and not is_registered(kind)):
        return None
    return Named(kind, name, version) if version or ":" not in text else None


def _long(text: str) -> Named | None:
    return _asset(text.partition(SERVICE)[2].partition("/")[2].partition("/")[2]) if SERVICE in text else None


def _uri(text: str) -> Named | None:
    if text.startswith("registries/"):
        return Named(external=True)
    if "/workspaces/" in text:
        text = text.partition("/workspaces/")[2].partition("/")[2]
    return _asset(text)


def _asset(text: str) -> Named | None:
    found = ASSET.match(text)
    if not found or found[1] not in _collections():
        return None
    version = found[4] or ""
    labelled = found[3] == "labels" or "/labels/" in text
    return Named(_collections()[found[1]], found[2], "" if labelled else version, version if labelled else "")


@cache
def _collections() -> Mapping[str, str]:
    """Each kind by what long identifiers call it."""
    return {kind.collection: name for name, kind in load_kinds().items() if kind.collection}


class _Anything(Sequence[Address]):
    """What a world is taken to have that is not asked: whatever is named, and nothing to choose from."""

    def __contains__(self, address: object) -> bool:
        return True

    def __len__(self) -> int:
        return 0

    def __getitem__(self, place: Any) -> Any:
        raise IndexError(place)


ANYTHING: Final[Sequence[Address]] = _Anything()


class Addresses:
    """Every address a reference may mean: those declared, then those the provider has, asked for once a kind.

    When not `complete`, some file could not be read and may declare anything; `unsure` are names that broken
    documents declare without it being clear as what. `misnamed`, found later, are declarations whose names are wrong: a
    reference may mean one by the name that it was to have. `alone` if what is referred to may be declared elsewhere.
    `newest` says which version of a kind and name the provider made last; without it all that is known is searched.
    """

    def __init__(
        self,
        declared: Iterable[Address],
        known: Callable[[str], Sequence[Address]],
        *,
        complete: bool = True,
        unsure: Collection[str] = (),
        alone: bool = False,
        newest: Callable[[str, str], Address | None] | None = None,
    ) -> None:
        self.alone = alone
        self._newest = newest
        self.misnamed: Sequence[Misnamed] = ()
        self._known = known
        self._complete = complete
        self._unsure = frozenset(unsure)
        self._asked: dict[str, Sequence[Address]] = {}
        self.declared = frozenset(declared) | BUILT_IN
        self._versions: dict[tuple[str, str], list[str]] = {}
        for address in self.declared:
            if is_registered(kind_of(address)) and len(names_of(address)) == 2:
                name, version = names_of(address)
                self._versions.setdefault((kind_of(address), name), []).append(version)

    def known(self, kind: str) -> Sequence[Address]:
        """What the provider has of a kind, oldest first."""
        if kind not in self._asked:
            self._asked[kind] = self._known(kind)
        return self._asked[kind]

    def has(self, address: Address) -> bool:
        """Whether the address is declared or is there already."""
        return address in self.declared or address in self.known(kind_of(address))

    def may_have(self, name: str) -> bool:
        """Whether something of this name may be declared in what could not be read, so that none is missed."""
        return not self._complete or name in self._unsure

    def may_be_misnamed(self, kind: str, name: str, *, within: str = "") -> bool:
        """Whether a declaration that has a wrong name may be the one that this name means: unless it is like a right
        name, and not like the wrong one. `within` is the endpoint of a deployment.
        """
        found = [one for one in self.misnamed if one.kind == kind and (one.within in ("", within))]
        if any(one.name == name for one in found):
            return True
        wrong = [one for one in found if not one.elsewhere]
        if not wrong or nearest(name, [one.name for one in wrong]):
            return bool(wrong)
        sound = {names_of(address)[-1 if within else 0] for address in {*self.every(kind)} - {w.address for w in wrong}}
        return not nearest(name, sound)

    def newest(self, kind: str, name: str) -> Address | None:
        """The address that `@latest` means.

        The highest declared version if there is one, so that the answer is the same before and
        after an apply; else the one the provider made last.
        """
        declared = self._versions.get((kind, name))
        if declared:
            return address_of(kind, name, max(declared, key=natural))
        if self._newest is not None:
            return self._newest(kind, name)
        there = [a for a in self.known(kind) if names_of(a)[0] == name]
        return there[-1] if there else None

    def find(self, named: Named) -> Address | None:
        """The address a reference means, if there is such a resource."""
        if not is_registered(named.kind):
            address = address_of(named.kind, named.name)
            return address if self.has(address) else None
        if named.version:
            address = address_of(named.kind, named.name, named.version)
            return address if self.has(address) else None
        return self.newest(named.kind, named.name) if named.label in ("", "latest") else None

    def every(self, kind: str) -> list[Address]:
        """Every address of a kind, declared or known, sorted."""
        return sorted({a for a in self.declared if kind_of(a) == kind} | set(self.known(kind)))

    def advice(self, wanted: str, kind: str) -> str:
        """A fix for a reference that means nothing: the nearest addresses, or all there are."""
        if self.known(kind) is ANYTHING:
            return "Write its version, or declare it: nobody was asked which there are."
        there = self.every(kind)
        near = nearest(wanted.partition("/")[2], [a.partition("/")[2] for a in there], most=2)
        if near:
            return f"Did you mean {' or '.join(reference_to(Address(f'{kind}/{n}')) for n in near)}?"
        if there:
            return f"Declare it, or use one of: {listed(map(reference_to, there))}."
        return f"There is no {kind} yet: declare it."


def natural(version: str) -> tuple[tuple[int, int, str], ...]:
    """A key that sorts versions as people do: 2 before 10, 1.9 before 1.10."""
    parts = re.split(r"(\d+)", version)
    return tuple((0, int(p), "") if p.isdecimal() and len(p) < 19 else (1, 0, p) for p in parts if p)


def reference_to(address: Address) -> str:
    """How a user names the resource in a spec: `azureml:digits:1`; endpoints and deployments by their names."""
    kind, names = kind_of(address), names_of(address)
    if address == "compute/local":
        return "local"
    return "azureml:" + ":".join(names) if kind not in ("endpoint", "deployment") else "/".join(names)
