"""A pytest plugin that runs, for every mutant, the tests that reach it: each in a process forked from this one.

All is imported and collected once. The tests run once as they are, and coverage notes which one runs which line; a
fork changes the code of one function in place, and runs the quickest of its tests first, until one fails.
"""

import ast
import gc
import importlib
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import CodeType, FunctionType, ModuleType

import pytest
from _pytest.runner import runtestprotocol
from coverage import Coverage

from tests.mutation.mutants import Mutant, mutants

PATIENCE = 900
"""Seconds on the clock after which a mutant hangs, however busy the machine is. Of the processor it has much less."""
MEMORY = 4 << 30
"""Bytes of addresses that it may have: one that gathers without end is found by it."""

KILLED, SURVIVED, NOT_PLANTED = 0, 1, 2


@dataclass
class Mutation:
    """The plugin. `survivors` has the names of mutants that no test noticed, by module; `tried` how many there were."""

    modules: Sequence[str]
    only: Sequence[str] = ()
    tried: dict[str, int] = field(default_factory=dict)
    survivors: dict[str, list[str]] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Instead of running the tests: run them as they are, then against each mutant."""
        sources = {name: _Source(importlib.import_module(name)) for name in self.modules}
        measured = self._as_they_are(session.items, [source.file for source in sources.values()])
        if self.failed:
            return True
        gc.freeze()
        for name, source in sources.items():
            self.tried[name], self.survivors[name] = 0, []
            reached = {line: set(tests) for line, tests in measured.get(str(source.file), {}).items()}
            for mutant in mutants(name, source.tree):
                if not self.only or any(text in mutant.name for text in self.only):
                    self._try(source, mutant, self._tests(session.items, source, mutant, reached))
        return True

    def _as_they_are(self, items: Sequence[pytest.Item], files: Sequence[Path]) -> Mapping[str, dict[int, list[str]]]:
        measure = Coverage(data_file=None, config_file=False, include=[str(file) for file in files])
        measure.start()
        for item, following in zip(items, [*items[1:], None], strict=True):
            measure.switch_context(item.nodeid)
            began = time.process_time()
            reports = runtestprotocol(item, log=False, nextitem=following)
            self.seconds[item.nodeid] = time.process_time() - began
            self.failed += [f"{item.nodeid}\n{report.longreprtext}" for report in reports if report.failed]
        measure.stop()
        data = measure.get_data()
        return {file: data.contexts_by_lineno(file) for file in data.measured_files()}

    def _tests(
        self, items: Sequence[pytest.Item], source: "_Source", mutant: Mutant, reached: Mapping[int, set[str]]
    ) -> list[pytest.Item]:
        """Those that run the line, or where the compiler left that line out, its function; of a constant, all."""
        lines = reached if mutant.constant else mutant.lines
        names = set[str]().union(*(reached.get(line, ()) for line in lines))
        if not names:
            names = names.union(*(reached.get(line, ()) for line in source.lines(mutant.place)))
        return sorted((item for item in items if item.nodeid in names), key=lambda item: self.seconds[item.nodeid])

    def _try(self, source: "_Source", mutant: Mutant, tests: Sequence[pytest.Item]) -> None:
        seconds = 10 + 3 * round(sum(self.seconds[item.nodeid] for item in tests))
        end = _forked(lambda: _survives(source, mutant, tests), seconds) if tests else SURVIVED
        if end == NOT_PLANTED:
            return
        self.tried[mutant.module] += 1
        if end == SURVIVED:
            self.survivors[mutant.module].append(mutant.name)
            print(f"survived ({len(tests)} tests): line {mutant.lines.start}: {mutant.name}", flush=True)


def _forked(work: Callable[[], int], seconds: int) -> int:
    """What the work ends with in a process of its own; one that fails, hangs or dies has been noticed."""
    child = os.fork()
    if child == 0:
        end = KILLED
        try:
            os.setpgid(0, 0)
            resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            signal.alarm(PATIENCE)
            quiet = os.open(os.devnull, os.O_RDWR)
            os.dup2(quiet, 1)
            os.dup2(quiet, 2)
            end = work()
        finally:
            os._exit(end)
    _, status = os.waitpid(child, 0)
    with suppress(ProcessLookupError):  # what its tests started and left
        os.killpg(child, signal.SIGKILL)
    return os.WEXITSTATUS(status) if os.WIFEXITED(status) else KILLED


def _survives(source: "_Source", mutant: Mutant, tests: Sequence[pytest.Item]) -> int:
    if not source.plant(mutant):
        return NOT_PLANTED
    for item, following in zip(tests, [*tests[1:], None], strict=True):
        item._initrequest()  # type: ignore[attr-defined]  # each has run before
        if any(report.failed for report in runtestprotocol(item, log=False, nextitem=following)):
            return KILLED
    return SURVIVED


class _Source:
    """A module that is imported, and its syntax tree."""

    def __init__(self, module: ModuleType) -> None:
        assert module.__file__
        self.module = module
        self.file = Path(module.__file__).resolve()  # not by the link in bep/
        self.tree = ast.parse(self.file.read_text())

    @cached_property
    def _bodies(self) -> dict[str, range]:
        found = {code.co_qualname: code for code in _codes(compile(self.tree, self.file, "exec"))}
        return {
            name: range(code.co_firstlineno + 1, max((line or 0 for _, _, line in code.co_lines()), default=0) + 1)
            for name, code in found.items()
        }

    def lines(self, place: str) -> range:
        """Of a function, less its head."""
        return self._bodies.get(place, range(0))

    def plant(self, mutant: Mutant) -> bool:
        """Change the running module as well; false for what is made when it is imported and cannot be made again."""
        before = self.module.__dict__.get(mutant.place)
        mutant.plant()
        code = compile(self.tree, self.file, "exec")
        if mutant.constant:
            made = dict(self.module.__dict__)
            for statement in self.tree.body:
                targets = getattr(statement, "targets", [getattr(statement, "target", None)])
                if any(isinstance(target, ast.Name) and target.id == mutant.place for target in targets):
                    exec(compile(ast.Module([statement], []), self.file, "exec"), made)
            for module in [*sys.modules.values()]:
                if getattr(module, "__dict__", {}).get(mutant.place) is before:
                    module.__dict__[mutant.place] = made[mutant.place]
            return True
        function = self._function(mutant.place)
        changed = next(found for found in _codes(code) if found.co_qualname == mutant.place)
        if function is None or function.__code__.co_freevars != changed.co_freevars:
            return False
        function.__code__ = changed
        return True

    def _function(self, place: str) -> FunctionType | None:
        found: object = self.module
        for name in place.split("."):
            found = vars(found).get(name)
        for inner in ("__func__", "fget", "func", "__wrapped__"):
            found = getattr(found, inner, found)
        return found if isinstance(found, FunctionType) else None


def _codes(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _codes(constant)
