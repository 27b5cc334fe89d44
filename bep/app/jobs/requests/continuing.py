"""What a job goes on with: its deployment's variables again, what scores it now, and where. Starts nothing."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bep.app.jobs.requests.clusters import Scored, cluster_now, is_written_here, on_cluster
from bep.app.jobs.requests.locating import was_given_links
from bep.app.jobs.requests.targets import applied_variables, must_be_deployed_still, target_of
from bep.app.workspace.faces import scoring_of
from bep.lazy_dataclasses import dataclass, field, replace

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Reading
    from bep.providers.world import ScoredWith
    from bep.runner.folder.record import JobRecord


@dataclass(frozen=True)
class GoingOn:
    """`variables` are those of the deployment; `words` is what the runner is told beyond them, by its own names."""

    variables: Mapping[str, str]
    words: Mapping[str, Any] = field(default_factory=dict)


def going_on(opened: "Reading", record: "JobRecord", compute: str, *, mended: bool) -> GoingOn:
    """With what a job goes on: with what it began with, unless that is `mended`.

    Raises `DomainError` when the deployment is another by now, and `ProviderError`.
    """
    if not mended:
        must_be_deployed_still(opened, record)
    if record.cluster is not None:
        return _on_cluster(opened, record, compute, mended=mended)
    # other machines have scored a prepared job: it was given no files of its deployment here
    if mended or record.share or was_given_links(opened, record):
        scoring = _resolved(opened, record)
        variables = applied_variables(opened, scoring)
        target = target_of(scoring, variables, record.folder)
        return GoingOn(variables.values, {"target": target, "given": (scoring.stored, opened.share)})
    return GoingOn(_variables(opened, record), {"interpreter": _interpreter_again(opened, record)})


def _on_cluster(opened: "Reading", record: "JobRecord", compute: str, *, mended: bool) -> GoingOn:
    """Nothing of it is built here, unless that writes the output. Where the deployment is mended, its environment may
    be another, too."""
    cluster, named = cluster_now(opened, record, compute), record.target
    assert cluster is not None  # the record has one
    scored: Scored = on_cluster(opened, cluster, named.endpoint, named.deployment)
    is_needed = is_written_here(record.settings)
    if not mended:
        here = {"interpreter": _interpreter_again(opened, record)} if is_needed else {}
        return GoingOn(scored.variables.values, {"cluster": cluster, **here})
    scoring = replace(scored.scoring, interpreter=_resolved(opened, record).interpreter if is_needed else ())
    target = target_of(scoring, scored.variables, record.folder)
    given = (scored.scoring.stored, opened.share)
    return GoingOn(
        scored.variables.values,
        {"target": target, "given": given, "cluster": scored.cluster, "environment_files": scored.files},
    )


def _variables(opened: "Reading", record: "JobRecord") -> Mapping[str, str]:
    """The values of a job's environment variables again, for its record has the names only."""
    if record.target.interpreter:  # one that other machines have scored has none here
        scoring_of(opened).hold(record.target.interpreter[0])
    return applied_variables(opened, _resolved(opened, record)).values


def _interpreter_again(opened: "Reading", record: "JobRecord") -> tuple[str, ...] | None:
    """What starts the environment of a job now, where its record's interpreter is gone; it was built again by then."""
    target = record.target
    if target.interpreter and os.path.lexists(target.interpreter[0]):
        return None
    return _resolved(opened, record).interpreter


def _resolved(opened: "Reading", record: "JobRecord") -> "ScoredWith":
    return scoring_of(opened).resolve(record.target.endpoint, record.target.deployment)
