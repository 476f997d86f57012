"""Lists come in pages, and a cursor is nothing that anybody can make up."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_platform.api.paging import PageAsked, cursor_of, key_of, page_of
from sync_platform.api.problems import Problem
from sync_platform_tests.api.rooms import Kept, Rooms

WRONG_KEYS: list[object] = [{}, [1.5], [True], ["x"], [1, 2], [2**63], ["\x00"], [[1]], None, "x"]


def test_pages_show_every_row_once(service, token):
    """API-07: 50 by default, 200 at most."""
    rooms = Rooms()
    rooms.add_to(service.app)
    rooms.kept = [Kept(number=n, name=f"room {n}") for n in range(1, 131)]
    headers = token("config.read")
    seen, cursor, sizes = [], None, []
    while True:
        page = service.client.get("/rooms", headers=headers, params={"cursor": cursor} if cursor else {}).json()
        seen += [room["number"] for room in page["items"]]
        sizes.append(len(page["items"]))
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == list(range(1, 131))
    assert sizes == [50, 50, 30]
    assert len(service.client.get("/rooms", headers=headers, params={"limit": 200}).json()["items"]) == 130
    for wrong in ("0", "201", "-1", "x", str(2**70)):
        assert service.client.get("/rooms", headers=headers, params={"limit": wrong}).status_code == 422


def crafted(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    ["x", "%%%", "é", "W" * 400, *(crafted(key) for key in WRONG_KEYS)],
)
def test_a_wrong_cursor_is_refused(cursor):
    """API-07."""
    with pytest.raises(Problem) as refused:
        PageAsked(50, key_of(cursor)).key(int)
    assert refused.value.status_code == 422


@given(
    st.lists(
        st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])) | st.integers(-(2**63), 2**63 - 1),
        max_size=4,
    )
)
def test_a_cursor_gives_back_its_key(key):
    """API-07."""
    assert key_of(cursor_of(tuple(key))) == tuple(key)


@given(st.integers(0, 30), st.integers(1, 20))
def test_there_is_a_next_page_only_where_there_are_more_rows(rows, limit):
    """API-07."""
    asked = PageAsked(limit, None)
    shown, cursor = page_of(list(range(rows))[: asked.fetch], asked, lambda row: (row,))
    assert len(shown) == min(rows, limit)
    assert (cursor is not None) == (rows > limit)
