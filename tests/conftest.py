"""What every test may use: golden files, hypothesis profiles, and what may be skipped."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, is_hypothesis_test, settings

from bep.cli import WISHES
from bep.terminal import Wishes
from tests.forking.commands import remember_environment
from tests.long import long_tests, name_of
from tests.skips import pytest_addoption, pytest_make_collect_report, pytest_runtest_makereport

__all__ = ["pytest_addoption", "pytest_make_collect_report", "pytest_runtest_makereport"]

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # in the background of a shell; what tests start inherits it
    signal.signal(signal.SIGINT, signal.default_int_handler)

GOLDEN = Path(__file__).parent / "golden"

settings.register_profile(
    "ci", derandomize=True, max_examples=50, deadline=None, suppress_health_check=list(HealthCheck)
)
settings.register_profile("deep", max_examples=5000, deadline=None, suppress_health_check=list(HealthCheck))
settings.register_profile("mutation", settings.get_profile("ci"), max_examples=10, phases=[Phase.generate])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


def pytest_configure() -> None:
    """Let what the tests start keep its bytecode, also where Python was told to leave none.

    Else each of some thousand commands compiles bep anew; and a folder of its own would have every package compiled
    anew that pip has compiled. Workers of pytest-xdist inherit it.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", "")
    os.environ["PIP_NO_COMPILE"] = "1"  # a test uses a few modules of what it installs
    remember_environment()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Count no lines in properties: they take three times as long counted, and other tests run the same lines.

    With `--short`, leave out what takes long.
    """
    left_out = long_tests() if config.getoption("--short") else frozenset()
    for item in items:
        if name_of(item.nodeid) in left_out:
            item.add_marker(pytest.mark.skip(reason="it takes long: make test-all"))
        if isinstance(item, pytest.Function) and is_hypothesis_test(item.function):
            item.add_marker(pytest.mark.no_cover)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Three workers a core, for most tests wait for processes they started most of the time."""
    return min(12, 3 * (os.cpu_count() or 1))


@pytest.fixture(autouse=True)
def _a_cache_of_its_own(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test builds environments where those of the person are who runs it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture(autouse=True)
def _wishes_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test has the --verbose of a command that another ran in this process."""
    for name in WISHES.values():
        monkeypatch.setattr(Wishes, name, False)


@pytest.fixture
def golden() -> Callable[[str, str], None]:
    """Compare a text with the file of that name; `UPDATE_GOLDEN=1` writes it instead, for a person to read."""

    def check(name: str, actual: str) -> None:
        file = GOLDEN / name
        if os.environ.get("UPDATE_GOLDEN"):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(actual)
        assert actual == file.read_text()

    return check
