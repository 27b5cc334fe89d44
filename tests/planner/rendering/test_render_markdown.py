from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bep.planner.facts import Level, Risk
from bep.planner.plan import Action, Change, Drift, Plan, PlanFinding
from bep.planner.planning.rollback import undoing
from bep.planner.rendering import markdown
from bep.planner.rendering.dialects import BITBUCKET, DIALECTS, GITHUB, HEADROOM, LONGEST, Dialect
from bep.planner.rendering.markdown import marker, render
from bep.planner.rendering.text import render as render_text
from bep.schemas.address import Address


def many(count: int, action: Action, text: str = "x", *, alike: bool = False) -> tuple[Change, ...]:
    return tuple(
        Change(
            id=f"{action} compute/{number}",
            address=Address(f"compute/{number}"),
            action=action,
            summary=text if alike else f"{text} {number}",
            before=None if action is Action.CREATE else {"a": text},
            after=None if action is Action.DELETE else {f"field{place}": text for place in range(5)},
        )
        for number in range(count)
    )


def whole(changes: tuple[Change, ...], text: str = "x") -> Plan:
    findings = tuple(
        PlanFinding(severity="warning", code="c", address=change.address, message=f"{text} {number}")
        for number, change in enumerate(changes)
    )
    drift = tuple(
        Drift(address=change.address, gone=True, answer=f"{text} {number}") for number, change in enumerate(changes)
    )
    return Plan(
        lineage="l",
        serial=1,
        changes=changes,
        findings=findings,
        drift=drift,
        rollback=undoing(changes),
        notes=tuple(text for _ in changes),
    )


def balanced(text: str) -> bool:
    return text.count("<details>") == text.count("</details>") and text.count("```") % 2 == 0


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=lambda dialect: dialect.name)
def test_ten_thousand_changes_are_one_comment_that_keeps_what_is_risky(dialect: Dialect) -> None:
    found = whole((*many(9_950, Action.CREATE), *many(20, Action.DELETE)))
    found = found.model_copy(update={"risk": Level.MEDIUM, "risks": risks(found.changes[-20:])})
    text = render(found, dialect, "`bep show plan.json` has them all")
    assert len(text.encode()) <= min(dialect.limit, LONGEST) - HEADROOM
    assert len(text.encode()) > 0.75 * dialect.room
    assert balanced(text)
    assert text.splitlines()[0] == marker(found, dialect)
    assert (
        "medium risk\n\n**`compute/0` is deleted (and 19 more like it).**\n\nPlan: 9950 to create, 20 to delete."
        in text
    )
    kept = sum(line.startswith("- **create** `compute/") for line in text.splitlines())
    assert sum(line.startswith("- **delete** `compute/") for line in text.splitlines()) == 20
    assert f"{9_950 - kept} changes are left out, the least risky first; `bep show plan.json`" in text
    for what in ("warnings", "changes outside bep"):
        assert f"more {what}, left out here: `bep show plan.json` has them all" in text


def test_lines_that_are_left_out_are_not_built(monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[object] = []

    def counted(ours: Callable[..., Any]) -> Callable[..., Any]:
        def build(entry: object, *more: object) -> Any:
            built.append(entry)
            return ours(entry, *more)

        return build

    for name in ("point_lines", "step_line", "detail_lines"):
        monkeypatch.setattr(markdown, name, counted(getattr(markdown, name)))
    text = render(whole(many(3_000, Action.CREATE), "word" * 1_000), BITBUCKET)
    assert "left out" in text
    assert len(built) < 2 * len(text.splitlines()) + 10


def risks(changes: tuple[Change, ...]) -> tuple[Risk, ...]:
    return tuple(
        Risk(level=Level.MEDIUM, code="deleted", address=change.address, message=f"it is deleted ({change.id})")
        for change in changes
    )


def test_what_is_alike_is_one_line_with_a_count_and_one_detail() -> None:
    alike = many(10_000, Action.CREATE, alike=True)
    text = render(whole(alike))
    line = (
        "- **create** `compute/0`: x; and the same of 9999 others: `compute/1`, `compute/2`, `compute/3` and 9996 more"
    )
    assert line in text
    assert text.count("<details>") == 1
    assert "want of room" not in text


def test_markers_differ_wherever_names_do_and_end_where_they_should() -> None:
    names = ["", "taxi", "taxi in a", "a--b", "a- -b", "x" * 121, "x" * 122, "-->", ")", "\n", " ", "é", "e", "\ud800"]
    for dialect in DIALECTS.values():
        markers = [dialect.marker(name) for name in names]
        assert len(set(markers)) == len(names)
        assert all(len(each.splitlines()) == 1 and len(each) < 180 for each in markers)
        assert all(each.count("-->" if dialect.has_html else ")") == 1 for each in markers)


def test_a_plan_that_fits_drops_nothing() -> None:
    text = render(whole(many(10, Action.CREATE)))
    assert "left out" not in text
    assert text.count("<details>") == 10


def test_details_are_dropped_before_lines() -> None:
    text = render(Plan(lineage="l", serial=1, changes=many(700, Action.CREATE)))
    assert text.count("- **create** `compute/") == 700
    assert 0 < text.count("<details>") < 700
    assert f"the details of {700 - text.count('<details>')} changes are left out" in text
    assert len(text.encode()) <= GITHUB.room


@given(
    st.text(max_size=3)
    | st.sampled_from(["`", "|", "@a", "<b>", "-->", "\x1b[31m", "\u202e", "\n# x", "é", "\U0001f600"]),
    st.integers(0, 30_000),
    st.integers(1, 60),
    st.sampled_from([Action.CREATE, Action.DELETE, Action.UPDATE]),
)
def test_no_text_however_long_or_hostile_breaks_the_comment(part: str, times: int, count: int, action: Action) -> None:
    found = whole(many(count, action, part * times), part * min(times, 2_000))
    assert len(render(found, BITBUCKET).encode()) <= BITBUCKET.room
    text = render(found)
    assert len(text.encode()) <= GITHUB.room
    assert text.startswith(marker(found))
    assert text.count("<details>") == text.count("</details>") <= count
    assert "\x1b" not in text
    assert "\u202e" not in text


@given(st.text())
def test_no_text_reaches_a_terminal_as_a_control_sequence(part: str) -> None:
    shown = render_text(whole(many(2, Action.DELETE, part + "\x1b]0;x\x07\x9b2J\r"), part + "\x9b"))
    assert not {character for character in shown if ord(character) < 32 and character != "\n"}
    assert not {character for character in shown if 0x7F <= ord(character) < 0xA0}
