"""A prepared job as its share has it: everything that a machine needs which has bep and nothing else.

`job.json` is put in the share last, so a folder without it is no prepared job. It holds no value of a secret variable
and no login of an address. Pure; opens no share.
"""

import json
from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final, Literal

from bep.runner.errors import JobInvalid
from bep.runner.folder.record import Counts
from bep.runner.request import ScoringTarget, Settings
from bep.schemas.values.written import Field, Invalid, Written

if TYPE_CHECKING:
    from bep.runner.folder.record import JobRecord
    from bep.runner.inputs.manifest import Manifest

DOCUMENT: Final = "job.json"
MANIFEST: Final = "manifest"
INDEX: Final = "manifest.index"
PARTITIONS: Final = "manifest.partitions"
ORIGINS: Final = "manifest.origins"
SOURCES: Final = "manifest.sources"
CONTENT: Final = "content"
"""Names below the folder of a prepared job."""

DIGEST: Final = 32
"""Bytes that an item has in `manifest.sources`: the sha256 of its uploaded content, or `IN_PLACE`."""
IN_PLACE: Final = bytes(DIGEST)
"""Stands for an item that every machine sees at its own path, and that was not uploaded."""

LONGEST: Final = 256 << 20
"""Bytes that the document can have, with the names of hundreds of thousands of files of a model."""

_MOST_ITEMS: Final = 10**12  # what a segment's name can number
_FORMAT: Final = 1
_HEX: Final = "^[0-9a-f]{64}$"


class PreparedInvalid(JobInvalid):
    """What a share has under the name of a prepared job cannot be read."""

    code = "PreparedInvalid"


class Content(Written):
    """An uploaded file: the sha256 of its bytes, and how many there are. Whoever fetches it checks both."""

    sha256: str = Field(pattern=_HEX)
    size: int = Field(ge=0)

    @property
    def name(self) -> str:
        """Where it stands below the folder of the prepared job."""
        return content_name(self.sha256)


class PreparedEnvironment(Written):
    """What the job is scored in. `asks` is the document that `world` builds it from, None where nothing is asked for:
    then scripts run with the interpreter that bep itself runs with. `files` are those that `asks` names.
    """

    label: str
    world: str = ""
    asks: dict[str, Any] | None = None
    files: dict[str, Content] = Field(default_factory=dict)


class PreparedTarget(Written):
    """What is scored with. `model` are the files below AZUREML_MODEL_DIR, `code` those beside the scoring script (None
    for an MLflow model that scores by itself), by their relative names.

    `variables` are environment variables with their values; `secret_variables` are the names of those whose values the
    share must not have, and that each machine is given by its own environment.
    """

    endpoint: str
    deployment: str
    deployment_digest: str
    model_address: str = ""
    model: dict[str, Content]
    code: dict[str, Content] | None = None
    code_name: str = ""
    scoring_script: str | None = None
    environment: PreparedEnvironment
    variables: dict[str, str] = Field(default_factory=dict, repr=False)
    secret_variables: tuple[str, ...] = ()


class Uploads(Written):
    """What was uploaded: `files` different contents of so many `bytes`, of `items` of the inputs. `in_place` items were
    not, for every machine sees them below one of the `folders`."""

    files: int = Field(default=0, ge=0)
    bytes: int = Field(default=0, ge=0)
    items: int = Field(default=0, ge=0)
    in_place: int = Field(default=0, ge=0)
    folders: tuple[str, ...] = ()


class Prepared(Written):
    """One prepared job. `inputs` and `output_text` are as its record has them, for a person to read; `counts` has how
    many items and mini-batches there are. `manifest_digest` is of the names, `sources_digest` of `manifest.sources`;
    `stride` is how many items an entry of the index has. `bep_version` wrote it.
    """

    format_version: Literal[1] = 1
    bep_version: str = ""
    name: str
    created: datetime
    target: PreparedTarget
    settings: Settings
    overrides: dict[str, Any] = Field(default_factory=dict)
    inputs: tuple[str, ...]
    input_text: str = ""
    input_type: str = ""
    partition_format: str = ""
    output_text: str = ""
    counts: Counts
    manifest_digest: str = Field(pattern=_HEX)
    sources_digest: str = Field(pattern=_HEX)
    stride: int = Field(ge=1)
    uploads: Uploads = Uploads()

    @property
    def contents(self) -> dict[str, Content]:
        """Every file of model, code and environment, by its digest."""
        target = self.target
        every = (target.model, target.code or {}, target.environment.files)
        return {one.sha256: one for of in every for one in of.values()}

    def scored_with(
        self,
        *,
        model: Path,
        code: Path,
        interpreter: tuple[str, ...],
        activated: Mapping[str, str],
        given: Mapping[str, str],
    ) -> ScoringTarget:
        """What the runner scores with on a machine where the files of model and code lie in these folders.

        `activated` are the variables that the environment sets, over which those of the job win; `given` are the
        values of the secret ones, and of others that win over those of the job.
        """
        target = self.target
        return ScoringTarget(
            endpoint=target.endpoint,
            deployment=target.deployment,
            deployment_digest=target.deployment_digest,
            model=target.model_address,
            model_directory=model,
            code_directory=None if target.code is None else code,
            code_name=target.code_name,
            scoring_script=target.scoring_script,
            environment=target.environment.label,
            interpreter=interpreter,
            environment_variables={**activated, **target.variables, **given},
            secret_variables=target.secret_variables,
        )


