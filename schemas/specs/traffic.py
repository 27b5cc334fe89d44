"""Traffic: derived from what an endpoint asks for. A batch endpoint sends all or nothing, so a share is 0 or 100."""

from collections.abc import Iterable, Iterator, Sequence

from bep.schemas.address import Address, address_of
from bep.schemas.drafts.draft import Draft
from bep.schemas.drafts.references import Addresses
from bep.schemas.findings.did_you_mean import did_you_mean, listed
from bep.schemas.findings.finding import Finding, mistake, warning
from bep.schemas.resource import Reference
from bep.schemas.specs.documents.dialects import Wish
from bep.schemas.specs.resolving import ELSEWHERE


def traffic_of(wish: Wish, addresses: Addresses) -> tuple[Draft | None, list[Finding]]:
    """The traffic an endpoint asks for, or what is wrong with it; neither when every share is 0."""
    label = address_of("traffic", wish.endpoint)
    strangers = [name for name in wish.shares if not _is_there(name, wish.endpoint, addresses)]
    findings = [*_shares(wish, label), *_strange(wish, strangers, addresses, label)]
    chosen = [name for name, share in wish.shares.items() if share.value == 100]
    if len(chosen) > 1:
        message = f"{' and '.join(chosen)} both have 100"
        mark = wish.shares[chosen[1]].mark
        findings.append(mistake("traffic-twice", label, message, "Give 100 to one, 0 to the others.", mark))
    if findings or not chosen:
        return None, findings
    split = wish.node.beside({chosen[0]: wish.shares[chosen[0]]})
    node = wish.node.beside({"endpoint": wish.node.beside(wish.endpoint), "split": split})
    draft = Draft("traffic", node, label, wish.node.key_mark, label)
    draft.references.append(Reference(("split", chosen[0]), address_of("deployment", wish.endpoint, chosen[0])))
    return draft, []


def _shares(wish: Wish, label: str) -> Iterator[Finding]:
    for name, share in wish.shares.items():
        if share.value not in (0, 100):
            message = f"{name} cannot have {share.text} percent: a batch endpoint sends all or nothing"
            yield mistake("traffic-share", label, message, "Write 0 or 100.", share.mark)


def _is_there(name: str, endpoint: str, addresses: Addresses) -> bool:
    return (
        addresses.may_have(name)
        or addresses.has(address_of("deployment", endpoint, name))
        or addresses.may_be_misnamed("deployment", name, within=endpoint)
    )


def _deployments(endpoint: str, addresses: Iterable[Address]) -> list[str]:
    prefix = address_of("deployment", endpoint) + "/"
    return sorted(address.removeprefix(prefix) for address in addresses if address.startswith(prefix))


def _strange(wish: Wish, names: Sequence[str], addresses: Addresses, label: str) -> Iterator[Finding]:
    deployments = _deployments(wish.endpoint, addresses.every("deployment")) if names else []
    there = f"it has {listed(deployments)}" if deployments else "it has none"
    for name in names:
        share = wish.shares[name]
        fix = did_you_mean(name, deployments) or "Declare the deployment, or name one that is there."
        mark = share.mark if share.text == "" else share.key_mark
        message = f"{wish.endpoint} has no deployment '{name}'; {there}"
        if addresses.alone:
            yield warning("traffic-deployment", label, f"{message} in these files", ELSEWHERE, mark)
        else:
            yield mistake("traffic-deployment", label, message, fix, mark)
