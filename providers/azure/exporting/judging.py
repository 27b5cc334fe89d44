"""What of the specs a template cannot say, and what Azure publishes against one of its bodies. Pure."""

from collections.abc import Iterator
from typing import Final

from bep.providers.azure.checking.fitness import CHANGE
from bep.providers.azure.exporting.template import Item, Template, texts_of
from bep.providers.azure.translation.published import faults
from bep.providers.azure.translation.shapes import shape_of
from bep.providers.world import Unfit
from bep.schemas.address import kind_of

UNFIT: Final = "not-in-a-template"
MOST_PARAMETERS, MOST_RESOURCES = 256, 800
"""The limits of one template (Azure Resource Manager docs: template best practices)."""


def unfit_of(template: Template) -> Iterator[Unfit]:
    """All that is wrong with it, and for each content that it names a word that it has not got the bytes."""
    yield from _too_many(template)
    for item in template.items:
        yield from _refused(item)
        if kind_of(item.address) == "traffic":
            yield from _written_twice(item)
    for upload in template.uploads:
        message = f"a template has no bytes: they must be at {upload.place} before it is deployed"
        yield Unfit(UNFIT, upload.address, upload.path, message, "An apply puts them there.", is_error=False)


def _too_many(template: Template) -> Iterator[Unfit]:
    nested = sum(not item.is_in_workspace for item in template.items)
    for count, most, what in (
        (len(template.secrets) + 1 + template.has_region, MOST_PARAMETERS, "parameters"),
        (len(template.items) + nested, MOST_RESOURCES, "resources"),
    ):
        if count > most:
            message = f"it would have {count} {what}, and a template has {most} at most"
            yield Unfit(UNFIT, "", (), message, "Export a part of the specs, then the others.")


def _refused(item: Item) -> Iterator[Unfit]:
    """What the published types refuse of a body, as they would of a request's."""
    if item.is_in_workspace:
        for fault in faults(shape_of(kind_of(item.address)).type, item.body):
            yield _unsaid(item, fault.said, CHANGE)


def _written_twice(item: Item) -> Iterator[Unfit]:
    """What the template in a template would read twice."""
    for text in texts_of(item.body):
        if text.startswith("[") and text.endswith("]"):
            message = f"{text} stands in brackets, and a template in a template would take it for an expression"
            yield _unsaid(item, message, "Write it without the brackets.")


def _unsaid(item: Item, message: str, fix: str) -> Unfit:
    return Unfit(UNFIT, item.address, (), message, fix)
