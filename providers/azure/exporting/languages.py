"""The languages there are, by name: of templates, each a function of resources; of one job of them. Pure."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from bep.providers.azure.exporting import arm, bicep
from bep.providers.azure.exporting.composing import template_of
from bep.providers.azure.exporting.judging import unfit_of
from bep.providers.azure.exporting.template import Template
from bep.providers.world import Exported, Exporter, JobExporter

if TYPE_CHECKING:
    from bep.schemas.resource import Resource

_LANGUAGES: Final[Mapping[str, Callable[[Template], str]]] = {"arm": arm.rendered, "bicep": bicep.rendered}


def exporters(workspace: str, api_version: str) -> Mapping[str, Exporter]:
    """What makes a template in each language, for a workspace of this name where nobody gives another."""
    return {name: partial(_exported, rendered, workspace, api_version) for name, rendered in _LANGUAGES.items()}


def job_exporters() -> Mapping[str, JobExporter]:
    """What makes a text of one job in each language."""
    from bep.providers.azure.exporting.parallel_fitness import exported

    return {"azureml-parallel": exported}


def _exported(
    rendered: Callable[[Template], str], workspace: str, api_version: str, resources: "Sequence[Resource]"
) -> Exported:
    template = template_of(resources, workspace, api_version)
    return Exported(rendered(template), tuple(unfit_of(template)))
