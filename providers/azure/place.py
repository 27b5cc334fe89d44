"""Which workspace of Azure ML: ids and addresses, from one to the other. Pure; asks nobody.

Ids are compared without regard to case: the service changes it (azure-rest-api-specs issue 8323).
"""

import re
from functools import cache
from typing import Final

from bep.lazy_dataclasses import dataclass
from bep.lazy_patterns import lazy_pattern
from bep.schemas.address import Address, address_of, kind_of, names_of
from bep.schemas.kinds.kind import is_kind, kind_names, load_kind

PROVIDER: Final = "Microsoft.MachineLearningServices"
DEPLOYMENTS: Final = "deployments"
CODE: Final = "codes"
_OF = r"subscriptions/([^/]+)/resourcegroups/([^/]+)/(?:providers/[^/]+/)?workspaces/([^/]+)/(.+?)/?"
_LONG = lazy_pattern(rf"/?{_OF}", re.IGNORECASE)
_URI = lazy_pattern(rf"azureml://{_OF}", re.IGNORECASE)
_IN_STORE = lazy_pattern(r"(?:azureml://)?datastores/([^/]+)/paths/?(.*)", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Place:
    """One workspace, by the three names that make its id."""

    subscription: str
    group: str
    workspace: str

    @property
    def group_id(self) -> str:
        """The id of its resource group."""
        return f"/subscriptions/{self.subscription}/resourceGroups/{self.group}"

    @property
    def root(self) -> str:
        """The workspace's own id."""
        return f"{self.group_id}/providers/{PROVIDER}/workspaces/{self.workspace}"

    def collection(self, kind: str, *names: str) -> str:
        """The id below which objects of a kind are listed: with a name, the versions of one; the deployments of one."""
        if kind == "deployment":
            return f"{self.root}/batchEndpoints/{names[0]}/{DEPLOYMENTS}"
        whole = f"{self.root}/{load_kind('endpoint' if kind == 'traffic' else kind).collection}"
        return f"{whole}/{names[0]}/versions" if names and load_kind(kind).registered else whole

    def id_of(self, address: Address) -> str:
        """The id of the object that an address means; of traffic, that of its endpoint."""
        kind, names = kind_of(address), names_of(address)
        return f"{self.collection(kind, *names[:-1])}/{names[-1]}"

    def code_id(self, name: str, version: str = "1") -> str:
        """The id of a version of a code asset, for which bep has no address."""
        return f"{self.root}/{CODE}/{name}/versions/{version}"

    def address_of(self, text: str) -> Address | None:
        """The address of an id of this workspace, in whatever case; None for any other text."""
        parts = self.inside(text)
        if len(parts) == 2 and parts[0] in _plain():
            return address_of(_plain()[parts[0]], parts[1])
        if len(parts) == 4 and parts[0] == "batchendpoints":
            return address_of("deployment", parts[1], parts[3])
        if len(parts) == 4 and parts[0] in _versioned() and parts[2].lower() == "versions":
            return address_of(_versioned()[parts[0]], parts[1], parts[3])
        return None

    def inside(self, text: str) -> tuple[str, ...]:
        """What of an id or URI stands behind this workspace, in parts, the first in small letters; none elsewhere."""
        found = _LONG.fullmatch(text.removeprefix("azureml:")) or _URI.fullmatch(text)
        if found is None or not self._is(*found.groups()[:3]):
            return ()
        first, *others = str(found[4]).split("/")
        return (first.lower(), *others)

    def _is(self, *names: str) -> bool:
        return [name.lower() for name in names] == [
            name.lower() for name in (self.subscription, self.group, self.workspace)
        ]

    def long_uri(self, text: str) -> str:
        """A path in a datastore as the service wants it, whole; any other text as it is."""
        found = _IN_STORE.fullmatch(text)
        if found is None:
            return text
        return (
            f"azureml://subscriptions/{self.subscription}/resourcegroups/{self.group}"
            f"/workspaces/{self.workspace}/datastores/{found[1]}/paths/{found[2]}"
        )

    def short_uri(self, text: str) -> str:
        """A path in a datastore of this workspace as a spec names it; any other text as it is."""
        parts = self.inside(text)
        return "azureml://" + "/".join(parts) if parts[:1] == ("datastores",) else text


@cache
def _plain() -> dict[str, str]:
    return {load_kind(kind).collection.lower(): kind for kind in kind_names() if _lists(kind, registered=False)}


@cache
def _versioned() -> dict[str, str]:
    return {load_kind(kind).collection.lower(): kind for kind in kind_names() if _lists(kind, registered=True)}


def _lists(kind: str, *, registered: bool) -> bool:
    return is_kind(kind) and bool(load_kind(kind).collection) and load_kind(kind).registered is registered