def target_of(
    target: ScoringTarget,
    files: Mapping[str, dict[str, Content]],
    environment: PreparedEnvironment,
    secret: Collection[str],
    *,
    has_code: bool,
) -> PreparedTarget:
    """What other machines score with: `files` are those of `model` and `code` in the share, `secret` the names of the
    variables whose values it must not have."""
    values = target.environment_variables
    return PreparedTarget(
        endpoint=target.endpoint,
        deployment=target.deployment,
        deployment_digest=target.deployment_digest,
        model_address=target.model,
        model=files["model"],
        code=files["code"] if has_code else None,
        code_name=target.code_name,
        scoring_script=target.scoring_script,
        environment=environment,
        variables={name: value for name, value in values.items() if name not in secret},
        secret_variables=tuple(secret),
    )


def of_record(
    record: "JobRecord",
    listed: "Manifest",
    target: PreparedTarget,
    *,
    counts: Counts,
    sources_digest: str,
    uploads: Uploads,
    bep_version: str,
) -> Prepared:
    """What a share says of a job with this record, whose items are `listed`."""
    return Prepared(
        bep_version=bep_version,
        name=record.name,
        created=record.created,
        target=target,
        settings=record.settings,
        overrides=record.overrides,
        inputs=record.inputs,
        input_text=record.input_text,
        input_type=record.input_type,
        partition_format=record.partition_format,
        output_text=record.output_text,
        counts=counts,
        manifest_digest=listed.digest,
        sources_digest=sources_digest,
        stride=listed.stride,
        uploads=uploads,
    )


def content_name(sha256: str) -> str:
    """Where the content of a digest stands below the folder of a prepared job."""
    return f"{CONTENT}/{sha256[:2]}/{sha256}"


def written(prepared: Prepared) -> bytes:
    """The document as bytes."""
    return (json.dumps(prepared.model_dump(mode="json"), indent=1, sort_keys=True) + "\n").encode()


def read(content: bytes, name: str, address: str) -> Prepared:
    """The document of the prepared job `name` in the share at `address`, which is for messages.

    Raises `PreparedInvalid` for one that is damaged, that a newer bep wrote, or that is of another job.
    """
    place = f"{name}/{DOCUMENT} in {address}"
    if len(content) > LONGEST:
        raise damaged(place, f"it has more than {LONGEST:,} bytes")
    try:
        # Not `model_validate_json`: it refuses the names of files that are no text.
        found = json.loads(content)
        _must_be_known(found, place)
        prepared = Prepared.model_validate(found)
    except Invalid as error:
        raise damaged(place, error.reason) from None
    except (ValueError, RecursionError) as error:
        raise damaged(place, error) from None
    if prepared.name != name:
        raise damaged(place, f"it names another job, {prepared.name}")
    _must_stay(prepared, place)
    return prepared


def _must_stay(prepared: Prepared, place: str) -> None:
    """Refuse what would lead whoever reads it out of the folders that are for the job: many can write to a share."""
    if max(prepared.counts.items, prepared.stride) > _MOST_ITEMS:
        raise damaged(place, f"it has more than {_MOST_ITEMS:,} items")
    output = prepared.settings.output_file_name
    if "/" in output or not _is_below(output):
        raise damaged(place, f"{output!r} cannot be the name of a file of predictions")
    target = prepared.target
    for names in (target.model, target.code or {}, target.environment.files):
        for file in names:
            if not _is_below(file):
                raise damaged(place, f"{file!r} cannot be the name of a file of a model, of code or of an environment")


def differences(one: Prepared, other: Prepared) -> tuple[str, ...]:
    """In which fields two documents are of different jobs; who wrote them and when makes no difference."""
    first, second = (found.model_dump(mode="json") for found in (one, other))
    apart = {"bep_version", "created", "uploads", "output_text"}
    return tuple(sorted(name for name in first if name not in apart and first[name] != second[name]))


def _must_be_known(found: Any, place: str) -> None:
    """Refuse a document of a format that this bep does not know."""
    written = found.get("format_version") if isinstance(found, dict) else None
    if isinstance(written, int) and written > _FORMAT:
        by = f"bep {version}" if (version := found.get("bep_version")) else "a newer bep"
        raise PreparedInvalid(
            f"{place} has format {written}, written by {by}; this bep reads up to {_FORMAT}\n"
            "    fix: score with the version of bep that prepared the job"
        )


def damaged(place: str, why: object) -> PreparedInvalid:
    """What is said of a file of a prepared job, which has this place, that is not as it was put there."""
    fix = "prepare the job anew, under another name"
    return PreparedInvalid(f"{place} is damaged: {why}\n    fix: {fix}")


def _is_below(name: str) -> bool:
    """Whether a relative name stays in the folder that it is for."""
    path = PurePosixPath(name)
    return bool(path.parts) and not path.is_absolute() and ".." not in path.parts and "\0" not in name
