"""Progress of requests: it never goes back, and all of it is done in the final state only."""

from hypothesis import given
from hypothesis import strategies as st

from sync_platform.sync.run_progress import MOST, Shown, Steps

PARTS = st.sampled_from(["customers", "products", "packages", "a late one"])
NUMBERS = st.integers(min_value=0, max_value=3 * MOST)
REPORTS = st.one_of(
    st.tuples(st.just("size"), PARTS, NUMBERS),
    st.tuples(st.just("report"), PARTS, NUMBERS),
    st.tuples(st.just("count"), PARTS, NUMBERS),
    st.tuples(st.just("finish"), PARTS, st.none()),
)


def tell(steps: Steps, report: tuple[str, str, int | None]) -> None:
    what, part, number = report
    if what == "finish":
        steps.finish(part)
    elif what == "size":
        steps.size(part, number or 0)
    elif what == "count":
        steps.count(part, part, number or 0)
    else:
        steps.report(part, number or 0)


@given(st.lists(REPORTS, max_size=60), st.integers(min_value=0, max_value=60), st.lists(PARTS, max_size=4))
def test_no_sequence_of_reports_and_no_change_of_workers_moves_progress_back_or_to_its_end(
    reports: list[tuple[str, str, int | None]], dies_after: int, planned: list[str]
) -> None:
    """API-04."""
    steps = Steps()
    steps.plan(planned)
    before, records = steps.shown, steps.records
    for number, report in enumerate(reports):
        if number == dies_after:  # another worker takes over with what was stored, and begins anew
            steps = Steps(before, records)
            steps.plan(planned)
        tell(steps, report)
        now = steps.shown
        assert 0 <= now.done < now.planned <= MOST
        assert now.done >= before.done
        assert now.done * before.planned >= before.done * now.planned
        assert steps.records >= records
        before, records = now, steps.records
    ended = before.finished()
    assert ended.done == ended.planned >= before.done


def test_steps_are_those_of_the_parts_and_one_for_the_end() -> None:
    """API-04: done/planned of real steps."""
    steps = Steps()
    steps.plan(["products", "payments"])
    assert steps.shown == Shown(0, 3)
    steps.finish("products")
    assert steps.shown == Shown(1, 3)
    steps.size("payments", 100)
    steps.report("payments", 50)
    assert (steps.shown.done, steps.shown.planned) == (51, 102)
    steps.report("payments", 100)
    steps.finish("payments")
    assert steps.shown == Shown(101, 102)
    assert steps.shown.finished() == Shown(102, 102)


def test_more_that_turns_up_does_not_lower_the_share() -> None:
    """API-04."""
    half = Shown(50, 100)
    assert half.forward(50, 1000) == Shown(50, 100)
    assert half.forward(75, 1000) == Shown(75, 150)
    assert half.forward(800, 1000) == Shown(800, 1000)
