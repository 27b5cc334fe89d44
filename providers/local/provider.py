"""This machine as a world: a catalog, a store of contents, folders. Knows no state, no plan and no job."""

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bep.planner.observed import Observed
from bep.planner.state import ContentRecord, Entry
from bep.providers.disk_faults import told
from bep.providers.immediate import Immediate
from bep.providers.local.catalog.catalog import Catalog, Row
from bep.providers.local.content import ContentStore
from bep.providers.local.unreferenced import in_use
from bep.providers.local.uses import GIVEN, holds_back, uses
from bep.providers.protocol import ProviderError
from bep.schemas.address import Address, address_of, kind_of
from bep.schemas.kinds.kind import is_registered
from bep.schemas.resource import NOTHING, Resource
from bep.schemas.secrets.recognising import secrets_sealed
from bep.schemas.secrets.secret import seal

if TYPE_CHECKING:
    from bep.providers.local.environments.environments import Environments
    from bep.providers.world import Kept
from bep.providers.local.environments.builder_names import AUTO

CLOUD: Final = ".bep/cloud"
"""Where this world lies, below the workspace's folder. Nothing is made there before the first write."""


class LocalProvider(Immediate):
    """A world of one workspace, kept in the folder `cloud` below `root`, which is the workspace's own folder.

    `clock` gives the moment as the formats write it. `python` and `builder` are the settings `provider.local.python`
    and `provider.local.environments`, `environments_folder` the one of that name, `conda_names` what the file of names
    says.
    `surroundings` is the process's environment (PATH, HOME, VIRTUAL_ENV, PIP_*), needed to find interpreters and build.

    `fetch` brings what is stored at an address here, and raises `ProviderError`.

    A secret is sealed before it is stored, so this world cannot give one back: what a run needs in clear
    (a datastore's credential, a sensitive variable) is looked up in specs and environment then, by the caller.
    """

    name = "local"

    def __init__(
        self,
        root: Path,
        *,
        secret_key: str,
        clock: Callable[[], str],
        python: str | None = None,
        surroundings: Mapping[str, str] = NOTHING,
        cloud: str = CLOUD,
        builder: str = AUTO,
        conda_names: Mapping[str, str | None] = NOTHING,
        environments_folder: str | None = None,
        fetch: Callable[[str], Path] | None = None,
    ) -> None:
        self.root = root.absolute()
        self.cloud = self.root / cloud
        self.python = python
        self.builder = builder
        self.conda_names = conda_names
        self.environments_folder = environments_folder
        self.surroundings = surroundings
        self.fetch = fetch or _not_fetched
        self.contents = ContentStore(self.cloud)
        self._secret_key = secret_key
        self._catalog = Catalog(
            self.cloud / "catalog.sqlite", clock=clock, sealing=self._sealed if secret_key else None
        )

    @cached_property
    def environments(self) -> "Environments":
        """The virtual environments built so far, and how to build another."""
        from bep.providers.local.environments.environments import Environments
        from bep.providers.local.environments.folder import place_of

        python = self.python
        if python and "/" in python and not python.startswith("~"):
            python = str(self.root / python)
        return Environments(
            self.cloud,
            surroundings=self.surroundings,
            python=python,
            builder=self.builder,
            folder=place_of(self.environments_folder, self.root, self.surroundings, self.cloud / "environments"),
            workspace=self.root,
        )

    def read(self, addresses: Iterable[Address]) -> Mapping[Address, Observed]:
        """Those of the addresses that exist, in one query."""
        return self._catalog.read(addresses)

    def list(self, kind: str) -> Mapping[Address, Observed]:
        """Every object of a kind, oldest first; before them what exists undeclared, such as `compute/local`."""
        given = {address: there for address, there in GIVEN.items() if kind_of(address) == kind}
        return given | self._catalog.list(kind)

    def create(self, resource: Resource, *, operation: str) -> Observed:
        """Store the contents, then the row: a kill between leaves only bytes that the next try finds."""
        with told(resource.address, "create"), in_use(self.cloud):
            return self._catalog.create(self._row(resource, "create", operation), given=frozenset(GIVEN))

    def update(self, resource: Resource, *, operation: str, etag: str) -> Observed:
        """Change the row in place. Bytes of what is registered never change, as in the service."""
        with told(resource.address, "update"), in_use(self.cloud):
            _refuse_other_bytes(resource, self.read([resource.address]).get(resource.address))
            return self._catalog.update(self._row(resource, "update", operation), etag=etag, given=frozenset(GIVEN))

    def delete(self, address: Address, entry: Entry | None, *, operation: str, etag: str) -> None:
        """Remove the row. Contents stay: others may share them, and jobs may still read them."""
        with told(address, "delete"):
            self._catalog.delete(address, etag=etag, blocking=holds_back)

    def seal(self) -> None:
        """Seal what an earlier bep wrote in clear, before it knew that it was a secret."""
        self._catalog.seal()

    def _sealed(self, attributes: Mapping[str, Any]) -> Mapping[str, Any]:
        sealed: Mapping[str, Any] = secrets_sealed(attributes, (), self._secret_key)
        return sealed

    def close(self) -> None:
        """Give the catalog's file back."""
        self._catalog.close()

    def locate(self, uri: str) -> "Path | Kept":
        """The path on this machine behind a datastore path or a data asset. See `datastores.locate`."""
        from bep.providers.local.datastores import locate

        return locate(self, uri)

    def deployments(self, endpoint: str) -> Mapping[Address, Observed]:
        """The deployments of one endpoint, by its plain name; oldest first."""
        prefix = address_of("deployment", endpoint) + "/"
        return {address: there for address, there in self.list("deployment").items() if address.startswith(prefix)}

    def _row(self, resource: Resource, verb: str, operation: str) -> Row:
        contents: dict[str, ContentRecord] = {
            path: self.contents.put(resource.address, verb, content) for path, content in resource.contents.items()
        }
        attributes = seal(resource.attributes, self._secret_key)
        return Row(resource.address, attributes, operation, contents, uses(resource.kind, attributes))


def _not_fetched(address: str) -> Path:
    raise ProviderError(address, "locate", "it is not on this machine, and nothing here fetches it")


def _refuse_other_bytes(resource: Resource, there: Observed | None) -> None:
    if there is None or not is_registered(resource.kind):
        return
    from bep.planner.planning.earlier_rules import same_content
    from bep.planner.wanted import records

    wanted, known = records(resource.contents), there.contents
    if not all(same_content(known.get(path), wanted.get(path)) for path in {*known, *wanted}):
        message = "Asset paths cannot be updated. Register the new bytes under a new version"
        raise ProviderError(resource.address, "update", message, code="UserError")
