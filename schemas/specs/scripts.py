"""Scoring scripts: what can be known of one without running it. Rules: Azure ML docs, how-to-batch-scoring-script."""

import ast

from bep.schemas.specs.script_grammar import Parse, ScriptTrouble, read_script


def examine(source: bytes, name: str, asked: str = "", parse: Parse | None = None) -> list[ScriptTrouble]:
    """What is wrong with a scoring script: it must parse and define `run(mini_batch)`; `init()` is optional.

    `asked` is the Python that its environment asks for, if it asks for one, and `parse` asks that.
    """
    tree, troubles = read_script(source, name, asked, parse)
    return _defines(tree, name) if tree is not None and not troubles else troubles


def _defines(tree: ast.Module, name: str) -> list[ScriptTrouble]:
    """What of `run` and `init` a parsed script lacks."""
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
    if not found.decorator_list and _gives_nothing(found):
        return [
            ScriptTrouble(
                "script-run-returns-nothing",
                f"run in {name} returns nothing, so that every file of its mini-batch counts as failed",
                "Return a list with one result per file, or a DataFrame.",
                found.lineno,
                certain=False,
            )
        ]
    return []


def _gives_nothing(function: ast.FunctionDef) -> bool:
    """Whether no path through a function returns a value, and one comes to its end or to a bare return."""
    returns = [node for node in _own(function) if isinstance(node, ast.Return)]
    if any(node.value is not None and not _is_none(node.value) for node in returns):
        return False
    return bool(returns) or _comes_to_its_end(function.body)


def _is_none(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is None


def _comes_to_its_end(body: list[ast.stmt]) -> bool:
    """Whether the end of a block may be come to. A loop without end and without a way out of it is not passed."""
    for statement in body:
        match statement:
            case ast.Raise() | ast.Return() | ast.Break() | ast.Continue():
                return False
            case ast.While(test=ast.Constant(value=value)) if value and not _has_break(statement.body):
                return False
            case ast.If(body=one, orelse=other) if not _comes_to_its_end(one) and not _comes_to_its_end(other):
                return False
            case ast.With(body=inner) if not _comes_to_its_end(inner):
                return False
            case ast.Try(body=tried, handlers=handlers, orelse=other, finalbody=final):
                passed = _comes_to_its_end([*tried, *other]) or any(_comes_to_its_end(one.body) for one in handlers)
                if not passed or not _comes_to_its_end(final):
                    return False
            case _:
                pass
    return True


def _has_break(body: list[ast.stmt]) -> bool:
    """Whether a loop's own block leaves it; a loop inside it has its own."""
    return any(
        isinstance(statement, ast.Break)
        or (
            not isinstance(statement, ast.While | ast.For | ast.AsyncFor | ast.FunctionDef | ast.ClassDef)
            and any(map(_has_break, _blocks(statement)))
        )
        for statement in body
    )


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
