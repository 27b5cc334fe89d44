"""Resolving: each field that names another resource gets that resource's address."""

from functools import cache

from bep.lazy_dataclasses import replace
from bep.schemas.address import Address, kind_of, names_of
from bep.schemas.drafts.draft import Draft
from bep.schemas.drafts.references import CURATED, Addresses, Named, datastore_of, parse
from bep.schemas.findings.did_you_mean import did_you_mean, listed, with_article
from bep.schemas.findings.finding import Finding
from bep.schemas.kinds.kind import load_kind
from bep.schemas.mark import Mark
from bep.schemas.resource import FieldPath, Reference
from bep.schemas.yaml.node import Node

PLAIN = frozenset((("endpoint_name",),))
"""Fields that keep the plain name of what they refer to."""
UNRESOLVED = "unresolved-reference"
ELSEWHERE = "Name the file that declares it too, or write a bep.yml that lists both."


@cache
def _referring(kind: str) -> tuple[tuple[FieldPath, str], ...]:
    return tuple((path, target) for path, target in load_kind(kind).references.items() if "*" not in path)


def resolve(draft: Draft, addresses: Addresses) -> None:
    """Put addresses for references, in place. Nothing is said of what may be in a file that could not be read."""
    for path, kind in _referring(draft.kind):
        node = draft.node.at(path)
        if node is not None and isinstance(node.value, str):
            _field(draft, path, kind, node, addresses)
    if draft.kind == "component":
        from bep.schemas.specs.components import node_references

        for path in node_references(draft):
            _field(draft, path, "component", draft.node.nearest(path), addresses)
    for name in list(draft.node.value):
        _stored(draft, name, addresses)
    _ordering(draft, addresses)


def _field(draft: Draft, path: FieldPath, kind: str, node: Node, addresses: Addresses) -> None:
    if node.value in addresses.declared:
        draft.references.append(Reference(path, Address(node.value)))
        return
    named = parse(node.value, kind)
    if named is None or named.kind not in ("", kind):
        form = "azureml:NAME:VERSION or azureml:NAME@latest" if load_kind(kind).registered else "azureml:NAME"
        draft.error(
            "reference-form",
            path,
            f"{path[-1]} '{node.value}' is not a reference to {with_article(kind)}",
            f"Write {form}.",
        )
        return
    address = None if named.external else addresses.find(named)
    if address is None and draft.doubts.touch(*path):
        return
    if address is None:
        _unresolved(draft, path, kind, node, named, addresses)
        return
    draft.references.append(Reference(path, address))
    if path not in PLAIN:
        node.value = address


def _unresolved(draft: Draft, path: FieldPath, kind: str, node: Node, named: Named, addresses: Addresses) -> None:
    if named.external or addresses.may_have(named.name) or addresses.may_be_misnamed(kind, named.name):
        return
    if kind == "environment" and named.name.startswith(CURATED):
        return
    if named.label not in ("", "latest"):
        draft.error(
            "unknown-label", path, f"{path[-1]}: the label '{named.label}' is not kept", "Use @latest or a version."
        )
        return
    wanted = "/".join(part for part in (kind, named.name, named.version) if part)
    message = f"{path[-1]} '{node.value.strip()}': there is no {wanted}"
    _say(draft, path, message, addresses.advice(wanted, kind), addresses, cause=wanted)


def for_this_world(finding: Finding, provider: str) -> Finding:
    """A finding of specs that are made for another provider: what is there already may not be here."""
    if finding.code != UNRESOLVED:
        return finding
    alone = f"A file for this provider alone can declare it: {{file: FILE, provider: {provider}}} in specs of bep.yml."
    return replace(finding, fix=f"{finding.fix} {alone}")


def _stored(draft: Draft, name: str, addresses: Addresses) -> None:
    """A data URI is in a datastore, which must be there first."""
    node = draft.node.value[name]
    store = datastore_of(node.value) if isinstance(node.value, str) else ""
    if not store:
        return
    named = Named("datastore", store)
    address = addresses.find(named)
    if address is None:
        _unresolved(draft, (name,), "datastore", node, named, addresses)
    else:
        draft.references.append(Reference((name,), address))


def _ordering(draft: Draft, addresses: Addresses) -> None:
    wanted = draft.extension.get("depends_on") if draft.extension is not None else None
    for index, node in enumerate(wanted.value if wanted is not None and wanted.value else ()):
        address = Address(node.text)
        if addresses.has(address):
            draft.references.append(Reference(("x-bep", "depends_on", index), address))
        elif node.value is not None and not _is_unclear(address, addresses):
            message = f"depends_on: there is no {address}"
            _say(draft, (), message, _near(address, addresses), addresses, node.mark, cause=address)


def _is_unclear(address: Address, addresses: Addresses) -> bool:
    names = names_of(address)
    return any(map(addresses.may_have, names)) or any(
        addresses.may_be_misnamed(kind_of(address), name, within=names[0]) for name in names
    )


def _say(
    draft: Draft,
    path: FieldPath,
    message: str,
    fix: str,
    addresses: Addresses,
    mark: Mark | None = None,
    *,
    cause: str,
) -> None:
    """That a reference leads nowhere: an error, unless it may lead to where nobody looked."""
    if addresses.alone:
        draft.warn(UNRESOLVED, path, f"{message} among these files", ELSEWHERE, mark, cause=cause)
    else:
        draft.error(UNRESOLVED, path, message, fix, mark, cause=cause)


def _near(address: Address, addresses: Addresses) -> str:
    return did_you_mean(address, addresses.declared) or f"The addresses are {listed(sorted(addresses.declared))}."
