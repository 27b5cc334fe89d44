"""Variables: `${{ var.NAME }}` and `${{ env.NAME }}` in scalars. The environment is a mapping that is passed in."""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from bep.lazy_dataclasses import dataclass, field
from bep.lazy_patterns import lazy_pattern
from bep.schemas.findings.did_you_mean import did_you_mean, listed
from bep.schemas.findings.finding import Finding, mistake
from bep.schemas.mark import Mark
from bep.schemas.next_step import Step, again
from bep.schemas.yaml.node import Node, scalars
from bep.schemas.yaml.reading import read_text
from bep.schemas.yaml.scalar import meaning

EXPRESSION = lazy_pattern(r"\$\{\{([^{}]*)\}\}")
NAMED = lazy_pattern(r"(var|env)\.([A-Za-z_][A-Za-z0-9_]*)\Z")
PREFIX = "BEP_VAR_"
TYPED: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "list": (list,),
    "map": (dict,),
}
WORDED = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "list": "a list",
    "map": "a mapping",
}


@dataclass(frozen=True, slots=True)
class OwnExpressions:
    """The expressions that documents of a kind have for themselves, which stay as they are written; `forms` is how to
    write one, empty where that goes without saying.
    """

    pattern: re.Pattern[str]
    forms: str = ""


OF_COMPONENTS = OwnExpressions(lazy_pattern(r"(inputs|outputs|parent|search_space)\b"))
OF_SCHEDULES = OwnExpressions(
    lazy_pattern(r"(name|creation_context\.trigger_time)\Z"),
    "${{ name }} or ${{ creation_context.trigger_time }}, in a path of inputs or outputs",
)
"""Azure ML docs: how-to-schedule-pipeline-job, supported expressions."""


@dataclass(frozen=True, slots=True)
class Variable:
    """What bep.yml says of a variable. `default` is None when it must be given.

    Of one that is not `sound` bep.yml says something wrong; then nothing is said where it is used. `stage` is the one
    that its default is of; empty where it is the workspace's own.
    """

    name: str
    type: str = "string"
    default: Node | None = None
    sensitive: bool = False
    mark: Mark | None = None
    sound: bool = True
    stage: str = ""


class Source(StrEnum):
    """Where the value of a variable may come from, the strongest first."""

    OPTION = "option"
    FILE = "file"
    ENVIRONMENT = "environment"
    STAGE = "stage"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Used:
    """A variable that the specs use: its value, and where that came from. `place` is a file and line, or the name of a
    variable of the environment, or a stage with the place. The value of a `sensitive` one is not to be shown.
    """

    name: str
    value: Any = field(repr=False)
    source: Source
    place: str
    sensitive: bool


@dataclass(frozen=True, slots=True)
class _Value:
    """A variable's value, and its text as given."""

    value: Any
    text: str


