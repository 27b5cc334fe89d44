"""Declarations that no reference finds because a name is wrong: what refers to them is right. Reads no file."""

from collections.abc import Iterable, Iterator

from bep.schemas.address import address_of
from bep.schemas.drafts.draft import Draft
from bep.schemas.drafts.references import Addresses, Misnamed
from bep.schemas.kinds.kind import load_kind

_AROUND = "endpoint_name"
"""The field of a deployment's identity that is another's name."""


def misnamed(drafts: Iterable[Draft], addresses: Addresses) -> Iterator[Misnamed]:
    """Of these, what has a wrong name, or is a deployment of an endpoint that is not there. Each was told already."""
    for draft in drafts:
        own = [field for field in load_kind(draft.kind).identity if field != _AROUND] if draft.doubts else []
        is_wrong = any(draft.doubts.touch(field) for field in own)
        endpoint = draft.node.texts(_AROUND)
        is_lost = draft.kind == "deployment" and (
            draft.doubts.touch(_AROUND) or not addresses.has(address_of("endpoint", endpoint))
        )
        if is_wrong or is_lost:
            within = "" if is_lost else endpoint
            yield Misnamed(draft.kind, draft.node.texts("name"), draft.address, within, elsewhere=not is_wrong)
