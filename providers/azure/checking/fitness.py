"""What of the specs Azure cannot have, found before anything is asked of it. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from bep.providers.azure.place import Place
from bep.providers.azure.translation.bodies import faults_of
from bep.providers.azure.translation.shape import Path, Shape, at
from bep.providers.azure.translation.shapes import knows, shape_of
from bep.providers.world import Unfit
from bep.schemas.resource import FieldPath, Resource

CHANGE: Final = "Change what it is made of."
"""How what the published types refuse is mended."""
HERE_ONLY: Final = {"compute": ("local", "ray"), "datastore": ("local_folder", "fsspec")}
"""Words of `type` that mean this machine, or what jobs of this machine alone run on."""
FOR_HERE: Final = "list its file for this machine alone in bep.yml: {file: FILE, provider: local}."


def unfit_of(resource: Resource, place: Place) -> Iterator[Unfit]:
    """What is wrong with one resource, each with the field it stands at."""
    if not knows(resource.kind):
        message = f"Azure ML has the kind {resource.kind}, and this bep does not write it there yet"
        fix = f"Take it out, or {FOR_HERE}"
        yield Unfit("not-on-azure", resource.address, (), message, fix)
        return
    sort = str(resource.attributes.get("type", ""))
    if sort in HERE_ONLY.get(resource.kind, ()):
        yield Unfit("not-on-azure", resource.address, ("type",), *_here_only(resource.kind, sort))
        return
    if resource.kind == "deployment" and resource.attributes.get("job_definition"):
        yield _job_definition(resource)
        return
    yield from _missing(resource)
    yield from _empty_tags(resource)
    yield from _unsent(resource)
    yield from _refused(resource, place)


def _here_only(kind: str, sort: str) -> tuple[str, str]:
    """Why Azure has no object of this type, and what may be written instead."""
    if sort == "ray":
        message = "type ray is a cluster that jobs of this machine run on, and Azure ML runs none there"
        return message, f"Write type: amlcompute, or {FOR_HERE}"
    fix = "Write type: amlcompute." if kind == "compute" else "Write type: azure_blob, or another of Azure's."
    return f"type {sort} is on this machine, and Azure has none", fix


def _job_definition(resource: Resource) -> Unfit:
    """az ml makes a component of such a job, under a name of its own, before it writes the deployment."""
    message = (
        "job_definition: Azure has deployments of registered components alone; of a job, az ml first makes one under a"
        " name that no spec knows"
    )
    fix = "Declare the job as a component of type pipeline, and write component: azureml:NAME:VERSION here."
    return Unfit("not-on-azure", resource.address, ("job_definition",), message, fix)


def _missing(resource: Resource) -> Iterator[Unfit]:
    attributes = resource.attributes
    if resource.kind == "environment" and not attributes.get("image") and not attributes.get("build"):
        message = "Azure builds an environment from an image or a build context, and it has neither"
        fix = "Add 'image: ...', such as mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04."
        yield Unfit("not-on-azure", resource.address, (), message, fix)
    if resource.kind == "deployment" and attributes.get("compute") == "compute/local":
        message = "compute local is this machine, and Azure has none"
        yield Unfit("not-on-azure", resource.address, ("compute",), message, "Declare a compute of type amlcompute.")


def _empty_tags(resource: Resource) -> Iterator[Unfit]:
    for name, value in (resource.attributes.get("tags") or {}).items():
        if value == "":
            message = f"the tag {name} is empty, which Azure refuses"
            yield Unfit("empty-tag", resource.address, ("tags", name), message, "Give it a value, or take it out.")


def _unsent(resource: Resource) -> Iterator[Unfit]:
    if resource.kind == "traffic":
        return
    for path, why in shape_of(resource.kind).unsent.items():
        if at(resource.attributes, path) not in (None, {}, []):
            name = ".".join(path)
            yield Unfit("not-sent", resource.address, path, f"{name}: {why}", f"Leave {name} out.", is_error=False)


def _refused(resource: Resource, place: Place) -> Iterator[Unfit]:
    for fault in faults_of(resource, place):
        path = _field(shape_of(resource.kind), fault.member, resource.attributes)
        yield Unfit("refused-by-azure", resource.address, path, fault.said, CHANGE)


def _field(shape: Shape, member: Path, attributes: Mapping[str, Any]) -> FieldPath:
    """The field that a member is made of."""
    if member[: len(shape.tags)] == shape.tags:
        return ("tags", *member[len(shape.tags) :])
    for one in shape.members:
        if member[: len(one.member)] == one.member:
            return (*one.field, *member[len(one.member) :])
    return ()
