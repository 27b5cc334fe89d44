"""What a deployment scores with, for machines that have nothing of this world. Builds nothing; knows no job."""

from collections.abc import Mapping

from bep.disk.copying import Original, digest
from bep.lazy_dataclasses import replace
from bep.providers.disk_faults import told
from bep.providers.local.environments.builder_names import AUTO
from bep.providers.local.environments.conda import Recipe
from bep.providers.local.environments.portable import document_of
from bep.providers.local.provider import LocalProvider
from bep.providers.local.scored_files import code_with_digests, model_with_digests
from bep.providers.local.scoring import asked_of, choose, scored_with, unsaid
from bep.providers.protocol import ProviderError
from bep.providers.world import Built, Chosen, Portable

_OWN = (
    "{label} asks for no packages and no Python: every machine scores with the interpreter that its own bep runs with,"
    " which must have what the script imports; an environment with packages would be built there"
)


def portable(provider: LocalProvider, endpoint: str, deployment: str | None = None) -> Portable:
    """Everything that another machine needs to score with a deployment.

    Raises `ProviderError` as `scoring.resolve` does, but for what only building an environment finds out.
    """
    chosen = choose(provider, endpoint, deployment)
    with told(chosen.address, "run"):
        model = model_with_digests(provider, chosen.observed.attributes["model"], chosen.model)
        code = code_with_digests(provider, chosen.address, chosen.observed)
        label, recipe = asked_of(provider, chosen)
        files = _carried(provider, chosen, label, recipe, model) if recipe else {}
        ready = Built("", label, "", "", notes=_notes(label, chosen, recipe))
        scored = replace(scored_with(provider, chosen, model, code, ready), interpreter=(), stored={})
    asks = document_of(recipe, provider.builder or AUTO) if recipe else None
    return Portable(scored, model, code, asks, files)


def _notes(label: str, chosen: Chosen, recipe: Recipe | None) -> tuple[str, ...]:
    if recipe is not None:
        return recipe.notes
    return (_OWN.format(label=label), *unsaid(label, chosen))


def _carried(
    provider: LocalProvider, chosen: Chosen, label: str, recipe: Recipe, model: Mapping[str, Original]
) -> dict[str, Original]:
    """Where the files are that an environment's lines name: stored with it, or among those of its model."""
    known = {one.sha256: one for one in model.values()}
    record = chosen.environment.contents.get("local_files") if chosen.environment else None
    if record is not None:
        stored = provider.contents.originals(str(chosen.address), record)
        known |= {one.sha256: one for one in stored.values()}
    found = {}
    for name, sha256 in recipe.files.items():
        if sha256 not in known and recipe.source is not None:
            file = recipe.source() / name
            if file.is_file() and digest(file) == sha256:
                known[sha256] = Original(file, sha256)
        if sha256 not in known:
            message = f"its environment {label} names the file {name}, which is not there any more; apply again"
            raise ProviderError(chosen.address, "run", message, code="ContentDamaged")
        found[name] = known[sha256]
    return found
