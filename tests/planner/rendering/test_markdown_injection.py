"""Names and values of every kind in a comment, rendered as hosts do: shown as they are, and nothing comes alive."""

import re
from enum import Enum
from typing import Any, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bep.planner.facts import Level
from bep.planner.plan import FORMAT_VERSION, Action, Plan, Verdict
from bep.planner.rendering.dialects import BITBUCKET, DIALECTS, GITHUB, GITLAB, Dialect
from bep.planner.rendering.markdown import render
from bep.planner.rendering.quoting import html, markdown
from bep.schemas.address import Address
from bep.schemas.values.written import Written
from tests.planner.rendering.renderers import PYTHON, Seen, rendered, rendered_by_bitbucket

ATTACKS = [
    "[click](https://evil.example)", "![pixel](https://evil.example/p.png)", "<https://evil.example>",
    "https://evil.example", "www.evil.example", "evil.example/x", "mailto:a@evil.example", "a@evil.example",
    "@everyone", "@org/team", "(@you)", "#1", "org/repo#1", "GH-1", "KEY-12", "!1", "~label", "~\"two", "%1", "&1",
    "$1", "^1", "[vulnerability:1]", "[[wiki]]", "5f2a9c1", "0123456789abcdef0123456789abcdef01234567", "/close",
    ":bomb:", "$x$", "$`x`$", "#ff0000", "<script>alert(1)</script>", "<img/src=x/onerror=alert(1)>", "<details>",
    "</details>", "</summary>", "</code>", "</pre>", "<!--", "-->", "<a/href=//evil.example>x</a>", "&lt;b&gt;",
    "&#91;x&#93;(https://evil.example)", "<b>", "<?php", "<![CDATA[", "`", "``", "```", "````diff", "~~~", "`a`b`",
    "\\", "\\`", "x\\", "*a*", "__a__", "_a_", "~~a~~", "==a==", "|", "|-|", "a|b", "[x]: https://evil.example",
    "[//]:", "[^1]", "[^1]: note", "{#id .c onclick=x}", "{: onclick='x' }", "{+a+}", "[-a-]", "# head", "- list",
    "1. list", "+ list", "> quote", "--- rule", "=== rule", "[ ] task", "\n# head", "\n\n<script>x</script>",
    "\n```\n[x](https://evil.example)", "\t[x](https://evil.example)", "</details>\n\n[x](https://evil.example)\n",
    "\x1b[31m", "\u202eolleh", "\u200b@you", "\ufeff#1", "\r@you", "\u2028@you", "*[HTML]: abbr", "<a:b@c.de>",
    "xmpp:a@b.de", "ftp://e.vil/x",
]  # fmt: skip
"""What hosts and their renderers bring alive: links, images, tags, mentions, references, commands, ends of blocks."""

TAGS = {
    *("h3", "h4", "p", "ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td", "details", "summary"),
    *("code", "pre", "strong", "br", "div", "span"),
}
ATTRIBUTES = {"class", "align", "style", "id", "lang"}
LIVE = re.compile(
    r"@\w|[#!$%&~^]\w|\w#\d|www\.|://|mailto:|xmpp:|\w@\w|:\w+:|\b[0-9a-fA-F]{7,}\b|\b[A-Za-z]+-\d|\[\[|^/\w|\{[+-]|\[[+-]",
    re.MULTILINE,
)


WORDS = {
    "severity": "error",
    "symbol": "~",
    "level": Level.HIGH,
    "verdict": Verdict.DENY,
    "format_version": FORMAT_VERSION,
}
"""Fields that are no words of a user's."""


def filled(kind: Any, text: str, name: str = "") -> Any:
    """A value of that type with the text in every place that has one, whatever fields formats get."""
    if name in WORDS:
        return WORDS[name]
    inside = [each for each in get_args(kind) if each not in (type(None), ...)]
    if get_origin(kind) in (tuple, dict):
        below = filled(inside[-1], text)
        return (below,) if get_origin(kind) is tuple else {text: below}
    if inside:  # a union: of texts and numbers the text
        return filled(str if str in inside else inside[0], text)
    if kind in (Any, Address, str):
        return text
    if issubclass(kind, Enum):
        return next(iter(kind))
    if issubclass(kind, Written):
        kinds = get_type_hints(kind)
        return kind(**{field: filled(kinds[field], text, field) for field in kind.model_fields})
    return kind(1)


