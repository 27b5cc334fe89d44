"""The table of kinds: each field of bep's and the member that the service has for it. Pure data.

Bodies: azure-rest-api-specs, machinelearningservices 2024-10-01, and the exchanges that Microsoft has recorded.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Final

from bep.providers.azure.translation.forms import CODES, CONDA, NAMES, PLAIN, SECONDS, Form, Switch, Words
from bep.providers.azure.translation.parts import (
    AlwaysNamed,
    Credentials,
    Identity,
    ModelReference,
    Subnet,
)
from bep.providers.azure.translation.pipelines import ComponentSpec, Pipeline
from bep.providers.azure.translation.published import words
from bep.providers.azure.translation.shape import Member, Path, Shape
from bep.providers.azure.uris import URIS
from bep.schemas.kinds.kind import fields_of_type, load_kind

ENGINE: Final = "only bep's own engine knows it; nothing is sent"
LATER: Final = "API version 2024-10-01 has no place for it; nothing is sent"
LOCAL: Final = "only environments that bep builds have it; nothing is sent"


def _path(text: str) -> Path:
    return tuple(text.split("."))


def _member(field: str, member: str, form: Form = PLAIN) -> Member:
    return Member(_path(field), _path(member), form)


def _word(kind: str, resource: str, field: str, member: str) -> Member:
    """A field with words of its own: those of bep's schema here, the published ones there."""
    node = load_kind(kind).schema
    for name in _path(field):
        node = node["properties"][name]
    ours = tuple(word for word in node["enum"] if word not in node.get("x-bep-spellings", {}))
    return _member(field, member, Words(ours, words(resource, _path(member))))


def _described(below: str = "properties") -> tuple[Member, ...]:
    """What every kind says of itself. Tags of what has a region stand at the root."""
    return (_member("description", "properties.description"), _member("properties", f"{below}.properties"))


def _compute() -> Shape:
    inner, kind = "properties.properties", "workspaces/computes"
    return Shape(
        "compute",
        kind,
        (
            _member("description", "properties.description"),
            _member("location", "location"),
            _member("resource_id", "properties.resourceId"),
            _word("compute", kind, "type", "properties.computeType"),
            _member("size", f"{inner}.vmSize"),
            _word("compute", kind, "tier", f"{inner}.vmPriority"),
            _member("min_instances", f"{inner}.scaleSettings.minNodeCount"),
            _member("max_instances", f"{inner}.scaleSettings.maxNodeCount"),
            _member("idle_time_before_scale_down", f"{inner}.scaleSettings.nodeIdleTimeBeforeScaleDown", SECONDS),
            _member("ssh_public_access_enabled", f"{inner}.remoteLoginPortPublicAccess", Switch("Enabled", "Disabled")),
            _member("enable_node_public_ip", f"{inner}.enableNodePublicIp"),
            _member("ssh_settings.admin_username", f"{inner}.userAccountCredentials.adminUserName"),
            _member("ssh_settings.admin_password", f"{inner}.userAccountCredentials.adminUserPassword"),
            _member("ssh_settings.ssh_key_value", f"{inner}.userAccountCredentials.adminUserSshPublicKey"),
        ),
        tags=("tags",),
        parts=(Identity(), Subnet()),
        located=True,
        unsent={_path(name): "the service runs nothing on a Ray cluster" for name in fields_of_type("compute", "ray")},
        takes_time=True,
    )


def _datastore() -> Shape:
    kind = "workspaces/datastores"
    plain = {
        "account_name": "accountName",
        "container_name": "containerName",
        "file_share_name": "fileShareName",
        "filesystem": "filesystem",
        "store_name": "storeName",
        "one_lake_workspace_name": "oneLakeWorkspaceName",
        "endpoint": "endpoint",
        "protocol": "protocol",
        "artifact.type": "artifact.artifactType",
        "artifact.name": "artifact.artifactName",
    }
    members = tuple(_member(field, f"properties.{member}") for field, member in plain.items())
    sort = _word("datastore", kind, "type", "properties.datastoreType")
    unsent = {_path(name): "the service has no datastore of this type" for name in ("path", "url")}
    return Shape("datastore", kind, (sort, *members, *_described()), parts=(Credentials(),), unsent=unsent)


def _data() -> Shape:
    kind = "workspaces/data/versions"
    members = (
        _word("data", kind, "type", "properties.dataType"),
        _member("path", "properties.dataUri", URIS),
        *_described(),
    )
    return Shape("data", kind, members, unsent={("auto_delete_setting",): LATER})


