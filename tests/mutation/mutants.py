"""The small faults that can be planted in a module's source. Knows syntax trees alone: no test, no running module."""

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
SILENT = ("annotation", "returns", "decorator_list", "type_params")
"""What says nothing at run time, or has been called by then."""


@dataclass(frozen=True)
class Mutant:
    """One fault. `place` is a function (`Class.method`) or the name of a constant; `lines` are those of its statement.

    `number` tells apart several of the same text in one place.
    """

    module: str
    place: str
    was: str
    becomes: str
    number: int
    lines: range
    constant: bool
    _parent: ast.AST
    _field: str
    _index: int | None
    _new: ast.AST

    @property
    def name(self) -> str:
        """What it is known by, also when lines move."""
        again = f" ({self.number})" if self.number > 1 else ""
        return f"{self.module}:{self.place}: {self.was} -> {self.becomes}{again}"

    def plant(self) -> None:
        """Change the tree that it was found in."""
        if self._index is None:
            setattr(self._parent, self._field, self._new)
        else:
            getattr(self._parent, self._field)[self._index] = self._new


def mutants(module: str, tree: ast.Module) -> Iterator[Mutant]:
    """Every fault of functions, methods and constants, in the order of the source."""
    seen: dict[tuple[str, str, str], int] = {}
    for place, statement, constant in _places(tree.body, ""):
        for parent, field, index, old, inner in _nodes(statement, statement):
            for new in _faults(old):
                ast.copy_location(new, old)
                ast.fix_missing_locations(new)
                was, becomes = _text(old), _text(new)
                key = (place, was, becomes)
                seen[key] = seen.get(key, 0) + 1
                yield Mutant(module, place, was, becomes, seen[key], _lines(inner), constant, parent, field, index, new)


def _places(body: list[ast.stmt], within: str) -> Iterator[tuple[str, ast.stmt, bool]]:
    for statement in body:
        match statement:
            case ast.FunctionDef():
                yield within + statement.name, statement, False
            case ast.ClassDef():
                yield from _places(statement.body, f"{within}{statement.name}.")
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)) if not within:
                yield name, statement, True


def _nodes(
    node: ast.AST, statement: ast.stmt, outermost: bool = True
) -> Iterator[tuple[ast.AST, str, int | None, ast.AST, ast.stmt]]:
    """All below a statement that may be changed: where it hangs, itself, and the statement that it is in."""
    for field, value in ast.iter_fields(node):
        if field in SILENT or (outermost and field == "args" and isinstance(node, ast.FunctionDef)):
            continue
        for index, child in enumerate(value if isinstance(value, list) else [value]):
            if not isinstance(child, ast.AST) or isinstance(child, ast.JoinedStr) or _is_docstring(child):
                continue
            inner = child if isinstance(child, ast.stmt) else statement
            yield node, field, index if isinstance(value, list) else None, child, inner
            if not isinstance(child, ast.Assert):
                yield from _nodes(child, inner, outermost=False)


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _faults(node: ast.AST) -> Iterator[ast.AST]:
    yield from _of_operators(node)
    yield from _of_conditions(node)
    yield from _of_statements(node)
    if isinstance(node, ast.Constant):
        yield from _other_value(node)


def _of_operators(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.Compare(ops=[operator]) if type(operator) in COMPARISONS:
            yield _with(node, ops=[COMPARISONS[type(operator)]()])
        case ast.BoolOp():
            yield _with(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
        case ast.BinOp() | ast.AugAssign() if type(node.op) in OPERATORS:
            yield _with(node, op=OPERATORS[type(node.op)]())
        case ast.Call(func=ast.Name(id="sorted" | "reversed"), args=[unsorted]):
            yield ast.Call(func=ast.Name(id="list", ctx=ast.Load()), args=[copy.deepcopy(unsorted)], keywords=[])


def _of_conditions(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.UnaryOp(op=ast.Not()):
            yield copy.deepcopy(node.operand)
        case ast.If(test=test) | ast.IfExp(test=test) if not isinstance(test, ast.Compare | ast.UnaryOp | ast.BoolOp):
            yield _with(node, test=ast.UnaryOp(op=ast.Not(), operand=copy.deepcopy(test)))
        case ast.comprehension(ifs=[_, *_]):
            yield _with(node, ifs=[])


def _of_statements(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.Expr(value=ast.Call() | ast.Yield() | ast.YieldFrom()) | ast.Raise():
            yield ast.Pass()
        case ast.Continue():
            yield ast.Break()
        case ast.Break():
            yield ast.Continue()
        case ast.Return(value=ast.expr() as value) if not isinstance(value, ast.Constant):
            yield ast.Return(value=ast.Constant(value=None))


def _other_value(node: ast.Constant) -> Iterator[ast.AST]:
    value = node.value
    if isinstance(value, bool):
        yield ast.Constant(value=not value)
    elif isinstance(value, int | float):
        yield ast.Constant(value=value + 1)
    elif isinstance(value, str) and value and " " not in value:  # a sentence is held by golden files
        yield ast.Constant(value=f"{value}_")


def _with(node: ast.AST, **fields: object) -> ast.AST:
    new = copy.copy(node)
    for field, value in fields.items():
        setattr(new, field, value)
    return new


def _text(node: ast.AST) -> str:
    if isinstance(node, ast.comprehension):
        node = ast.ListComp(elt=ast.Constant(value=...), generators=[node])
    first, *rest = ast.unparse(node).splitlines()
    return first if not rest or not isinstance(node, ast.stmt) else first.removesuffix(":")


def _lines(statement: ast.stmt) -> range:
    """Those that are run when it is: of one with a body, its head."""
    body = getattr(statement, "body", None)
    end = body[0].lineno - 1 if body else statement.end_lineno or statement.lineno
    return range(statement.lineno, max(end, statement.lineno) + 1)
