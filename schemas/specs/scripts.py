"""Scoring scripts: what can be known of one without running it. Rules: Azure ML docs, how-to-batch-scoring-script."""

import ast
import sys
import warnings

from bep.lazy_dataclasses import dataclass
from bep.lazy_patterns import lazy_pattern

NEWER = lazy_pattern(
    r"^\s*type\s+\w+|^\s*(async\s+)?(def|class)\s+\w+\s*\[|\b[fFtT][rR]?[\"']|\b[rR][fFtT][\"']|^\s*except\s+[^()]*,"
    r"|^\s*match\b|^\s*except\*",
)
"""Lines on which a newer Python than this one may allow what this one refuses."""


@dataclass(frozen=True, slots=True)
class ScriptTrouble:
    """What is wrong with a script, in which line. `certain` is false when a newer Python might take it."""

    code: str
    message: str
    fix: str
    line: int = 0
    column: int = 1
    certain: bool = True


def examine(source: bytes, name: str) -> list[ScriptTrouble]:
    """What is wrong with a scoring script: it must parse and define `run(mini_batch)`; `init()` is optional."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
    except SyntaxError as error:
        return [_unparsed(error, source, name)]
    except (ValueError, RecursionError, MemoryError) as error:
        return [ScriptTrouble("script-syntax", f"{name} cannot be parsed: {error}", "Check the file.")]
    defined = _defined(tree.body)
    found = defined.get("run")
    if "run" not in defined and "*" not in defined:
        return [
            ScriptTrouble(
                "script-without-run",
                f"{name} does not define run(mini_batch)",
                "Define 'def run(mini_batch):' that returns a list with one result per file.",
            )
        ]
    troubles = _run(found, name) if found is not None else []
    init = defined.get("init")
    return troubles + (_init(init, name) if init is not None else [])


def _unparsed(error: SyntaxError, source: bytes, name: str) -> ScriptTrouble:
    line = error.lineno or 1
    lines = source.decode("utf-8", "replace").splitlines()
    text = lines[line - 1] if line <= len(lines) else ""
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    certain = not NEWER.search(text)
    fix = "Correct the script." if certain else f"If its environment has a newer Python than {own}, this may be right."
    return ScriptTrouble(
        "script-syntax", f"Python {own} cannot parse {name}: {error.msg}", fix, line, error.offset or 1, certain
    )


def _defined(body: list[ast.stmt]) -> dict[str, ast.AST | None]:
    """What a module defines at its top: functions by name, other names with None, `*` for a star import."""
    found: dict[str, ast.AST | None] = {}
    for statement in body:
        match statement:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                found[name] = statement
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                found.update({(a.asname or a.name): None for a in names})
            case ast.Assign() | ast.AnnAssign():
                found.update({n.id: None for n in ast.walk(statement) if isinstance(n, ast.Name)})
            case _:
                for block in _blocks(statement):
                    found.update(_defined(block))
    return found


def _blocks(statement: ast.stmt) -> list[list[ast.stmt]]:
    blocks = [getattr(statement, word, []) for word in ("body", "orelse", "finalbody")]
    arms = (*getattr(statement, "handlers", ()), *getattr(statement, "cases", ()))
    return blocks + [arm.body for arm in arms]


def _run(found: ast.AST, name: str) -> list[ScriptTrouble]:
    if not isinstance(found, ast.FunctionDef):
        word = "async: it would return a coroutine" if isinstance(found, ast.AsyncFunctionDef) else "a class"
        return [ScriptTrouble("script-run-form", f"run in {name} is {word}", "Make it a plain function.", _line(found))]
    least, most = _positional(found)
    if most < 1 or least > 2:
        return [
            ScriptTrouble(
                "script-run-signature",
                f"run in {name} takes {_count(least, most)}; it is called with files, and a context if it takes two",
                "Write 'def run(mini_batch):', or 'def run(mini_batch, mini_batch_context):'.",
                found.lineno,
            )
        ]
    if any(isinstance(n, ast.Yield | ast.YieldFrom) for n in _own(found)):
        return [
            ScriptTrouble(
                "script-run-generator",
                f"run in {name} yields; it must return a list or a DataFrame",
                "Collect the results in a list and return it.",
                found.lineno,
            )
        ]
    return []


def _init(found: ast.AST, name: str) -> list[ScriptTrouble]:
    if not isinstance(found, ast.FunctionDef):
        return []
    least, most = _positional(found)
    if least == 0:
        return []
    return [
        ScriptTrouble(
            "script-init-signature",
            f"init in {name} takes {_count(least, most)}; it is called with none",
            "Write 'def init():'.",
            found.lineno,
        )
    ]


def _line(found: ast.AST) -> int:
    return int(getattr(found, "lineno", 0))


def _positional(function: ast.FunctionDef) -> tuple[int, float]:
    """The fewest and the most positional arguments a call may give; required keywords make it impossible."""
    arguments = function.args
    named = len(arguments.posonlyargs) + len(arguments.args)
    required = named - len(arguments.defaults)
    if any(default is None for default in arguments.kw_defaults):
        required += 2
    return required, float("inf") if arguments.vararg else named


def _count(least: int, most: float) -> str:
    return "no argument" if most == 0 else f"{least} arguments" if least != 1 else "1 argument"


def _own(function: ast.FunctionDef) -> list[ast.AST]:
    """The nodes of a function without those of functions inside it."""
    found: list[ast.AST] = []
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        found.append(node)
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            waiting.extend(ast.iter_child_nodes(node))
    return found
