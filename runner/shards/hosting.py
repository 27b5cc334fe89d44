"""A prepared job made ready to be scored on this machine: its model and code brought here, and what an engine is asked.

Builds no environment, and knows no engine.
"""

from collections.abc import Mapping
from pathlib import Path

from bep.lazy_dataclasses import dataclass
from bep.runner.errors import ShareRefused
from bep.runner.folder.folder import JobFolder
from bep.runner.request import JobRequest
from bep.runner.shards.fetching import fetch_all
from bep.runner.shards.prepared import Prepared
from bep.runner.shares.share import Share
from bep.runner.transfer.transfers import Board


@dataclass(frozen=True, slots=True)
class Host:
    """Where a prepared job is scored: `folder` is a folder of this session alone, `workers` is how many it starts, and
    `environment` is what they inherit."""

    share: Share
    prepared: Prepared
    folder: JobFolder
    workers: int
    environment: Mapping[str, str]

    def fetch(self, board: Board) -> None:
        """Bring model and code here. Raises `PreparedInvalid` for bytes that are not those that were uploaded,
        `ShareRefused`, `NotShared`, `Cancelled`, `OSError`."""
        target, name = self.prepared.target, self.prepared.name
        fetch_all(self.share, name, target.model, self._model, board)
        fetch_all(self.share, name, target.code or {}, self._code, board)

    def request(
        self, interpreter: tuple[str, ...], activated: Mapping[str, str], values: Mapping[str, str]
    ) -> JobRequest:
        """What an engine is asked. `activated` are the variables that the environment sets, and `values` are of
        variables that the share does not have, or that win over those of the job. Raises `ShareRefused`, `OSError`."""
        prepared, one_machine = self.prepared, {"instance_count": 1, "max_concurrency_per_instance": self.workers}
        target = prepared.scored_with(
            model=self._model, code=self._code, interpreter=interpreter, activated=activated, given=values
        )
        return JobRequest(
            name=prepared.name,
            target=target,
            settings=prepared.settings.model_copy(update=one_machine),
            inputs=(),
            input_text=prepared.input_text,
            input_type=prepared.input_type,
            partition_format=prepared.partition_format,
            folder=self.folder.path,
            output_folder=self._output(),
            output_text=prepared.output_text,
            environment=dict(self.environment),
        )

    @property
    def _model(self) -> Path:
        return self.folder.assets / "model"

    @property
    def _code(self) -> Path:
        return self.folder.assets / "code"

    def _output(self) -> Path:
        """Where the script's own files go: a folder that all machines see, or one that nothing may be written to."""
        share = self.share
        place = share.root / self.prepared.name / "output" if share.root else self.folder.path / "output"
        if place.is_symlink():
            raise ShareRefused(f"{place} is a symbolic link, and none is followed in a share")
        place.mkdir(exist_ok=True)
        return place
