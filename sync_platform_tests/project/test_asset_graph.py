"""The drawing of the assets in the README is the code location's."""

from sync_platform.definitions import defs
from sync_platform_tests.project import asset_graph


def test_the_drawing_in_the_readme_is_not_stale():
    """DOC-02: `make graph` draws it again."""
    text = asset_graph.README.read_text()
    assert asset_graph.with_graph(text) == text


def test_every_asset_is_drawn_with_what_feeds_it():
    drawn = asset_graph.mermaid()
    for key in defs.resolve_asset_graph().get_all_asset_keys():
        assert f'{"_".join(key.path)}["{"/".join(key.path)}"]' in drawn
        assert f"blaze --> {'_'.join(key.path)}" in drawn
