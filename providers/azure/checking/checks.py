"""Whether a workspace of Azure ML can be worked with: who signs in, what is there, which rights are missing. No tokens
are shown.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from bep.providers.azure.arm.client import ArmClient
from bep.providers.azure.arm.errors import Refusal
from bep.providers.azure.checking import rights
from bep.providers.azure.checking.claims import claims_of
from bep.providers.azure.content.contents import CODE as CODE_FIELD
from bep.providers.azure.content.contents import DEFAULT_STORE
from bep.providers.azure.credentials import taken
from bep.providers.check import Check, Probe, ok, problem, skipped, warning
from bep.providers.protocol import ProviderError
from bep.schemas.fixes import parted
from bep.schemas.kinds.kind import kind_names

if TYPE_CHECKING:
    from collections.abc import Callable

    from azure.core.credentials import TokenCredential

    from bep.providers.azure.content.blob_uploads import BlobUploads
    from bep.schemas.resource import Resource

PERMISSIONS: Final = "providers/Microsoft.Authorization/permissions"
PERMISSIONS_VERSION: Final = "2022-04-01"
_SKEW: Final = 300
"""Seconds between the clocks from which a token that was just made counts as too new or too old."""
_LONGEST: Final = 500  # characters of what a client says: a chain of credentials says why of each
_SIGN_IN: Final = (
    "sign in with az login, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET of a service principal"
)
_ABSENT: Final = {
    "SubscriptionNotFound": "subscription_id",
    "InvalidSubscriptionId": "subscription_id",
    "ResourceGroupNotFound": "resource_group",
}


class AzureChecks:
    """The checks of one workspace. What cannot be asked without something that is missing is skipped, and says so."""

    def __init__(
        self,
        client: ArmClient,
        credential: "Callable[[], TokenCredential]",
        uploads: "Callable[[], BlobUploads]",
        resources: "Sequence[Resource]",
    ) -> None:
        self._client, self._connection = client, client.connection
        self._credential, self._uploads = credential, uploads
        self._resources = resources

    def every(self) -> Mapping[str, Probe]:
        """What is looked at, by name, in the order in which one needs the other."""
        return {
            "Azure sign-in": self._sign_in,
            "Azure workspace": self._workspace,
            "clock": self._clock,
            "Azure rights": self._rights,
            "Azure storage": self._storage,
        }

    @cached_property
    def _token(self) -> str | Exception:
        """A token, or why there is none: asked for once, for a chain of credentials takes its time to say no."""
        try:
            return self._credential().get_token(self._connection.scope).token
        except Exception as error:  # azure-identity's, the operating system's, those of an issuer's answer
            return error

    def _sign_in(self) -> Iterator[Check]:
        name, token = "Azure sign-in", self._token
        if isinstance(token, ProviderError):  # the settings are wrong, or an extra is missing: it says how to mend that
            yield problem(name, *parted(token.message))
            return
        if isinstance(token, Exception):
            yield problem(name, _in_one_line(token), _SIGN_IN)
            return
        claims = claims_of(token)
        whose = f"{taken(self._credential(), self._connection)}: {claims}"
        if claims.until is not None and claims.until < datetime.now(UTC):
            yield problem(name, f"{whose}; the token ended at {claims.until:%Y-%m-%d %H:%M} UTC", _SIGN_IN)
        else:
            yield ok(name, f"{whose}; for the subscription {self._connection.place.subscription}")

    @property
    def _is_signed_in(self) -> bool:
        return isinstance(self._token, str)

    @cached_property
    def _found(self) -> Mapping[str, Any] | Refusal | str:
        """The workspace, what it was refused with, or why nothing was answered."""
        from azure.core.exceptions import AzureError

        place = self._connection.place
        try:
            return self._asked(place.root, self._connection.api_version)
        except Refusal as refusal:
            return refusal
        except AzureError as error:
            return _in_one_line(error)

    def _asked(self, id: str, version: str) -> Mapping[str, Any]:
        return self._client.look(f"{self._connection.base_url}{id}?api-version={version}").body or {}

    def _workspace(self) -> Iterator[Check]:
        name, place = "Azure workspace", self._connection.place
        if not self._is_signed_in:
            yield skipped(name, "nobody has signed in")
            return
        match self._found:
            case Refusal() as refusal:
                yield problem(name, refusal.said, self._mended(refusal))
            case str() as why:
                fix = "see that this machine reaches that address, through a proxy if need be"
                yield problem(name, f"{self._connection.base_url} does not answer: {why}", fix)
            case found:
                state = (found.get("properties") or {}).get("provisioningState", "")
                text = f"{place.group}/{place.workspace} in {found.get('location') or 'a region that it does not say'}"
                yield ok(name, text) if state in ("", "Succeeded") else warning(name, f"{text} is {state}")

    def _mended(self, refusal: Refusal) -> str:
        place = self._connection.place
        if refusal.status == 401:
            return (
                f"sign in to the tenant of the subscription {place.subscription}: az login with that tenant,"
                " or AZURE_TENANT_ID; a token in BEP_AZURE_ACCESS_TOKEN must be of that tenant and for"
                f" {self._connection.scope.removesuffix('/.default')}"
            )
        if refusal.status == 403:
            return f"have a role, Reader at least, given to you on the workspace {place.workspace}"
        if refusal.status == 404:
            field = _ABSENT.get(refusal.code, "workspace_name")
            return f"mend {field} in bep.yml, or have it made; who may not see it is told the same"
        return ""

    def _clock(self) -> Iterator[Check]:
        told = self._client.told_at if self._is_signed_in and self._found is not None else ""
        try:
            there = parsedate_to_datetime(told)
        except ValueError:
            yield skipped("clock", "no server has told the time")
            return
        seconds = (datetime.now(UTC) - there).total_seconds()
        if abs(seconds) < _SKEW:
            yield ok("clock", "as Azure's, give or take 5 minutes")
            return
        which = "ahead of" if seconds > 0 else "behind"
        yield problem("clock", f"this machine's is {abs(seconds):.0f} s {which} Azure's", "set it: tokens depend on it")

    @property
    def _is_there(self) -> bool:
        return self._is_signed_in and isinstance(self._found, Mapping)

    def _rights(self) -> Iterator[Check]:
        if not self._is_there:
            yield skipped("Azure rights", "the workspace cannot be read")
            return
        try:
            found = self._asked(f"{self._connection.place.root}/{PERMISSIONS}", PERMISSIONS_VERSION)
        except Refusal as refusal:
            yield warning("Azure rights", f"they cannot be asked for: {refusal.said}")
            return
        allowed = [one for one in found.get("value") or () if isinstance(one, Mapping)]
        kinds = sorted({one.kind for one in self._resources} or set(kind_names()))
        has_code = any(path.rpartition(".")[2] == CODE_FIELD for one in self._resources for path in one.contents)
        for what, needed, lacks in (
            ("to plan", rights.reading(kinds), problem),
            ("to apply", rights.writing(kinds, has_code=has_code), problem),
            ("to run jobs", rights.running(), warning),
        ):
            lacking = rights.missing(needed, allowed)
            name = f"Azure rights {what}"
            if lacking:
                fix = f"have a role with them given to you on the workspace {self._connection.place.workspace}"
                yield lacks(name, f"missing: {', '.join(lacking)}", fix)
            else:
                yield ok(name, f"all that {'the specs need' if self._resources else 'any spec can need'}")

    def _storage(self) -> Iterator[Check]:
        name = "Azure storage"
        if not self._is_there:
            yield skipped(name, "the workspace cannot be read")
            return
        try:
            container = self._uploads().container(f"datastore/{DEFAULT_STORE}", DEFAULT_STORE)
            next(iter(container.list_blob_names(results_per_page=1, retry_total=0)), None)
        except Exception as error:  # of three clients: whatever it is, it keeps files from being stored
            found = error.message if isinstance(error, ProviderError) else _in_one_line(error)
            fix = f"give yourself {rights.SECRETS}, or Storage Blob Data Contributor on the container"
            doubtful = problem if any(one.contents for one in self._resources) else warning
            yield doubtful(name, f"the datastore {DEFAULT_STORE}: {found}", fix)
        else:
            yield ok(name, f"the container {container.container_name} of the datastore {DEFAULT_STORE} can be read")


def _in_one_line(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
