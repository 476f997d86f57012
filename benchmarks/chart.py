"""The chart of the README: how long a first load takes, from the last run's own numbers."""

import math
from collections.abc import Mapping
from statistics import median

# measurement, label, factor, colour
BARS = (
    ("limit", "physical limit: fetch + COPY", 1, "#8a8f98"),
    ("first load, ours", "sync_platform", 1, "#1a7f5a"),
    ("dlt, first run", "dlt, tuned", 1, "#c9772b"),
    ("naive script, a tenth of the data", "script: requests + SQLAlchemy", 10, "#b3403a"),
)
WIDTH, LEFT, RIGHT, TOP, ROW = 760, 220, 110, 64, 44


def first_load_chart(seconds: Mapping[str, list[float]]) -> str:
    """An SVG: one bar each, logarithmic, because the longest is dozens of times the shortest.

    ``KeyError`` when one of the four was not measured.
    """
    values = [(label, factor * median(seconds[name]), colour) for name, label, factor, colour in BARS]
    shortest = min(value for _, value, _ in values)
    low = 10 ** math.floor(math.log10(shortest / 2))
    high = max(value for _, value, _ in values)
    scale = (WIDTH - LEFT - RIGHT) / math.log10(high / low)
    height = TOP + ROW * len(values) + 40

    def across(value: float) -> float:
        return LEFT + math.log10(value / low) * scale

    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
            ' role="img" font-family="system-ui, sans-serif" font-size="14">'
        ),
        "<title>Seconds of a first load of the reference tenant</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        (
            '<text x="20" y="28" font-size="16" font-weight="600" fill="#1f2328">First load: 186,394 receipts with'
            " 511,308 lines, seconds (logarithmic)</text>"
        ),
    ]
    for tick in _ticks(low, high):
        x = across(tick)
        parts.append(
            f'<line x1="{x:.1f}" y1="{TOP - 14}" x2="{x:.1f}" y2="{height - 36}" stroke="#d8dee4"/>'
            f'<text x="{x:.1f}" y="{height - 16}" text-anchor="middle" fill="#57606a">{tick:g}</text>'
        )
    for number, (label, value, colour) in enumerate(values):
        y = TOP + number * ROW
        parts.append(
            f'<text x="{LEFT - 10}" y="{y + 18}" text-anchor="end" fill="#1f2328">{label}</text>'
            f'<rect x="{LEFT}" y="{y}" width="{across(value) - LEFT:.1f}" height="26" rx="2" fill="{colour}"/>'
            f'<text x="{across(value) + 8:.1f}" y="{y + 18}" fill="#1f2328">{_told(value)} s'
            f" ({value / values[0][1]:.3g}x)</text>"
        )
    return "\n".join([*parts, "</svg>"]) + "\n"


def _ticks(low: float, high: float) -> list[float]:
    found = []
    tick = low
    while tick <= high:
        found += [step * tick for step in (1, 2, 5) if step * tick <= high]
        tick *= 10
    return found


def _told(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"
