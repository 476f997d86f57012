"""A drawing that a page of Dagster shows by itself, with its figures in words below it."""

import base64

import dagster as dg


def picture(drawn: str, width: int, height: int, caption: str) -> dg.MarkdownMetadataValue:
    """``drawn`` is the inside of an SVG. Keep it small: it is kept with the event that it belongs to."""
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}">{drawn}</svg>'
    encoded = base64.b64encode(svg.encode()).decode()
    return dg.MetadataValue.md(f"![{caption}](data:image/svg+xml;base64,{encoded})\n\n{caption}")
