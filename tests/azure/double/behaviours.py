"""How the double misbehaves: one named switch each, so that a test turns one off, or all but one. It knows no request.

Switches say where they are from: *recorded* (Microsoft's recordings of the service), *read* (published types, clients,
threads) or *assumed* (nobody is known to have recorded it; a provider has to stand it). `Behaviours.plain()` is a
server that echoes what it was sent, and `Behaviours.only("conda_as_json")` that server with one habit.
"""

from dataclasses import dataclass, field, fields, replace
from typing import Final

RECORDED: Final = frozenset(
    {
        "words_in_published_casing",
        "uri_casing",
        "conda_as_json",
        "service_properties",
        "unsent_members",
        "empty_becomes_null",
        "late_scoring_uri",
        "updating_on_create",
        "updating_as_status",
        "null_after_delete",
        "no_retry_after",
        "details_of_not_found",
    }
)


@dataclass
class Behaviours:
    """Every switch is on unless said otherwise; the numbers are those of a test, which does not like to wait."""

    # What is answered about a resource
    words_in_published_casing: bool = True  # recorded: aadToken -> AADToken, info -> Info
    vm_size_upper_case: bool = True  # read: azure-rest-api-specs issue 20216
    uri_casing: bool = True  # recorded: resourcegroups -> resourceGroups in modelUri
    reference_casing: bool = True  # read: azure-rest-api-specs 8323, azapi 494, 554: ids come back in another casing
    conda_as_json: bool = True  # recorded: YAML sent, JSON text returned
    service_properties: bool = True  # recorded: keys of the service's own in properties.properties
    unsent_members: bool = True  # recorded: null, {} and defaults for what was not sent
    empty_becomes_null: bool = True  # recorded: resources.properties {} -> null
    late_scoring_uri: bool = True  # recorded: null until the operation has ended
    updating_on_create: bool = True  # recorded: a deployment says Updating while it is made
    durations_respelled: bool = True  # read: PT120S -> PT2M, as .NET writes what it reads
    numbers_from_text: bool = True  # read: "4" is taken for 4, and answered as 4
    component_filled: bool = True  # assumed: componentSpec comes back with members nobody sent
    location_folded: bool = True  # assumed: "East US 2" -> eastus2, as Azure Resource Manager has it
    secrets_hidden: bool = True  # read: write-only members are never answered

    # How it goes about a request
    updating_as_status: bool = True  # recorded: an operation's status is Updating, not InProgress
    no_retry_after: bool = True  # recorded: off, each poll and each 409 says Retry-After: 0
    null_after_delete: bool = True  # recorded: the body of a 202 is the four letters null
    details_of_not_found: bool = True  # recorded: the real code of a 404 is in details
    busy: bool = True  # 409 while another operation runs on the same endpoint
    immutable_versions: bool = True  # read: "Asset paths cannot be updated."
    kept_properties: bool = True  # read: properties.properties are added to, never altered, never removed
    unknown_references: bool = True  # 400 for an id of what is not there
    guarded_dependents: bool = (
        True  # assumed: what a deployment refers to, and an endpoint's default, cannot be deleted
    )
    default_must_exist: bool = True  # read: azurerm PR 32011, and the recorded order: endpoint, deployment, endpoint
    underlying_action: bool = True  # read: DELETE of a compute says ?underlyingResourceAction=Delete or Detach
    endpoint_takes_deployments: bool = True  # read: deleting an endpoint deletes its deployments; off: refused
    published_types: bool = True  # a body that the published types refuse is refused
    listed_words_alone: bool = True  # assumed: an unlisted word is refused though its enumeration is published as open
    published_patch: bool = True  # read: PATCH takes tags, identity; properties.description of a deployment
    filled_tags: bool = True  # read: azure-sdk-for-python 41586, 44114
    authenticated: bool = True  # bearer tokens, each for its audience
    quota_headers: bool = True  # recorded: x-ms-ratelimit-remaining-...

    # Off unless asked for: azure-ai-ml sends numbers and booleans where text is published, and the service takes them
    lenient_text: bool = False

    # Numbers and names
    polls: int = 2  # an operation has ended when it was looked at so often: polled, its resource read, a write refused
    operation_seconds: float = 0.0  # and not before
    page_size: int = 5
    latency: float = 0.0  # seconds before each answer
    unseen_references: int = 0  # a new resource is refused so often as a reference before it is known
    unseen_reads: int = 0  # and answered 404 so often when read
    writes_left: int = 1199
    taken_names: set[str] = field(default_factory=set)  # endpoints of other workspaces of the region
    job_polls: int = 3  # how often a job is looked at before it is Running, and again before it has ended

    @classmethod
    def switches(cls) -> list[str]:
        """The names of all that can be turned off."""
        return [each.name for each in fields(cls) if each.default is True]

    @classmethod
    def plain(cls, **changed: object) -> "Behaviours":
        """A server that echoes, with what is named changed."""
        return replace(cls(), **{**dict.fromkeys(cls.switches(), False), **changed})  # type: ignore[arg-type]

    @classmethod
    def only(cls, *names: str) -> "Behaviours":
        """A server that echoes, but for the switches named."""
        return cls.plain(**dict.fromkeys(names, True))

    @classmethod
    def as_recorded(cls, **changed: object) -> "Behaviours":
        """The service as the recordings show it: without what was read elsewhere or assumed about its answers."""
        off = dict.fromkeys(("reference_casing", "component_filled", "location_folded"), False)
        return replace(cls(), **{**off, **changed})  # type: ignore[arg-type]
