"""Reading a table by its id: no row that was there all the time is lost, and only what is proven is called complete."""

import json
from collections.abc import Iterable, Sequence

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync_platform.core.errors import ContractBroken, VendorTimeout
from sync_platform.vendors.envelope import decode_rows
from sync_platform.vendors.paging import RawPage
from sync_platform.vendors.postgrest_rows import MAX_PASSES, SMALLEST_PAGE, Key, Rows, keys_of, read_set, read_table
from sync_platform_tests.vendors.table_model import Change, TableModel, table_of

SIZE = 10
kinds = st.sampled_from(["insert", "append", "delete", "change"])
changes = st.lists(st.lists(st.tuples(kinds, st.integers(0, 500)), max_size=4), max_size=10)


def ids(records: Iterable[msgspec.Raw]) -> list[Key]:
    return [json.loads(bytes(record))["id"] for record in records]


def keys(pages: Iterable[RawPage]) -> list[Key]:
    return ids(record for page in pages for record in page.records)


def whole_set(model: TableModel) -> list[Key]:
    return ids(read_set(model.fetch, SIZE, counted=model.counted, smallest_page=SIZE))


@pytest.mark.parametrize(
    ("number", "cap", "calls"), [(0, 1000, 2), (1, 1000, 1), (10, 1000, 1), (11, 1000, 2), (45, 1000, 5), (45, 4, 12)]
)
def test_a_table_that_stands_still_costs_a_call_a_page(number: int, cap: int, calls: int) -> None:
    """CRM-01: the count ends the reading, also behind a full page; only an empty table is asked twice. A cap below the
    page size costs calls and loses nothing."""
    model = table_of(number, cap=cap)
    pages = list(read_table(model.fetch, None, SIZE))
    assert keys(pages) == sorted(model.rows)
    assert model.calls == calls
    assert pages[-1].complete
    assert not any(page.complete for page in pages[:-1])
    assert [page.total for page in pages] == [number] * len(pages)


@pytest.mark.parametrize(("number", "cap"), [(0, 1000), (9, 1000), (10, 1000), (45, 1000), (45, 4), (1001, 1000)])
def test_without_counts_an_empty_page_ends_the_reading_and_nothing_is_proven(number: int, cap: int) -> None:
    """CRM-01: fewer rows than asked are no end, as a cap may be silent."""
    model = table_of(number, cap=cap, counted=False)
    pages = list(read_table(model.fetch, None, 1000 if number > 1000 else SIZE))
    assert keys(pages) == sorted(model.rows)
    assert not any(page.complete for page in pages)
    model.calls = 0
    assert whole_set(model) == sorted(model.rows)


@pytest.mark.parametrize("texts", [False, True])
@given(number=st.integers(0, 60), edits=changes, cap=st.sampled_from([3, 7, 1000]), counted=st.booleans())
@settings(max_examples=100)
def test_whatever_changes_between_two_calls_no_row_that_stayed_is_lost(
    texts: bool, number: int, edits: list[list[Change]], cap: int, counted: bool
) -> None:
    """CRM-01, F-27: rows that come, go and change before and behind the place that is read."""
    model = table_of(number, texts=texts, cap=cap, counted=counted, changes=[[], *edits])
    found = keys(read_table(model.fetch, None, SIZE))
    assert model.stayed <= set(found)


@given(number=st.integers(0, 60), edits=changes, texts=st.booleans())
@settings(max_examples=100)
def test_a_set_is_of_one_pass_that_lost_nothing_or_there_is_none(
    number: int, edits: list[list[Change]], texts: bool
) -> None:
    """CRM-12: what replaces a set has every row that stayed, and none that was gone before the pass began."""
    model = table_of(number, texts=texts, changes=[[], *edits])
    try:
        found = whole_set(model)
    except ContractBroken:
        # rows went away in each of the passes
        assert sum(kind == "delete" for edit in edits for kind, _ in edit) >= MAX_PASSES
        return
    assert model.there <= set(found) <= model.in_pass
    assert len(found) == len(set(found))


@given(number=st.integers(1, 60), rebuilt=st.integers(1, 6))
def test_a_table_that_is_rebuilt_while_it_is_read_is_read_again(number: int, rebuilt: int) -> None:
    """Customers have other ids afterwards: all of the new ones are seen."""
    model = table_of(number, changes=[[]] * rebuilt + [[("rebuild", 0)]])
    pages = list(read_table(model.fetch, None, SIZE))
    if model.calls > rebuilt:
        assert set(model.rows) <= set(keys(pages))
        assert pages[-1].complete


@pytest.mark.parametrize("missing", [1, 2, 3, 5])
def test_a_page_that_is_missing_is_asked_for_again(missing: int) -> None:
    """F-26: an empty answer is no proof that nothing is there."""
    for counted in (True, False):
        model = table_of(45, counted=counted, empty_calls=frozenset({missing}))
        assert keys(read_table(model.fetch, None, SIZE)) == sorted(model.rows)


@pytest.mark.parametrize("hidden", [1, 2, 3])
def test_a_row_that_one_answer_leaves_out_comes_with_the_next_pass(hidden: int) -> None:
    """F-26: the count falls behind what was promised. Nothing is complete before a pass without that."""
    model = table_of(45, hidden_calls=frozenset({hidden}))
    pages = list(read_table(model.fetch, None, SIZE))
    expected = sorted(model.rows)
    if hidden > 1:
        assert sorted(keys(pages)) == expected
        assert pages[-1].complete
    model.calls = 0
    assert (whole_set(model) == expected) == (hidden > 1)


