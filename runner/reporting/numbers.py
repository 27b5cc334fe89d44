"""Numbers of a job's report as people read them. Pure."""

import math


def round_step(size: float) -> float:
    """The least of 1, 2 and 5 times a power of ten that is not below `size`."""
    power = 10.0 ** math.floor(math.log10(size))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= size * 0.999)


def duration(seconds: float) -> str:
    """`850 µs`, `12 ms`, `3.4 s`, `2 min 5 s`, `1 h 30 min`."""
    if seconds == 0:
        return "0 s"
    for limit, factor, unit in ((0.00095, 1e6, "µs"), (0.95, 1e3, "ms"), (59.5, 1, "s")):
        if seconds < limit:
            return f"{seconds * factor:.3g} {unit}" if seconds * factor < 100 else f"{seconds * factor:.0f} {unit}"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,} h {minutes} min" if minutes else f"{hours:,} h"


def number_of(value: float) -> str:
    """`0.25`, `12`, `1,200`, `1.5 M`."""
    if value >= 1e6:
        return f"{value / 1e6:.3g} M"
    if value >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.3g}"
