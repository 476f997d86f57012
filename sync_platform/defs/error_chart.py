"""A small chart of the errors of a day's imports: one bar per rule, the longest first."""

from collections.abc import Mapping

import dagster as dg

from sync_platform.defs.picture import picture

WIDTH, BAR, GAP, LABELS = 420, 14, 4, 170
RULES = 12  # bars at most; the rest is one more


def error_chart(errors: Mapping[str, int]) -> dg.MarkdownMetadataValue:
    """Errors by rule, at least one. Names of rules are ours: nothing of a file is in the drawing."""
    ranked = sorted(errors.items(), key=lambda one: (-one[1], one[0]))
    shown, rest = ranked[:RULES], sum(number for _, number in ranked[RULES:])
    if rest:
        shown = [*shown, ("others", rest)]
    most = max(number for _, number in shown)
    drawn = []
    for place, (code, number) in enumerate(shown):
        top = place * (BAR + GAP)
        length = max(1, round((WIDTH - LABELS - 60) * number / most))
        drawn.append(
            f'<text x="0" y="{top + BAR - 3}" font-size="11">{code}</text>'
            f'<rect x="{LABELS}" y="{top}" width="{length}" height="{BAR}" fill="#c0504d"/>'
            f'<text x="{LABELS + length + 4}" y="{top + BAR - 3}" font-size="11">{number}</text>'
        )
    caption = f"{sum(errors.values())} errors: " + ", ".join(f"{code} {number}" for code, number in shown)
    return picture("".join(drawn), WIDTH, len(shown) * (BAR + GAP), caption)
