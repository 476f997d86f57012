"""The drawing of the assets in the README is the code location's."""

from sync_platform.definitions import defs
from sync_platform_tests.project import asset_graph


def test_the_drawing_in_the_readme_is_not_stale():
    """DOC-02: `make graph` draws it again."""
    text = asset_graph.README.read_text()
    assert asset_graph.with_graph(text) == text


def test_every_asset_is_drawn_with_what_feeds_it():
    drawn = asset_graph.mermaid()
    graph = defs.resolve_asset_graph()
    for key in graph.get_all_asset_keys():
        name = "_".join(key.path)
        assert f'{name}["{"/".join(key.path)}"]' in drawn
        above = {"_".join(parent.path) for parent in graph.get(key).parent_keys} or {"blaze"}
        assert all(f"\n  {one} --" in drawn and f"> {name}\n" in drawn for one in above)
    assert "public_customers -- gate of 24 checks --> analytics_customer_metrics" in drawn