def hostile(text: str, count: int = 1) -> Plan:
    """A plan with the text wherever a plan has one, and each sort of change."""
    plan: Plan = filled(Plan, text)
    (one,) = plan.changes
    both = {"before": {text: text}, "after": {text: [text, f"{text}2"]}, "replacement": False}
    halves = [one.model_copy(update={"id": f"{action}", "action": action}) for action in (Action.DELETE, Action.CREATE)]
    sorts = [
        one.model_copy(update={"id": f"{action}{number}", "action": action, "diffs": diffs, **both})
        for action in Action
        for number, diffs in enumerate((one.diffs, ()))
    ]
    create = {"action": Action.CREATE, **both}
    many = [
        one.model_copy(
            update={
                "id": f"c{number}",
                "address": Address(f"{text}/c/{number}"),
                "summary": f"{text} {number}",
                **create,
            }
        )
        for number in range(count)
    ]
    found = [plan.findings[0].model_copy(update={"severity": "warning", "allowed": False}), *plan.findings]
    undone = [*plan.rollback, plan.rollback[0].model_copy(update={"obstacle": ""})]
    warned = [*plan.policies, plan.policies[0].model_copy(update={"verdict": Verdict.WARN})]
    gone = [*plan.drift, plan.drift[0].model_copy(update={"gone": False})]
    return plan.model_copy(update={
        "changes": (*halves, *sorts, *many), "findings": tuple(found), "rollback": tuple(undone),
        "policies": tuple(warned), "drift": tuple(gone),
    })  # fmt: skip


def harmless(text: str, by: str) -> Seen:
    seen = Seen(text)
    assert seen.tags <= TAGS, (by, seen.tags - TAGS, text)
    assert seen.attributes <= ATTRIBUTES, (by, seen.attributes, text)
    for part in seen.running:
        assert not LIVE.search(part), (by, part)
    return seen


def test_dialects_with_html_differ_in_nothing_but_their_limits() -> None:
    assert {each.name for each in DIALECTS.values() if each.has_html} == {"github", "gitlab", "azure-devops"}
    for dialect in DIALECTS.values():
        if dialect.has_html:
            assert render(hostile("[x](y) @you"), dialect) == render(hostile("[x](y) @you"), GITHUB)


def test_no_comment_is_taken_for_that_of_another_workspace() -> None:
    for dialect in DIALECTS.values():
        other = dialect.marker("other")
        for text in (other, f"\n{other}", f"\n {other}\n"):
            assert other not in render(hostile(text, 3), dialect).splitlines()


def test_no_line_is_a_command_of_gitlabs() -> None:
    """Those are lines that begin with a slash, wherever GitLab thinks that a block of code has ended."""
    for text in ("/close", "\n/close", "\n```\n/close\n", "\n~~~\n /close"):
        for count in (1, 3_000):
            lines = render(hostile(text, count), GITLAB).splitlines()
            assert not [line for line in lines if line.startswith("/")]
            assert {line.strip("`") for line in lines if line.startswith("```")} <= {"diff", ""}


@pytest.mark.parametrize("dialect", [GITHUB, BITBUCKET], ids=lambda dialect: dialect.name)
def test_nothing_in_a_comment_comes_alive_and_all_of_it_is_shown(dialect: Dialect) -> None:
    texts = [render(hostile(text), dialect) for text in ATTACKS]
    everyone = rendered(texts) if dialect.has_html else {"python-markdown": rendered_by_bitbucket(texts)}
    assert len(everyone) >= (7 if dialect.has_html else 1)
    for by, pages in everyone.items():
        for attack, page in zip(ATTACKS, pages, strict=True):
            shown = harmless(page, by).text
            if attack.isprintable():
                assert all(word in shown for word in attack.split()), (by, attack, page)


@pytest.mark.parametrize("dialect", [GITHUB, BITBUCKET], ids=lambda dialect: dialect.name)
def test_nothing_comes_alive_where_details_were_left_out(dialect: Dialect) -> None:
    text = render(hostile("</details> ``` [click](https://evil.example) @you !1", 3_000), dialect)
    assert "changes are left out, the least risky first" in text
    everyone = rendered([text]) if dialect.has_html else {"python-markdown": rendered_by_bitbucket([text])}
    for by, pages in everyone.items():
        harmless(pages[0], by)


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=lambda dialect: dialect.name)
def test_a_plan_with_much_of_everything_fits(dialect: Dialect) -> None:
    plan = hostile("`a/b` é " * 20, 400)
    every = {name: value * 400 for name, value in vars(plan).items() if isinstance(value, tuple) and name != "changes"}
    text = render(plan.model_copy(update=every), dialect)
    assert 0.8 * dialect.room < len(text.encode()) <= dialect.room
    assert "the least risky first" in text


PIECES = st.sampled_from([*ATTACKS, *"`*_[]()<>!#@~&|\\:/.'\"{}$%^+-= \n\t", "a", "1", "é"]) | st.text(max_size=3)


@given(st.lists(PIECES, max_size=12).map("".join))
def test_no_text_put_together_from_such_comes_alive(text: str) -> None:
    lines = f"{markdown(text)}\n\n- {markdown(text)}\n\n<details><summary>{html(text)}</summary>\n\nx\n\n</details>\n"
    for by, render_html in PYTHON.items():
        harmless(render_html(lines), by)
    block = BITBUCKET.block(text, text, [f"+ {text}"], "")
    (page,) = rendered_by_bitbucket(["\n".join([BITBUCKET.line(text, text), *block])])
    harmless(page, "python-markdown")
