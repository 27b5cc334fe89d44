"""From an endpoint's name to everything a job needs: folders, interpreter, settings. Knows no job and starts none."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bep.lazy_dataclasses import replace
from bep.planner.canonical import digest_of
from bep.planner.observed import Observed
from bep.providers.disk_faults import told
from bep.providers.local.environments import asked
from bep.providers.local.environments.conda import Recipe
from bep.providers.local.environments.environments import label_of
from bep.providers.local.provider import LocalProvider
from bep.providers.local.scored_files import Place, code_files, model_files, model_looked_at
from bep.providers.protocol import ProviderError
from bep.providers.routing import instances_of, routed
from bep.providers.world import Built, Chosen, Report, ScoredWith
from bep.schemas.address import Address, names_of
from bep.schemas.kinds.settings import settings_of
from bep.schemas.secrets.secret import is_sealed

PIPELINE = "pipeline"


def choose(provider: LocalProvider, endpoint: str, deployment: str | None = None) -> Chosen:
    """The deployment of this name, else the one with the traffic. Builds nothing.

    Raises `ProviderError` (code ResourceNotFound or NoTraffic) with the nearest names.
    """
    address, observed = routed(provider, endpoint, deployment, provider.deployments)
    if observed.attributes.get("type") == PIPELINE:
        raise ProviderError(address, "run", _not_run(observed), code="PipelineNotRun")
    model = _needed(provider, address, str(observed.attributes["model"]))
    named = observed.attributes.get("environment")
    environment = _needed(provider, address, str(named)) if named else None
    digest = digest_of([_identity(part) for part in (observed, model, environment) if part])
    return Chosen(endpoint, names_of(address)[1], address, observed, model, environment, digest)


def resolve(
    provider: LocalProvider, endpoint: str, deployment: str | None = None, *, report: Report = lambda _: None
) -> ScoredWith:
    """Everything a job needs; an environment that is not there yet is built here, with lines to `report`.

    Raises `ProviderError` as `choose` does, and for contents that were lost or an environment that cannot be built.
    """
    chosen = choose(provider, endpoint, deployment)
    with told(chosen.address, "run"):
        model = model_files(provider, chosen.observed.attributes["model"], chosen.model)
        code = code_files(provider, chosen.address, chosen.observed)
        return scored_with(provider, chosen, model, code, _environment(provider, chosen, report))


def scored_with(provider: LocalProvider, chosen: Chosen, model: Place, code: Place | None, ready: Built) -> ScoredWith:
    """What a job needs of a deployment, its files and an environment."""
    attributes = chosen.observed.attributes
    variables = attributes.get("settings", {}).get("environment_variables", {})
    clear = {name: str(value) for name, value in variables.items() if not is_sealed(value)}
    activated = {**ready.variables, **asked.variables_of(chosen.environment.attributes if chosen.environment else {})}
    return ScoredWith(
        endpoint=chosen.endpoint,
        deployment=chosen.deployment,
        deployment_digest=chosen.digest,
        model=attributes["model"],
        model_directory=model if isinstance(model, Path) else None,
        code_directory=code if isinstance(code, Path) else None,
        stored={name: found for name, found in (("model", model), ("code", code)) if isinstance(found, Mapping)},
        code_name=_code_name(chosen),
        scoring_script=attributes.get("code_configuration", {}).get("scoring_script"),
        interpreter=(ready.python,),
        environment=ready.label,
        environment_variables={**activated, **clear},
        sealed_variables=tuple(sorted(name for name, value in variables.items() if is_sealed(value))),
        settings=settings_of(attributes),
        is_mlflow=chosen.is_mlflow,
        compute=_compute(provider, attributes),
        warnings=ready.notes,
    )


def asked_of(provider: LocalProvider, chosen: Chosen) -> tuple[str, Recipe | None]:
    """The label of the environment that a deployment is scored in and its recipe; None: the user's own interpreter.

    Builds nothing. Raises `ProviderError` for a model whose contents were lost or that MLflow did not save.
    """
    label, recipe = _recipe(provider, chosen)
    return label, recipe if recipe and _asks(recipe) else None


def recipe_of_environment(provider: LocalProvider, address: Address, there: Observed) -> tuple[str, Recipe]:
    """The label of an applied environment, and its recipe."""
    label, record = label_of(address), there.contents.get("local_files")
    if record is None:
        return label, asked.of_environment(label, there.attributes, provider.conda_names)
    return label, asked.of_environment(
        label,
        there.attributes,
        provider.conda_names,
        files=record.files,
        source=lambda: provider.contents.tree(address, record),
    )


def bounds_of(provider: LocalProvider, chosen: Chosen) -> tuple[tuple[int, str], ...]:
    """The most instances that a job of a deployment may take, each with whose field says so."""
    attributes = chosen.observed.attributes
    return instances_of(chosen.address, attributes, _compute(provider, attributes))


def _needed(provider: LocalProvider, user: Address, name: str) -> Observed:
    there = provider.read([Address(name)])
    if name.startswith("azureml:") and Address(name) not in there:
        raise ProviderError(user, "run", _kept_elsewhere(name), code="KeptElsewhere")
    if Address(name) not in there:
        message = f"it names {name}, which is gone; apply again, or give it another"
        raise ProviderError(user, "run", message, code="ResourceNotFound")
    return there[Address(name)]


def _not_run(observed: Observed) -> str:
    """Why no job begins with a deployment of a pipeline."""
    runs = observed.attributes.get("component") or observed.attributes.get("job_definition")
    return (
        f"it runs a pipeline ({runs}), and this machine runs none yet: it keeps and compares them, and scores with"
        " models; run it in Azure ML, or name a deployment of a model"
    )


def _kept_elsewhere(name: str) -> str:
    """Why nothing scores with what is named by a reference of the service's instead of an address of this world."""
    message = f"it names {name}, which Azure ML keeps: it is not on this machine; "
    if "/models/" in name:
        return f"{message}download it, and declare a model whose path is the folder"
    return f"{message}say under environments in bep.yml what stands for it here, and apply"


