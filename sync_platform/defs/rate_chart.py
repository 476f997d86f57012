"""A small chart for the page of a check: a discrepancy rate over time, and the line it has to stay under."""

from collections.abc import Sequence

import dagster as dg

from sync_platform.defs.picture import picture

WIDTH, HEIGHT = 360, 60
POINTS = 30


def rate_chart(rates: Sequence[float], threshold: float, label: str) -> dg.MarkdownMetadataValue:
    """The newest 30 rates in percent, oldest first, as an SVG that the page shows by itself, with its figures in words.

    Small on purpose: it is kept with every evaluation.
    """
    shown = list(rates[-POINTS:])
    most = max(*shown, 2 * threshold)
    points_of = shown if len(shown) > 1 else shown * 2  # a single comparison is a line too
    step = WIDTH / (len(points_of) - 1)
    points = " ".join(f"{n * step:.4g},{_height(rate, most)}" for n, rate in enumerate(points_of))
    limit = _height(threshold, most)
    drawn = (
        f'<path d="M0 {limit}h{WIDTH}" stroke="#c0504d" stroke-dasharray="4"/>'
        f'<polyline points="{points}" fill="none" stroke="#4f7cac" stroke-width="2"/>'
    )
    caption = (
        f"{label}: {shown[-1]:g} % now, {max(shown):g} % at most in {len(shown)} comparisons;"
        f" below {threshold:g} % passes"
    )
    return picture(drawn, WIDTH, HEIGHT, caption)


def _height(rate: float, most: float) -> str:
    return f"{max(0.0, HEIGHT - HEIGHT * rate / most):.3g}"
