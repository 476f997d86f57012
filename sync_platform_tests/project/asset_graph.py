"""Draws the assets and what feeds them into ``README.md``: ``make graph``."""

import sys
from pathlib import Path

import dagster as dg

from sync_platform.definitions import defs

README = Path(__file__).resolve().parents[2] / "README.md"
BEGIN, END = "<!-- asset graph: make graph -->", "<!-- end of asset graph -->"


def mermaid(definitions: dg.Definitions = defs) -> str:
    """One box per fetch with the tables that it fills, and arrows from the source and between assets."""
    lines = ["```mermaid", "flowchart LR"]
    edges: list[str] = []
    sources: set[str] = set()
    for fetch in sorted(_fetches(definitions), key=lambda found: found.op.name):
        lines.append(f'  subgraph fetch_{fetch.op.name}["one fetch: {fetch.op.name}"]')
        for key in sorted(fetch.keys):
            lines.append(f'    {_node(key)}["{"/".join(key.path)}"]')
            source = fetch.group_names_by_key[key]
            sources.add(source)
            edges.append(f"  {source} --> {_node(key)}")
        lines.append("  end")
        for key, above in sorted(fetch.asset_deps.items()):
            edges += [f"  {_node(upstream)} --> {_node(key)}" for upstream in sorted(above)]
    lines += [f'  {source}(["{source.replace("_", " ").capitalize()} API"])' for source in sorted(sources)]
    return "\n".join([*lines, *edges, "```"])


def _fetches(definitions: dg.Definitions) -> list[dg.AssetsDefinition]:
    return [asset for asset in definitions.assets or () if isinstance(asset, dg.AssetsDefinition)]


def _node(key: dg.AssetKey) -> str:
    return "_".join(key.path)


def with_graph(text: str) -> str:
    """The page with the present drawing between its marks."""
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n{mermaid()}\n{END}{tail}"


def main(arguments: list[str]) -> int:
    """Exit code 1 where the page is stale and was not to be written."""
    text = README.read_text(encoding="utf-8")
    if "--write" in arguments:
        README.write_text(with_graph(text), encoding="utf-8")
        return 0
    return int(text != with_graph(text))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
