"""``kill -9`` at any moment, and SIGTERM: nothing is lost, nothing doubled, and the next run goes on."""

import pytest

from sync_platform.core.tenant import Tenant
from sync_platform.sandbox.shop import Shop, build_shop
from sync_platform.sync.dead_runs import traces
from sync_platform_tests.faults.conftest import Note
from sync_platform_tests.faults.invariants import assert_invariants, assert_ledger_tells_the_tables
from sync_platform_tests.faults.kills import Killer
from sync_platform_tests.faults.stage import Stage, shop_spec
from sync_platform_tests.faults.tiers import seeded
from sync_platform_tests.sync.truth import ledger

TABLES = ("transactions", "transaction_items")
KILLS = 10
# even: a batch is half written and half collected when its process dies
PAGES_PER_BATCH = 6
# pages that are read ahead of it: two that wait and one on its way
AHEAD = 3


@pytest.fixture(scope="module")
def shop() -> Shop:
    """5,000 receipts: 50 pages."""
    return build_shop(shop_spec("alder", 1, transactions=5_000, members=100, products=60))


class Chains:
    """Tenants of one shop, one after another: each is read by runs that are killed, until one gets through."""

    def __init__(self, stage: Stage, shop: Shop) -> None:
        self.stage, self.shop = stage, shop
        self.sandbox = stage.serve(shop)
        self.requests, self.url = stage.proxy_before(self.sandbox)
        self.statements = stage.proxy_before_database()
        self.kills = self.again = self.chains = 0
        self.begin()
        self.finish()
        # a reader asks for some pages twice to be sure of them, killed or not
        self.usual = self.asked_again()
        self.begin()

    def begin(self) -> None:
        """A new tenant that knows the products: lines take flower type and strain from them."""
        self.requests.watch = self.statements.watch = lambda _: None
        self.sandbox.journal.clear()
        self.chains += 1
        self.tenant: Tenant = self.stage.connect(self.shop, self.url, f"{self.shop.name}-{self.chains}")
        self.stage.finish(self.tenant, "--entity", "products")
        self.killed = self.unsent = 0

    def run(self, number: int, *, at_request: bool, delivered: bool) -> bool:
        """One run that is killed at its n-th request or statement; False where all was read before that."""
        self.requests.watch = self.statements.watch = lambda _: None
        # a request that has left is always delivered: the source has to have seen what was sent
        killer = Killer(self.requests if at_request else self.statements, number, delivered=at_request or delivered)
        command = self.sync()
        killer.aim(command)
        code = command.wait()
        assert code in (0, -9), command.said()
        if code == 0:
            return False
        self.kills += 1
        self.killed += 1
        self.unsent += not at_request
        assert_ledger_tells_the_tables(self.stage.database, self.tenant)
        self.stage.expire_leases(self.tenant)
        if self.read_through():
            # no run of this tenant comes that would close the row; the platform looks for such rows by itself
            traces(self.stage.platform(), [])
            return False
        return True

    def read_through(self) -> bool:
        """Whether the killed run had closed its last window: the next one begins anew and reads all of it again."""
        with self.stage.database.transaction(self.tenant.id) as conn:
            cursors = "select position, watermark from platform.sync_cursors where entity = 'transactions'"
            rows = conn.execute(cursors).fetchall()
        return bool(rows) and all(position is None and watermark is not None for position, watermark in rows)

    def sync(self):
        settings = {"SYNC__BATCH_RECORDS": str(100 * PAGES_PER_BATCH)}
        if self.stage.seed % 2:  # a process beside decodes every page of these
            settings |= {"SYNC__DECODE_PROCESSES": "1", "SYNC__DECODE_AFTER_RECORDS": "0"}
        return self.stage.sync(self.tenant, "--entity", "transactions", **settings)

    def finish(self) -> None:
        """The next run gets through."""
        self.requests.watch = self.statements.watch = lambda _: None
        command = self.sync()
        assert command.wait() == 0, command.said()

    def asked_again(self) -> int:
        """Pages of the present tenant that were asked for more than once."""
        asked = [entry.query for entry in self.sandbox.journal.entries(endpoint="/transactions")]
        return len(asked) - len(set(asked))

    def check(self) -> None:
        """All is there, and little was fetched twice."""
        again = self.asked_again() - self.usual
        assert again <= self.killed * (PAGES_PER_BATCH + AHEAD)
        self.again += again
        assert_invariants(self.stage, self.tenant, [self.shop], self.sandbox.journal, tables=TABLES, unsent=self.unsent)


@pytest.mark.timeout(300)
@seeded(short=2, full=20)
def test_a_sync_that_is_killed_at_any_moment_goes_on(stage: Stage, shop: Shop, note: Note) -> None:
    """F-01: at a random request or statement, ten times per seed; at most one batch is fetched again per kill."""
    chains, rng = Chains(stage, shop), stage.rng
    while chains.kills < KILLS:
        at_request = rng.random() < 0.5
        number = rng.randint(1, 3 * PAGES_PER_BATCH) if at_request else rng.randint(1, 250)
        if not chains.run(number, at_request=at_request, delivered=rng.random() < 0.5):
            chains.check()
            chains.begin()
    chains.finish()
    chains.check()
    note(kills=chains.kills, chains=chains.chains, pages_fetched_again=chains.again)
    assert {run["error_class"] for run in ledger(stage.database, chains.tenant)} <= {None, "LeaseExpired"}
