"""Collections list the same as a plain sort would, after any sequence of changes."""

from threading import RLock

from hypothesis import given
from hypothesis import strategies as st

from sync_platform.sandbox.collection import Collection, Order

STEPS = st.lists(
    st.tuples(st.sampled_from("put put put remove".split()), st.integers(0, 12), st.integers(-5, 30)),
    max_size=60,
)


@given(steps=STEPS, first=st.integers(-6, 31), width=st.integers(0, 40), size=st.integers(1, 7))
def test_windows_are_paged_without_gap_or_overlap(
    steps: list[tuple[str, int, int]], first: int, width: int, size: int
) -> None:
    """SBX-01: both orders, negative times and equal times included."""
    records: dict[str, dict[str, int | str]] = {}
    collection = Collection(RLock(), listed_at=lambda record: -int(record["modified"]))
    for action, number, modified in steps:
        key = f"r{number}"
        if action == "put":
            records[key] = {"id": key, "modified": modified}
            collection.put(dict(records[key]))
        else:
            records.pop(key, None)
            collection.remove(key)
    last = first + width
    inside = [record for record in records.values() if first <= int(record["modified"] or 0) <= last]
    newest = sorted(inside, key=lambda record: (record["modified"], record["id"]), reverse=True)
    oldest = sorted(inside, key=lambda record: (-int(record["modified"]), record["id"]))
    assert collection.count_modified(first, last) == collection.count_listed(-last, -first) == len(inside)
    for skip in range(0, len(inside) + size, size):
        page = collection.newest_modified(first, last, skip, size)
        assert page == [collection.body(str(record["id"])) for record in newest[skip : skip + size]]
        page = collection.oldest_listed(-last, -first, skip, size)
        assert page == [collection.body(str(record["id"])) for record in oldest[skip : skip + size]]
    assert sorted(collection.ids()) == sorted(records)
    assert list(collection.records()) == [records[key] for key in collection.ids()]


def test_an_order_forgets_where_a_record_was() -> None:
    order = Order()
    for key in (5, 3, 5, 9):
        order.put("a", key)
    order.put("b", 9)
    order.discard("nobody")
    assert order.ids(*order.between(0, 8)) == []
    assert order.ids(*order.between(9, 9)) == ["a", "b"]
