"""A file system that is really full, under the job's folder, its output or both: nothing is lost, and room mends it."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

Jobs = Any
ROWS = "import os\ndef run(mini_batch):\n    return [os.path.basename(path) * 30 for path in mini_batch]\n"


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """A mount of so many bytes; asked for again, the same with another size."""
    place = tmp_path / "small"
    place.mkdir()

    def sized(size: str) -> Path:
        again = ["remount,"] if place.is_mount() else [""]
        command = ["mount", "-t", "tmpfs", "-o", f"{again[0]}size={size}", "tmpfs", str(place)]
        made = subprocess.run(command, capture_output=True, text=True, check=False)
        if made.returncode:
            pytest.skip(f"nothing may be mounted here: {made.stderr.strip()}")
        return place

    yield sized
    subprocess.run(["umount", "-l", str(place)], capture_output=True, check=False)


@pytest.mark.parametrize("size", ["48k", "200k", "500k", "800k"])
@pytest.mark.parametrize("full", [("folder",), ("output_folder",), ("folder", "output_folder")])
def test_a_full_file_system_costs_no_row(
    jobs: Jobs, small: Callable[[str], Path], living: Callable[[], list[int]], full: tuple[str, ...], size: str
) -> None:
    place = small(size)
    request = jobs.request(ROWS, items=2000, mini_batch_size=5)
    request = request.model_copy(update={what: place / what / "job" for what in full})
    record = jobs.run(request)
    assert (record.status == "Failed" and "No space left" in record.error.message) or record.counts.scored == 2000
    assert record.status == "Completed" or record.error.fix.startswith("make room")
    assert living() == []
    small("64m")
    resumed = jobs.resume(request)
    assert (resumed.status, resumed.counts.scored) == ("Completed", 2000)
    assert resumed.output_file.read_text().splitlines() == [f"{n:05d}.txt" * 30 for n in range(2000)]