@dataclass(slots=True)
class Variables:
    """The variables of one command. `declared` is None without a bep.yml: then whatever is given exists.

    Precedence: `given` (--var) over `filed` (--var-file) over BEP_VAR_NAME in `environment` over the default.
    When not `known`, bep.yml could not be read so far as to say which there are. `unset` has the scalars that
    still hold an expression because it has no value, by their ids. `own` are the expressions that a document
    has for itself, and that stay: a component's of its inputs and outputs, a schedule's of its jobs. `uses` has the
    names of those that stood in a scalar, by its place.
    """

    declared: Mapping[str, Variable] | None
    given: Mapping[str, str]
    filed: Mapping[str, Node]
    environment: Mapping[str, str]
    findings: list[Finding] = field(default_factory=list)
    deferred: list[Node] = field(default_factory=list)
    unset: dict[int, Node] = field(default_factory=dict)
    known: bool = True
    own: OwnExpressions | None = None
    uses: dict[Mark, tuple[str, ...]] = field(default_factory=dict)
    _values: dict[str, _Value | None] = field(default_factory=dict)

    def check_given(self) -> None:
        """Names given with --var or in a file that nothing declares."""
        if self.declared is None or not self.known:
            return
        for name in (*self.given, *self.filed):
            if name not in self.declared:
                mark = self.filed[name].key_mark if name not in self.given else None
                fix = did_you_mean(name, self.declared) or f"Declare it under variables in bep.yml ({self._there()})."
                self._report("unknown-variable", f"there is no variable '{name}'", fix, mark)

    def substitute(self, root: Node) -> None:
        """Put values for variables, in place. Secrets stay as written, until the field that takes them is known."""
        for _, node in list(scalars(root)):
            if isinstance(node.value, str) and "${{" in node.value and id(node) not in self.unset:
                self._scalar(node)

    def reveal(self, node: Node, *, address: str) -> str | None:
        """The clear text of a scalar in a sensitive field. None, and a finding, when a part of it is not set."""
        missing: list[str] = []

        def value(found: re.Match[str]) -> str:
            named = NAMED.match(found[1].strip())
            if named is None:
                return found[0]
            if named[1] == "var":
                known = self._value(named[2], node.mark)
                if known is None:
                    missing.append(named[2])
                return known.text if known else ""
            if named[2] not in self.environment:
                missing.append(named[2])
                self._report(
                    "unset-environment",
                    f"the environment has no {named[2]}",
                    f"Set {named[2]} before you run bep.",
                    node.mark,
                    address,
                )
            return self.environment.get(named[2], "")

        text = EXPRESSION.sub(value, node.text)
        return None if missing else text

    def misplaced(self, taken: set[int]) -> list[Finding]:
        """Findings for secrets that stand where nothing is sensitive: in none of the nodes with the ids `taken`."""
        message = "a secret is only allowed in a sensitive field, such as account_key, or in environment_variables"
        fix = "Use ${{ var.NAME }} with a variable that is not sensitive."
        wrong = [node for node in self.deferred if id(node) not in taken]
        return [mistake("secret-not-sensitive", "", message, fix, node.mark) for node in wrong]

    def used(self) -> tuple[Used, ...]:
        """Those that were asked for and have a value, by name."""
        return tuple(
            Used(name, found.value, *self._source(variable), variable.sensitive)
            for name, found in sorted(self._values.items())
            if found is not None and (variable := (self.declared or {}).get(name, Variable(name)))
        )

    def _source(self, variable: Variable) -> tuple[Source, str]:
        name, default = variable.name, variable.default
        if name in self.given:
            return Source.OPTION, ""
        if name in self.filed:
            return Source.FILE, _line_of(self.filed[name])
        if PREFIX + name in self.environment:
            return Source.ENVIRONMENT, PREFIX + name
        place = _line_of(default) if default is not None else ""
        return (Source.STAGE, f"{variable.stage}, {place}") if variable.stage else (Source.DEFAULT, place)

    def _scalar(self, node: Node) -> None:
        names = [named[2] for said in EXPRESSION.findall(node.value) if (named := NAMED.match(said.strip()))]
        if names:
            self.uses[node.mark] = tuple(names)
        whole = EXPRESSION.fullmatch(node.value)
        if any(self._is_secret(found) for found in EXPRESSION.findall(node.value)):
            self.deferred.append(node)
            node.text = node.value
        elif whole:
            found = self._lookup(whole[1], node)
            if found is not None:
                node.value, node.text = node.with_value(found.value).copied().value, found.text
            else:
                self.unset[id(node)] = node
        else:
            values = {said: self._lookup(said, node) for said in EXPRESSION.findall(node.value)}
            several = [said for said, value in values.items() if value and isinstance(value.value, list | dict)]
            for said in several:
                self._report(
                    "variable-in-text",
                    f"'{said.strip()}' is a list or a mapping, which cannot be part of a text",
                    "Make it the whole value, or use a variable that is text.",
                    node.mark,
                )
            if several or None in values.values():
                self.unset[id(node)] = node
            text = EXPRESSION.sub(lambda m: getattr(values[m[1]], "text", ""), node.value)
            node.value = node.text = text

    def _is_secret(self, expression: str) -> bool:
        named = NAMED.match(expression.strip())
        if named is None:
            return False
        variable = (self.declared or {}).get(named[2])
        return named[1] == "env" or (variable is not None and variable.sensitive)

    def _lookup(self, expression: str, node: Node) -> _Value | None:
        named = NAMED.match(expression.strip())
        if named is None and self.own is not None and self.own.pattern.match(expression.strip()):
            text = "${{" + expression + "}}"
            return _Value(text, text)
        if named is None:
            each = expression.strip().startswith("each.")
            own = f"Write {self.own.forms}; or ${{{{ var.NAME }}}}." if self.own is not None and self.own.forms else ""
            self._report(
                "unknown-expression",
                f"'{expression.strip()}' means nothing here",
                "Write ${{ each.key }} or ${{ each.value.FIELD }}, in a spec with x-bep: {for_each: ...}."
                if each
                else own or "Write ${{ var.NAME }} or, in a sensitive field, ${{ env.NAME }}.",
                node.mark,
            )
            return None
        return self._value(named[2], node.mark)

    def _value(self, name: str, mark: Mark) -> _Value | None:
        variable = Variable(name, "any") if self.declared is None else self.declared.get(name)
        if variable is None and not self.known:
            return None
        if variable is None:
            fix = did_you_mean(name, self.declared or ()) or f"Declare it under variables in bep.yml ({self._there()})."
            self._report("unknown-variable", f"there is no variable '{name}'", fix, mark, cause=name)
            return None
        if not variable.sound:
            return None
        if name not in self._values:
            self._values[name] = self._resolve(variable, mark)
        return self._values[name]

    def _resolve(self, variable: Variable, mark: Mark) -> _Value | None:
        name = variable.name
        if name in self.given:
            return self._typed(variable, self.given[name], "the value given", None)
        if name in self.filed:
            return self._written(variable, self.filed[name])
        if PREFIX + name in self.environment:
            return self._typed(variable, self.environment[PREFIX + name], PREFIX + name, None)
        if variable.default is not None:
            return self._written(variable, variable.default)
        give = again(var=f"{name}=VALUE")
        fix = f"Give it with {give}, {PREFIX}{name}, or a default in bep.yml."
        self._report("unset-variable", f"the variable '{name}' has no value", fix, mark, next=(give,))
        return None

    def _written(self, variable: Variable, node: Node) -> _Value | None:
        """A value written in YAML: its own type counts, and text is text however it looks."""
        if variable.type == "string" or (variable.type == "any" and isinstance(node.value, str)):
            return _Value(node.text, node.text)
        return self._fitting(variable, node.value, node.text, "its value", node.mark)

    def _typed(self, variable: Variable, text: str, source: str, mark: Mark | None) -> _Value | None:
        if variable.type == "string":
            return _Value(text, text)
        if variable.type in ("list", "map"):
            documents = read_text(text, source).documents
            value = documents[0].value if len(documents) == 1 else None
            return self._fitting(variable, value, text, source, mark)
        return self._fitting(variable, meaning(text), text, source, mark)

    def _fitting(self, variable: Variable, value: Any, text: str, source: str, mark: Mark | None) -> _Value | None:
        if variable.type == "any" or type(value) in TYPED[variable.type]:
            return _Value(value, text)
        shown = "this" if variable.sensitive else f"'{text}'"
        self._report(
            "mistyped-variable",
            f"the variable '{variable.name}' must be {WORDED[variable.type]}; {source} is {shown}"
            if source != "its value"
            else f"the variable '{variable.name}' must be {WORDED[variable.type]}, not {shown}",
            f"Give it {WORDED[variable.type]}.",
            mark or variable.mark,
        )
        return None

    def _there(self) -> str:
        return f"there are: {listed(self.declared)}" if self.declared else "there are none"

    def _report(
        self,
        code: str,
        message: str,
        fix: str,
        mark: Mark | None,
        address: str = "",
        next: tuple[Step, ...] = (),
        cause: str = "",
    ) -> None:
        finding = mistake(code, address, message, fix, mark, next, cause)
        if finding not in self.findings:
            self.findings.append(finding)


def _line_of(node: Node) -> str:
    return f"{node.mark.file}:{node.mark.line}"