def _code_name(chosen: Chosen) -> str:
    """The user's own folder that the code was copied from, as the workspace names it; nothing where it is no copy."""
    code = chosen.observed.attributes.get("code_configuration", {}).get("code")
    return str(code.get("local", "")) if isinstance(code, Mapping) else ""


def _environment(provider: LocalProvider, chosen: Chosen, report: Report) -> Built:
    """The environment, built if it was not; the user's own interpreter where nothing is asked for, under its path."""
    label, recipe = _recipe(provider, chosen)
    if recipe is None or not _asks(recipe):
        own = provider.environments.own()
        return Built("", own, own, "", notes=recipe.notes if recipe else unsaid(label, chosen))
    built = provider.environments.use(label, recipe, report)
    asked = f" for {built.asked}" if built.asked and not built.version.startswith(built.asked) else ""
    return replace(built, label=f"{label} (Python {built.version}{asked}, {built.digest[:12]})")


def _recipe(provider: LocalProvider, chosen: Chosen) -> tuple[str, Recipe | None]:
    """The label of a deployment's environment, and what it asks for if there is one."""
    if chosen.environment is not None:
        return recipe_of_environment(
            provider, Address(str(chosen.observed.attributes["environment"])), chosen.environment
        )
    label = label_of(chosen.observed.attributes["model"])
    if not chosen.is_mlflow:
        return label, None
    with model_looked_at(provider, chosen.observed.attributes["model"], chosen.model) as model:
        return label, asked.of_model(label, model, provider.conda_names)


def unsaid(label: str, chosen: Chosen) -> tuple[str, ...]:
    """What to know of a deployment without an environment whose model brings none."""
    if not chosen.is_mlflow:
        return ()
    files = "no python_env.yaml, conda.yaml or requirements.txt"
    return (f"{label} has {files}: scoring runs with your own Python, which must have mlflow and what the model needs",)


def _asks(recipe: Recipe) -> bool:
    return not recipe.empty or recipe.python is not None or bool(recipe.problems or recipe.tools)


def _compute(provider: LocalProvider, attributes: Mapping[str, Any]) -> Mapping[str, Any]:
    there = provider.list("compute").get(Address(str(attributes.get("compute"))))
    return there.attributes if there else {}


def _identity(part: Observed) -> Any:
    return [part.attributes, {path: record.sha256 for path, record in part.contents.items()}]
