"""``kill -9`` in the middle of an import, also while the database writes: all lines of the file or none."""

import io
import time
from pathlib import Path

import pytest

from sync_platform.core.tenant import Tenant
from sync_platform.db.connect import connect
from sync_platform.db.import_batches import list_batches
from sync_platform.db.tenants import add_tenant
from sync_platform.sandbox.purchase_files import write_purchases
from sync_platform_tests.faults.conftest import Note
from sync_platform_tests.faults.cut_over import AT_WORK
from sync_platform_tests.faults.kills import Killer, StatementKiller
from sync_platform_tests.faults.stage import ZONE, Stage
from sync_platform_tests.faults.tiers import seeded, tiered
from sync_platform_tests.sync.importing import SKUS, USERS, in_ledger, load_references

LINES = tiered(5_000, 50_000)
KILLS = tiered(2, 5)
# what writes the purchases, by the limit of lines up to which that is the function
WRITES = {50_000: b"bulk_insert_purchases_with_items", 0: b"purchases.write_import("}
ENDS = b"delete from platform.import_slots s where"


class Imports:
    """A tenant whose files are imported by commands that are killed; each file has numbers of its own."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.tenant: Tenant = add_tenant(stage.database, slug="oak", name="Oak", zone=ZONE, country="US")
        stage.tenants[self.tenant.slug] = self.tenant
        load_references(stage.database, self.tenant)
        self.statements = stage.proxy_before_database()
        self.files = self.purchases = 0
        self.function_lines = 0 if stage.seed % 2 else 50_000

    def new_file(self) -> Path:
        """The next file, with ``self.written`` purchases."""
        path, out = self.stage.folder / f"{self.files}.csv", io.BytesIO()
        self.written = write_purchases(
            out, LINES, USERS, SKUS, seed=self.stage.seed, first_number=1 + self.files * LINES
        ).purchases
        path.write_bytes(out.getvalue())
        self.files += 1
        return path

    def killer(self, messages: int) -> Killer:
        """Of a command that sends so many messages: at any of them, while it writes, at its end or commit."""
        rng = self.stage.rng
        if rng.random() < 0.4:
            return Killer(self.statements, rng.randint(1, messages), delivered=rng.random() < 0.6)
        writes = WRITES[self.function_lines]
        text, after = rng.choice([(writes, 0), (writes, 0), (ENDS, 0), (ENDS, 1)])
        return StatementKiller(self.statements, text, after, delivered=rng.random() < 0.8)

    def run(self, path: Path, killer: Killer | None = None) -> int:
        """The exit code of one command."""
        command = self.stage.start(
            *("import", str(path), "--tenant", self.tenant.slug, "--json"),
            IMPORTS__FUNCTION_LINES=str(self.function_lines),
        )
        if killer is not None:
            killer.aim(command)
        code = command.wait()
        assert code in (0, -9), command.said()
        return code

    def arrived(self) -> bool:
        """Whether the last file is in the ledger, with all of its lines, purchases and messages; or nothing of it."""
        found = in_ledger(self.stage.database, self.tenant)
        before = ((self.files - 1) * LINES, self.purchases)
        assert found in [
            (self.purchases, before[0], self.purchases),
            (self.purchases + self.written, before[0] + LINES, self.purchases + self.written),
        ]
        return found[1] > before[0]

    def wait_for_the_dead(self) -> None:
        """Until the server has ended what a process that died had sent."""
        with connect(self.stage.database_url) as watcher:
            while watcher.execute(AT_WORK).fetchone():
                time.sleep(0.02)

    def expire_leases(self) -> None:
        """As if the lease of the dead process had run out."""
        self.stage.execute(
            "update purchases.bulk_import_batches set lease_until = clock_timestamp() - interval '1 second'"
            " where tenant_id = %s and state = 'processing'",
            self.tenant.id,
        )
        self.stage.execute("delete from platform.import_slots")


@pytest.mark.timeout(900)
@seeded(short=1, full=10)
def test_an_import_that_is_killed_at_any_moment_is_in_whole_or_not_at_all(stage: Stage, note: Note, seed: int) -> None:
    """F-02: at any statement or block of lines, in the function (even seeds) or the writing from tables, or in the
    commit, delivered or not; who brings the file again ends its batch, once."""
    imports = Imports(stage)
    imports.statements.restart_count()
    assert imports.run(imports.new_file()) == 0
    messages = imports.statements.sent
    assert imports.arrived()
    imports.purchases += imports.written
    kills = arrived = 0
    for _ in range(KILLS):
        path = imports.new_file()
        code = imports.run(path, imports.killer(messages))
        imports.statements.watch = lambda _: None
        kills += code == -9
        imports.wait_for_the_dead()
        arrived += imports.arrived()
        imports.expire_leases()
        assert imports.run(path) == 0
        assert imports.arrived()
        imports.purchases += imports.written
    note(kills=kills, whole=arrived)
    assert kills > 0
    batches = list_batches(stage.database, imports.tenant.id)
    assert [(batch.state, batch.rows) for batch in batches] == [("completed", LINES)] * imports.files
    assert all(batch.attempts <= 2 for batch in batches)
    stage.bystander.assert_untouched()
