"""How a resource is guarded, before and now, in words: protection, retries, timeouts. Knows no resource."""

from typing import Any

from bep.planner.state import Guards


def difference(before: Guards, after: Guards) -> str:
    """What changed, such as `prevent_destroy off -> on, timeouts.create (none) -> 600`; nothing where nothing did."""
    old, new = _flat(before), _flat(after)
    changed = [name for name in new if old[name] != new[name]]
    return ", ".join(f"{name} {_word(old[name])} -> {_word(new[name])}" for name in changed)


def _flat(guards: Guards) -> dict[str, Any]:
    found = {name: value for name, value in guards.model_dump().items() if name not in ("retry", "timeouts")}
    for word, names in (
        ("retry", ("attempts", "first_delay", "longest_delay")),
        ("timeouts", ("create", "update", "delete")),
    ):
        asked = getattr(guards, word)
        found.update({f"{word}.{name}": getattr(asked, name, None) for name in names})
    return found


def _word(value: Any) -> str:
    if value is None:
        return "(none)"
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, int | float) else "[" + ", ".join(value) + "]"
