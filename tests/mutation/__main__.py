"""`python -m tests.mutation`: the figure. Exits 1 where a mutant survives that `survivors.toml` does not explain.

Written here, because mutmut and cosmic-ray take a module's name from its path, and here `planner/` is `bep.planner`;
and because each starts its tests anew for every mutant, which takes ten times as long as forking.
"""

import argparse
import os
import sys
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

MODULES: Mapping[str, Sequence[str]] = {
    "bep.planner.planning.safety": ("tests/planner",),
    "bep.planner.planning.deciding": ("tests/planner", "tests/providers/test_beside.py"),
    "bep.planner.planning.targeting": ("tests/planner",),
    "bep.planner.planning.diffing": ("tests/planner",),
    "bep.planner.planning.graph": ("tests/planner",),
    "bep.planner.planning.retention": ("tests/planner",),
    "bep.planner.formats.journal": ("tests/planner", "tests/providers/test_state_store.py"),
    "bep.providers.applying.checking": ("tests/providers/test_checking.py", "tests/providers/test_stale_plans.py"),
    "bep.providers.applying.recovery": (
        "tests/providers/test_resolving.py",
        "tests/providers/test_recovery.py",
        "tests/providers/test_beside.py",
    ),
    "bep.providers.state.journal_file": ("tests/providers/test_journal_file.py", "tests/providers/test_state_store.py"),
    "bep.runner.folder.journal": ("tests/runner/failures/test_journal.py",),
}
"""What is tried, and where its tests are; of those, each mutant gets the ones that run its line."""
EXPLAINED = Path(__file__).parent / "survivors.toml"


def main() -> int:
    """Try every mutant of the modules that the command line names, or of all."""
    asked = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    asked.add_argument("modules", nargs="*", help="ends of modules' names (default: all)")
    asked.add_argument(
        "--only",
        action="append",
        default=[],
        help="only mutants whose names have this text, or another such one, in them",
    )
    given = asked.parse_args()
    modules = [name for name in MODULES if not given.modules or name.endswith(tuple(given.modules))]
    os.environ["HYPOTHESIS_PROFILE"] = "mutation"

    from tests.mutation.running import Mutation  # which imports what is under test: with pytest, not before it

    mutation = Mutation(modules, given.only)
    tests = sorted({path for name in modules for path in MODULES[name]})
    options = ["-qq", "-s", "-p", "no:cacheprovider", "-p", "no:xdist", "-o", "tmp_path_retention_policy=none"]
    # What is killed is another process, in which nothing is planted; a disk stays mounted where a fault keeps it busy;
    # a browser that was driven before the fork is not driven after it, and each mutant would pass for noticed.
    left_out = ("kill_at", "kills_at", "full_disk", "journal_takes_nothing", "real_browser")
    options += ["-k", " and ".join(f"not {name}" for name in left_out)]
    with tempfile.TemporaryDirectory(prefix="bep-mutation-") as folder:
        pytest.main([*options, "--basetemp", f"{folder}/tests", *tests], plugins=[mutation])
    if mutation.failed:
        print("these tests fail without any fault planted:", *mutation.failed, sep="\n  ", file=sys.stderr)
        return 1
    return _judged(mutation.tried, mutation.survivors, whole=not given.only)


def _judged(tried: Mapping[str, int], survivors: Mapping[str, Sequence[str]], *, whole: bool) -> int:
    explained = {entry["mutant"] for entry in tomllib.loads(EXPLAINED.read_text())["survivor"] if entry["why"]}
    left = [name for names in survivors.values() for name in names]
    for module, count in tried.items():
        known = sum(name in explained for name in survivors[module])
        print(f"{module}: {count - len(survivors[module])} of {count} noticed, {known} survivors explained")
    noticed, count = sum(tried.values()) - len(left), sum(tried.values())
    print(f"{noticed} of {count} mutants were noticed by a test ({noticed / max(count, 1):.1%})")
    unexplained = sorted(set(left) - explained)
    gone = sorted(name for name in explained - set(left) if whole and name.split(":")[0] in tried)
    for told, names in (("survived, unexplained", unexplained), ("explained, but noticed or not there", gone)):
        for name in names:
            print(f"{told}: {name}")
    return 1 if unexplained or gone or not count else 0


if __name__ == "__main__":
    sys.exit(main())
