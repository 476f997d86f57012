"""``kill -9`` while a field is promoted or taken back: the same command goes on, to the same bytes."""

from dataclasses import dataclass

import pytest

from sync_platform_tests.faults.conftest import Note
from sync_platform_tests.faults.cut_over import CutOver, LedgerRows, begin
from sync_platform_tests.faults.kills import Killer
from sync_platform_tests.faults.proxy import FaultProxy
from sync_platform_tests.faults.stage import Stage
from sync_platform_tests.faults.tiers import seeded, tiered

# per direction and seed: 3 + 3 in the short tier, ten times 5 + 5 in the full one
KILLS = tiered(3, 5)
ROWS, DIFFERENT = 2000, 1500
# one key and two, with replaced values kept beside, worked out from receipts, and rows that are inserted and removed
FIELDS = ("customers.phone", "transaction_items.brand_name", "customers.lifetime_value", "customers.rows")
KINDS = ("promotion", "rollback")


@dataclass(frozen=True)
class End:
    """How it is where nobody is killed. ``statements`` is how many messages the command sent to the server."""

    bytes: str
    rows: LedgerRows
    written: int
    statements: int


def look(cut_over: CutOver, proxy: FaultProxy) -> End:
    """After a promotion or rollback that got through."""
    last, sides = cut_over.promotions()[-1], cut_over.sides
    seen, rows = sides.checksum(), cut_over.rows(last.id)
    if cut_over.field.endswith(".rows"):  # an inserted row says when: so does what is kept of it when it is removed
        rows = [(first, second, fate) for first, second, _, _, fate in rows]
        if last.kind == "promotion":
            seen = str(sorted(sides.column("customers", "phone").items()))
    return End(seen, rows, last.written, proxy.sent)


def killed(cut_over: CutOver, kind: str, proxy: FaultProxy, statements: int) -> bool:
    """One run that is killed at a random statement; False where it ended before that."""
    rng = cut_over.stage.rng
    killer = Killer(proxy, rng.randint(1, statements), delivered=rng.random() < 0.5)
    command = cut_over.start(kind)
    killer.aim(command)
    code = command.wait()
    proxy.watch = lambda _: None
    assert code in (0, -9), command.said()
    cut_over.wait_for_the_dead()
    return code == -9


def ended(cut_over: CutOver, kind: str) -> bool:
    """Whether the ledger calls it finished: a process can also be killed after its last commit."""
    return cut_over.promotions()[-1].state == {"promotion": "active", "rollback": "done"}[kind]


@pytest.mark.timeout(300)
@seeded(short=1, full=10)
def test_a_promotion_and_a_rollback_that_are_killed_end_in_the_same_bytes(stage: Stage, note: Note, seed: int) -> None:
    """F-81: at random statements, delivered or not; rows, ledger and counters as without a kill."""
    cut_over = begin(stage, FIELDS[seed % len(FIELDS)], ROWS, DIFFERENT)
    original = cut_over.sides.checksum()
    proxy = stage.proxy_before_database()
    usual = {}
    for kind in KINDS:
        proxy.restart_count()
        cut_over.finish(kind)
        usual[kind] = look(cut_over, proxy)
    assert usual["promotion"].written == len(usual["promotion"].rows) == DIFFERENT
    assert usual["rollback"].bytes == original != usual["promotion"].bytes
    kills = dict.fromkeys(KINDS, 0)
    chains = 0
    while min(kills.values()) < KILLS:
        chains += 1
        for kind in KINDS:
            before = len(cut_over.promotions())
            while kills[kind] < KILLS:
                if not killed(cut_over, kind, proxy, usual[kind].statements):
                    break
                kills[kind] += 1
                if len(cut_over.promotions()) > before and ended(cut_over, kind):
                    break
            if len(cut_over.promotions()) == before or not ended(cut_over, kind):
                cut_over.finish(kind)
            assert len(cut_over.promotions()) == before + 1, "the ledger has it once, however often it was killed"
            found = look(cut_over, proxy)
            assert (found.bytes, found.written) == (usual[kind].bytes, usual[kind].written)
            assert found.rows == usual[kind].rows
    assert cut_over.sides.checksum() == original
    assert {row.state for row in cut_over.promotions()} == {"rolled_back", "done"}
    stage.bystander.assert_untouched()
    note(kills_of_promotions=kills["promotion"], kills_of_rollbacks=kills["rollback"], chains=chains)


@seeded(short=1, full=5)
def test_a_promotion_that_was_killed_is_taken_back_as_far_as_it_came(stage: Stage, seed: int) -> None:
    """F-81: with the command, without finishing the promotion first."""
    cut_over = begin(stage, FIELDS[0], ROWS, DIFFERENT)
    original = cut_over.sides.checksum()
    proxy = stage.proxy_before_database()
    cut_over.finish("promotion")
    statements = proxy.sent
    cut_over.finish("rollback")
    killer = Killer(proxy, stage.rng.randint(statements // 3, 2 * statements // 3), delivered=bool(seed % 2))
    command = cut_over.start("promotion")
    killer.aim(command)
    assert command.wait() == -9, command.said()
    proxy.watch = lambda _: None
    cut_over.wait_for_the_dead()
    written = cut_over.promotions()[-1].written
    assert 0 < written < DIFFERENT
    cut_over.finish("rollback")
    assert cut_over.sides.checksum() == original
    assert [row.written for row in cut_over.promotions()[-2:]] == [written, written]
    assert [row.state for row in cut_over.promotions()[-2:]] == ["rolled_back", "done"]
