"""Two people at one field at once: one wins, the other is told who it is, and the ledger has it once."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

import pytest

from sync_platform.core.errors import Refused
from sync_platform.db.promotions import PromotionRow
from sync_platform.sync.platform import Platform
from sync_platform.sync.promotion import OnProgress, PromotionRequest, promote, roll_back
from sync_platform_tests.faults.conftest import Note
from sync_platform_tests.faults.cut_over import WHY, CutOver, begin
from sync_platform_tests.faults.stage import Stage
from sync_platform_tests.faults.tiers import seeded, tiered

ROUNDS = tiered(4, 30)
ROWS, DIFFERENT = 300, 120
FIELD = "customers.phone"
Work = Callable[[Platform, PromotionRequest, OnProgress | None], PromotionRow]
WORK: dict[str, Work] = {"promotion": promote, "rollback": roll_back}


def request(cut_over: CutOver, actor: str) -> PromotionRequest:
    return replace(cut_over.sides.request(FIELD), actor=actor, override_reason=WHY)


def platform_of(stage: Stage) -> Platform:
    return stage.platform(cut_over={"batch_rows": 10, "lease_seconds": 60})


@contextmanager
def at_work(cut_over: CutOver, kind: str) -> Iterator[None]:
    """Anna has done her first batch, and goes on when the block is over."""
    arrived, may_go_on = threading.Event(), threading.Event()

    def told(_: int) -> None:
        arrived.set()
        assert may_go_on.wait(60)

    with ThreadPoolExecutor() as people:
        anna = people.submit(WORK[kind], platform_of(cut_over.stage), request(cut_over, "anna"), told)
        try:
            assert arrived.wait(60)
            yield
        finally:
            may_go_on.set()
        assert anna.result(60).written == DIFFERENT


@pytest.mark.parametrize("kind", ["promotion", "rollback"])
def test_who_comes_second_is_told_who_is_at_it(stage: Stage, kind: str) -> None:
    """F-83: both commands, exit code 4, while a promotion or rollback is in the middle; both times it gets through."""
    cut_over = begin(stage, FIELD, ROWS, DIFFERENT)
    original = cut_over.sides.checksum()
    if kind == "rollback":
        promote(platform_of(stage), request(cut_over, "test"))
    before = len(cut_over.promotions())
    with at_work(cut_over, kind):
        halfway = cut_over.sides.checksum()
        commands = [cut_over.start("promotion"), cut_over.start("rollback")]
        for command in commands:
            assert command.wait() == 4, command.said()
            assert f"{kind} {cut_over.promotions()[-1].id} of {FIELD} is at work, started by anna" in command.said()
        assert cut_over.sides.checksum() == halfway
    assert len(cut_over.promotions()) == before + 1
    assert len(cut_over.rows(cut_over.promotions()[-1].id)) == DIFFERENT
    if kind == "promotion":
        roll_back(platform_of(stage), request(cut_over, "test"))
    assert cut_over.sides.checksum() == original


def at_once(cut_over: CutOver, *kinds: str) -> list[PromotionRow | Refused]:
    """As many people, each with an own platform, who start together."""
    together = threading.Barrier(len(kinds))

    def person(name: str, kind: str) -> PromotionRow | Refused:
        platform, wanted = platform_of(cut_over.stage), request(cut_over, name)
        together.wait(60)
        try:
            return WORK[kind](platform, wanted, None)
        except Refused as refused:
            return refused

    with ThreadPoolExecutor() as people:
        return list(people.map(person, ("anna", "bert", "cleo"), kinds))


def the_winner(results: list[PromotionRow | Refused]) -> PromotionRow:
    """One did it; the others were told that it is being done, or was done already."""
    (winner,) = (result for result in results if isinstance(result, PromotionRow))
    for refused in results:
        if isinstance(refused, Refused):
            said = str(refused)
            assert (
                f"{winner.kind} {winner.id} of {FIELD} is at work, started by {winner.actor}" in said
                or "promoted already" in said
                or "is not promoted" in said
            ), said
    assert (winner.written, winner.left_alone) == (DIFFERENT, 0)
    return winner


@seeded(short=1, full=3)
def test_of_two_who_start_together_one_wins(stage: Stage, note: Note, seed: int) -> None:
    """F-83: promotions at once, then rollbacks at once, again and again."""
    cut_over = begin(stage, FIELD, ROWS, DIFFERENT)
    original = cut_over.sides.checksum()
    promoted = ""
    for _ in range(ROUNDS):
        winner = the_winner(at_once(cut_over, "promotion", "promotion", "promotion"))
        assert len(cut_over.rows(winner.id)) == DIFFERENT
        promoted = promoted or cut_over.sides.checksum()
        assert cut_over.sides.checksum() == promoted != original
        winner = the_winner(at_once(cut_over, "rollback", "rollback", "rollback"))
        assert len(cut_over.rows(winner.id)) == DIFFERENT
        assert cut_over.sides.checksum() == original
    found = cut_over.promotions()
    assert [(row.kind, row.state) for row in found] == [("promotion", "rolled_back"), ("rollback", "done")] * ROUNDS
    assert [row.promotion_id for row in found if row.kind == "rollback"] == [
        row.id for row in found if row.kind == "promotion"
    ]
    note(rounds=2 * ROUNDS)


@seeded(short=1, full=3)
def test_promotion_and_rollback_at_once_do_not_mix(stage: Stage, note: Note, seed: int) -> None:
    """F-83: whatever comes first, the bytes are those of the ledger's last line."""
    cut_over = begin(stage, FIELD, ROWS, DIFFERENT)
    original = cut_over.sides.checksum()
    promote(platform_of(stage), request(cut_over, "test"))
    promoted = cut_over.sides.checksum()
    both = 0
    for number in range(ROUNDS):
        kinds = ("promotion", "rollback") if number % 2 else ("rollback", "promotion")
        done = [result for result in at_once(cut_over, *kinds) if isinstance(result, PromotionRow)]
        assert done
        both += len(done) == 2
        last = cut_over.promotions()[-1]
        assert (last.state, last.written) in {("active", DIFFERENT), ("done", DIFFERENT)}
        assert cut_over.sides.checksum() == (promoted if last.kind == "promotion" else original)
        if number % 2 == 0 and last.kind == "rollback":
            promote(platform_of(stage), request(cut_over, "test"))
    kinds_in_turn = [row.kind for row in cut_over.promotions()]
    assert kinds_in_turn == (["promotion", "rollback"] * len(kinds_in_turn))[: len(kinds_in_turn)]
    assert not cut_over.ask("select 1 from platform.promotions where state in ('running', 'deferred', 'failed')")
    note(rounds=ROUNDS, both_in_turn=both)