@given(number=st.integers(0, 60), totals=st.lists(st.sampled_from([None, 0, 10**9]), min_size=1, max_size=6))
@settings(max_examples=100)
def test_a_wrong_count_loses_nothing_and_proves_nothing(number: int, totals: list[int | None]) -> None:
    """F-26: 0, huge, absent, or now this and now that. A set that it cannot prove is refused."""
    model = table_of(number, totals=totals)
    pages = list(read_table(model.fetch, None, SIZE))
    assert sorted(set(keys(pages))) == sorted(model.rows)
    if number:
        assert not any(page.complete for page in pages)
        with pytest.raises(ContractBroken):
            whole_set(model)


@given(number=st.integers(1, 60), steps=st.lists(st.integers(1, 3), min_size=40, max_size=40))
def test_a_count_that_shrinks_from_page_to_page_does_not_end_the_reading_early(number: int, steps: list[int]) -> None:
    """F-26."""
    shrinking: list[int | None] = [max(0, number - sum(steps[:index])) for index in range(40)]
    model = table_of(number, totals=shrinking)
    assert set(keys(read_table(model.fetch, None, SIZE))) == set(model.rows)
    model.calls = 0
    try:
        assert whole_set(model) == sorted(model.rows)
    except ContractBroken:
        assert number > SIZE


@given(number=st.integers(0, 60), edits=changes, counted=st.booleans())
@settings(max_examples=80)
def test_going_on_after_any_page_is_like_never_having_stopped(
    number: int, edits: list[list[Change]], counted: bool
) -> None:
    """SYS-09: the position is JSON and small, and what changed meanwhile hides nothing (F-28)."""
    for index, found in enumerate(read_table(table_of(number, counted=counted).fetch, None, SIZE)):
        position = json.loads(json.dumps(found.position))
        assert len(json.dumps(position)) < 500
        later = table_of(number, counted=counted, changes=edits)
        done = sorted(later.rows)[: (index + 1) * SIZE]
        rest = keys(read_table(later.fetch, position, SIZE))
        assert later.stayed <= {*done, *rest}


def test_after_the_last_page_nothing_is_left() -> None:
    """SYS-09."""
    model = table_of(25)
    last = list(read_table(model.fetch, None, SIZE))[-1]
    assert list(read_table(model.fetch, json.loads(json.dumps(last.position)), SIZE)) == []


def test_a_page_that_does_not_come_in_time_is_asked_in_halves_down_to_the_smallest() -> None:
    """HTTP-05: a smaller page is what less means here; it stays small."""
    model, asked = table_of(450), []

    def slow(after: Key | None, limit: int, tries: int | None) -> Rows:
        asked.append((limit, tries))
        if limit > 130:
            raise VendorTimeout("no whole answer in time")
        return model.fetch(after, limit)

    assert len(keys(read_table(slow, None, 1000))) == 450
    assert asked[:4] == [(1000, 2), (500, 2), (250, 2), (125, 2)]
    assert {limit for limit, _ in asked[3:]} == {125}

    def dead(after: Key | None, limit: int, tries: int | None) -> Rows:
        asked.append((limit, tries))
        raise VendorTimeout("no whole answer in time")

    with pytest.raises(VendorTimeout):
        list(read_table(dead, None, 1000))
    assert asked[-1] == (SMALLEST_PAGE, None)


@pytest.mark.parametrize(
    ("rows", "after"),
    [([3, 1, 2], None), ([5, 6], 5), ([4, 6], 5), (["b", "c"], "b")],
)
def test_rows_that_were_not_asked_for_are_refused(rows: Sequence[Key], after: Key | None) -> None:
    """F-26: an answer out of order, or of another page, would hide what it jumps over."""
    page = decode_rows(json.dumps([{"id": key} for key in rows]).encode())
    with pytest.raises(ContractBroken):
        keys_of(page, after)


def test_a_source_that_repeats_itself_does_not_keep_the_reader() -> None:
    """F-26: a filter that is ignored, with texts, whose order cannot be judged here."""

    def stuck(after: Key | None, limit: int, tries: int | None) -> Rows:
        page = decode_rows(b'[{"id":"b"},{"id":"a"},{"id":"c"}]')
        return Rows(page, ["b", "a", "c"])

    with pytest.raises(ContractBroken):
        list(read_table(stuck, None, 3))


def test_a_record_whose_id_cannot_be_read_is_handed_out_and_ends_nothing() -> None:
    """SYS-08: the quarantine gets it, and the rows behind it come."""
    pages = {None: b'[{"id":1},{"id":{"x":1}},{"id":2},{"id":null}]', 2: b'[{"id":3}]', 3: b"[]"}

    def fetch(after: Key | None, limit: int, tries: int | None) -> Rows:
        page = decode_rows(pages[after])  # type: ignore[index]
        return Rows(page, keys_of(page, after))

    assert keys(read_table(fetch, None, 4)) == [1, {"x": 1}, 2, None, 3]
    with pytest.raises(ContractBroken):
        list(read_table(lambda after, limit, tries: Rows(decode_rows(b"[{}]"), [None]), None, 4))
