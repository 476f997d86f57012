"""Draws the assets and what feeds them into ``README.md``: ``make graph``."""

import sys
from collections import Counter
from pathlib import Path

import dagster as dg

from sync_platform.definitions import defs

README = Path(__file__).resolve().parents[2] / "README.md"
NAMES = {"blaze": "Blaze API", "mx_merchant": "MX Merchant API", "crm": "CRM API", "purchases": "CSV files"}
BEGIN, END = "<!-- asset graph: make graph -->", "<!-- end of asset graph -->"


def mermaid(definitions: dg.Definitions = defs) -> str:
    """One box per fetch with the tables that it fills, the other assets, and arrows from sources and between assets.

    Arrows out of an asset with a gate bear the number of its checks: a gate that is closed blocks them.
    """
    found = [asset for asset in definitions.assets or () if isinstance(asset, dg.AssetsDefinition)]
    fetches = {asset.op.name: asset for asset in found if not any(asset.asset_deps.values())}
    lines = ["```mermaid", "flowchart LR"]
    edges: list[str] = []
    sources: set[str] = set()
    for name, fetch in sorted(fetches.items()):
        lines.append(f'  subgraph fetch_{name}["one fetch: {name}"]')
        for key in sorted(fetch.keys):
            lines.append(f"    {_box(key)}")
            source = fetch.group_names_by_key[key]
            sources.add(source)
            edges.append(f"  {source} --> {_node(key)}")
        lines.append("  end")
    gates = _gates(definitions)
    for asset in sorted((asset for asset in found if asset.op.name not in fetches), key=lambda asset: asset.op.name):
        for key, above in sorted(asset.asset_deps.items()):
            lines.append(f"  {_box(key)}")
            edges += [f"  {_node(one)} --{_label(gates.get(one))}> {_node(key)}" for one in sorted(above)]
    lines += [f'  {source}(["{NAMES[source]}"])' for source in sorted(sources)]
    return "\n".join([*lines, *edges, "```"])


def _gates(definitions: dg.Definitions) -> Counter[dg.AssetKey]:
    """Blocking checks by asset, of those that are not part of a fetch."""
    specs = [
        spec
        for found in definitions.asset_checks or ()
        if isinstance(found, dg.AssetChecksDefinition)
        for spec in found.check_specs
    ]
    return Counter(spec.asset_key for spec in specs if spec.blocking)


def _label(checks: int | None) -> str:
    return f" gate of {checks} checks --" if checks else ""


def _box(key: dg.AssetKey) -> str:
    return f'{_node(key)}["{"/".join(key.path)}"]'


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