def _model() -> Shape:
    ours = tuple(load_kind("model").schema["properties"]["type"]["enum"])
    members = (
        _member("type", "properties.modelType", Words(ours, ours)),
        _member("path", "properties.modelUri", URIS),
        _member("flavors", "properties.flavors"),
        _member("stage", "properties.stage"),
        *_described(),
    )
    return Shape(
        "model",
        "workspaces/models/versions",
        members,
        unsent={("system_metadata",): LATER, ("default_deployment_template",): LATER},
    )


def _environment() -> Shape:
    kind = "workspaces/environments/versions"
    routes = ("liveness", "readiness", "scoring")
    members = (
        _member("image", "properties.image"),
        _member("conda_file", "properties.condaFile", CONDA),
        _member("build.path", "properties.build.contextUri", URIS),
        _member("build.dockerfile_path", "properties.build.dockerfilePath"),
        _word("environment", kind, "os_type", "properties.osType"),
        *(
            _member(f"inference_config.{route}_route.{part}", f"properties.inferenceConfig.{route}Route.{part}")
            for route in routes
            for part in ("path", "port")
        ),
        *_described(),
    )
    unsent: dict[Path, str] = {(name,): LOCAL for name in ("requirements", "constraints", "local_files")}
    return Shape("environment", kind, members, unsent={**unsent, ("auto_delete_setting",): LATER})


def _component() -> Shape:
    members = _described()[1:]  # its description is a part of what it is
    return Shape("component", "workspaces/components/versions", members, parts=(ComponentSpec(),))


def _endpoint() -> Shape:
    kind = "workspaces/batchEndpoints"
    members = (_word("endpoint", kind, "auth_mode", "properties.authMode"), *_described())
    return Shape("endpoint", kind, members, tags=("tags",), located=True, takes_time=True)


def _deployment() -> Shape:
    kind = "workspaces/batchEndpoints/deployments"
    members = (
        _member("compute", "properties.compute", NAMES),
        _member("environment", "properties.environmentId", NAMES),
        _member("code_configuration.code", "properties.codeConfiguration.codeId", CODES),
        _member("code_configuration.scoring_script", "properties.codeConfiguration.scoringScript"),
        _member("resources.instance_count", "properties.resources.instanceCount"),
        _member("resources.instance_type", "properties.resources.instanceType"),
        _member("settings.mini_batch_size", "properties.miniBatchSize"),
        _member("settings.max_concurrency_per_instance", "properties.maxConcurrencyPerInstance"),
        _member("settings.error_threshold", "properties.errorThreshold"),
        _member("settings.retry_settings.max_retries", "properties.retrySettings.maxRetries"),
        _member("settings.retry_settings.timeout", "properties.retrySettings.timeout", SECONDS),
        _word("deployment", kind, "settings.output_action", "properties.outputAction"),
        _word("deployment", kind, "settings.logging_level", "properties.loggingLevel"),
        _member("settings.environment_variables", "properties.environmentVariables"),
        *_described(),
    )
    name = AlwaysNamed(
        ("settings", "output_file_name"),
        ("properties", "outputFileName"),
        (("properties", "outputAction"), "SummaryOnly"),
    )
    engine = ("init_timeout", "bisect", "partition_keys")
    instances = ("locations", "shm_size", "max_instance_count", "docker_args")
    unsent: dict[Path, str] = {
        **{("settings", field): ENGINE for field in engine},
        **{("resources", field): LATER for field in instances},
        ("resources", "properties", "worker_memory"): ENGINE,
        ("resources", "properties", "worker_cpus"): ENGINE,
    }
    return Shape(
        "deployment",
        kind,
        members,
        tags=("tags",),
        parts=(ModelReference(), Pipeline(), name),
        located=True,
        unsent=unsent,
        takes_time=True,
    )


_TABLE: Final[Mapping[str, Callable[[], Shape]]] = {
    "compute": _compute,
    "datastore": _datastore,
    "data": _data,
    "model": _model,
    "environment": _environment,
    "component": _component,
    "endpoint": _endpoint,
    "deployment": _deployment,
}


@cache
def shape_of(kind: str) -> Shape:
    """The shape of a kind; of traffic, which is a member of its endpoint, that of the endpoint. Raises `KeyError`."""
    return _TABLE["endpoint" if kind == "traffic" else kind]()


def stores(kind: str, path: Path) -> bool:
    """Whether the service has a place for the bytes of a field; a component says all of itself in one member."""
    return kind == "component" or any(member.field == path for member in shape_of(kind).members)


def knows(kind: str) -> bool:
    """Whether this world has objects of a kind."""
    return kind == "traffic" or kind in _TABLE
