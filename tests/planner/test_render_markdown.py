import pytest
from hypothesis import given
from hypothesis import strategies as st

from bep.planner.plan import Action, Change, Drift, Plan, PlanFinding
from bep.planner.planning.rollback import undoing
from bep.planner.rendering.dialects import BITBUCKET, DIALECTS, GITHUB, HEADROOM, LONGEST, Dialect
from bep.planner.rendering.markdown import marker, render
from bep.planner.rendering.text import render as render_text
from bep.schemas.address import Address


def many(count: int, action: Action, text: str = "x") -> tuple[Change, ...]:
    return tuple(
        Change(
            id=f"{action} compute/{number}",
            address=Address(f"compute/{number}"),
            action=action,
            summary=text,
            before=None if action is Action.CREATE else {"a": text},
            after=None if action is Action.DELETE else {f"field{place}": text for place in range(5)},
        )
        for number in range(count)
    )


def whole(changes: tuple[Change, ...], text: str = "x") -> Plan:
    findings = tuple(
        PlanFinding(severity="warning", code="c", address=change.address, message=text) for change in changes
    )
    drift = tuple(Drift(address=change.address, gone=True, answer=text) for change in changes)
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
    text = render(found, dialect, "`bep show plan.json` has them all")
    assert len(text.encode()) <= min(dialect.limit, LONGEST) - HEADROOM
    assert len(text.encode()) > 0.75 * dialect.room
    assert balanced(text)
    assert text.splitlines()[0] == marker(found, dialect)
    assert "9970 changes, 20 of them delete or replace" in text
    head = "<details><summary><code>- compute/" if dialect.has_html else "`- compute/"
    assert sum(line.startswith(head) for line in text.splitlines()) == 20
    for what in ("remarks", "changes outside bep", "steps"):
        assert f"more {what}, left out here: `bep show plan.json` has them all" in text
    kept = sum(line.startswith("- `+ compute/") for line in text.splitlines())
    opened = sum(line.startswith(head.replace("-", "+")) for line in text.splitlines())
    left_out = f"{9_950 - kept - opened} changes are left out altogether, the least risky first; `bep show plan.json`"
    assert left_out in text


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
    assert text.count("<code>+ compute/") + text.count("- `+ compute/") == 700
    assert 0 < text.count("<details>") < 700
    assert f"details of {700 - text.count('<details>')} changes are left out" in text
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
