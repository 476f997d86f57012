"""``import``: a file from the command line to the ledger, and all that is about it (CSV-02, CSV-12, CSV-33, CSV-40)."""

import csv
import json
import os
import signal
import threading
import time
from pathlib import Path

import pytest

from sync_platform.db.import_batches import list_batches
from sync_platform.db.pool import Database
from sync_platform.db.tenants import find_tenant
from sync_platform.sandbox.purchase_files import EXPORT
from sync_platform_tests.cli.shell import Shell

HEADER = "transaction_number,transaction_date,user_id,sku_id,quantity,unit_price,note"


@pytest.fixture
def stocked(shell: Shell, cedar: str, tmp_path: Path) -> str:
    """The slug of a tenant with ten users and ten SKUs."""
    for kind, name in (("users", "user_id"), ("skus", "sku_id")):
        path = tmp_path / f"{kind}.csv"
        rows = "\n".join(f"{name[:-3]}-{n};Name {n};yes" for n in range(10))
        path.write_text(f"{name};name;active\n{rows}\n")
        loaded = shell("import", kind, str(path), "--tenant", cedar, "--json")
        assert loaded.data == {"tenant": cedar, "listed": 10, "changed": 10}
    return cedar


@pytest.fixture
def bad_file(tmp_path: Path) -> Path:
    path = tmp_path / "bad.csv"
    path.write_text(f"{HEADER}\nT-1,2026-03-14,user-1,sku-1,two,7.50,=1+1\nT-2,2026-03-14,nobody,sku-1,1,1.00,\n")
    return path


def generate(shell, slug, path, *options):
    assert shell("import", "generate", str(path), "--tenant", slug, *options).code == 0
    return str(path)


def test_a_file_is_imported_and_the_second_time_it_is_known(shell: Shell, stocked: str, tmp_path: Path):
    """CSV-30: options may come before the name of the file."""
    path = generate(shell, stocked, tmp_path / "march.csv", "--lines", "200")
    first = shell("import", path, "--tenant", stocked, "--json")
    assert (first.code, first.data["state"], first.data["rows"], first.data["new"]) == (0, "completed", 200, True)
    assert first.data["file_name"] == "march.csv"
    again = shell("import", "--tenant", stocked, path)
    assert again.code == 0
    assert "--force" in again.out
    forced = shell("import", path, "--tenant", stocked, "--force", "--mode", "skip_existing", "--json")
    assert (forced.data["purchases"], forced.data["skipped"]) == (0, first.data["purchases"])
    assert "parsing" in first.err


def test_a_dry_run_keeps_nothing(shell: Shell, stocked: str, tmp_path: Path):
    """CSV-30."""
    path = generate(shell, stocked, tmp_path / "march.csv.gz", "--lines", "50")
    dry = shell("import", path, "--tenant", stocked, "--dry-run")
    assert dry.code == 0
    assert "(dry run) completed" in dry.out
    assert shell("import", path, "--tenant", stocked, "--json").data["items"] == 50


def test_errors_are_shown_and_the_rejected_lines_are_written_to_be_corrected(
    shell: Shell, stocked: str, bad_file: Path, tmp_path: Path
):
    """CSV-12, SEC-41, CLI-01."""
    failed = shell("import", str(bad_file), "--tenant", stocked)
    assert failed.code == 1
    batch = str(shell("import", "list", "--tenant", stocked, "--json").data[0]["batch_id"])
    for word in ("not_a_number", "user_unknown", "quantity", f"import errors {batch} --tenant {stocked} --all"):
        assert word in failed.everything
    output = tmp_path / "fix.csv"
    assert shell("import", "errors", batch, "--tenant", stocked, "--output", str(output)).code == 0
    text = output.read_bytes().decode("utf-8-sig")
    assert '"\'=1+1"' in text
    assert shell("import", "errors", batch, "--tenant", stocked).out.splitlines() == text.splitlines()
    assert shell("import", "errors", batch, "--tenant", stocked, "--output", str(output)).code == 2
    output.write_text(text.replace('"two"', '"2"').replace('"nobody"', '"user-2"'))
    assert shell("import", str(output), "--tenant", stocked, "--json").data["purchases"] == 2
    listed = shell("import", "errors", batch, "--tenant", stocked, "--json").data
    assert [(one["line"], one["code"]) for one in listed] == [(2, "not_a_number"), (3, "user_unknown")]


def test_the_whole_file_is_written_while_it_is_there(shell: Shell, stocked: str, bad_file: Path, tmp_path: Path):
    """CSV-12, CSV-16: with --all also the lines that are right; a warning where only the wrong ones are left."""
    bad_file.write_text(
        f"{bad_file.read_text()}T-1,2026-03-14,user-1,sku-2,1,1.00,\nT-3,2026-03-14,user-1,sku-1,1,1.00,\n"
    )
    failed = shell("import", str(bad_file), "--tenant", stocked, "--json")
    assert failed.code == 1
    batch = (str(failed.data["batch_id"]), "--tenant", stocked)
    whole = shell("import", "errors", *batch, "--all")
    assert len(whole.out.splitlines()) == 5
    some = list(csv.reader(shell("import", "errors", *batch).out.splitlines()))
    assert [(row[0], row[2]) for row in some[1:]] == [("not_a_number", "T-1"), ("user_unknown", "T-2"), ("", "T-1")]
    for stored in (tmp_path / "imports").iterdir():
        stored.unlink()
    left = shell("import", "errors", *batch)
    assert len(left.out.splitlines()) == 3
    assert "warning: the stored file" in left.err
    assert shell("import", "errors", *batch, "--all").code == 2


def test_imports_can_be_left_to_a_worker_looked_at_and_cancelled(shell: Shell, stocked: str, tmp_path: Path):
    """CSV-17, CSV-33."""
    paths = [
        generate(shell, stocked, tmp_path / f"{n}.csv", "--lines", "20", "--first-number", str(n)) for n in (1, 900)
    ]
    first, second = (shell("import", path, "--tenant", stocked, "--later", "--json").data["batch_id"] for path in paths)
    assert shell("import", "cancel", str(second), "--tenant", stocked).code == 0
    assert shell("import", "status", str(second), "--tenant", stocked, "--json").data["state"] == "cancelled"
    ran = shell("import", "run", "--tenant", stocked, "--json")
    assert [(one["batch_id"], one["state"]) for one in ran.data] == [(first, "completed")]
    assert shell("import", "cancel", str(first), "--tenant", stocked).code == 4
    listed = shell("import", "list", "--tenant", stocked, "--json").data
    assert [one["state"] for one in listed] == ["cancelled", "completed"]
    assert "completed" in shell("import", "list", "--tenant", stocked, "--state", "completed").out


def test_columns_of_a_file_are_named_once(shell: Shell, stocked: str, tmp_path: Path):
    """CSV-05: by a mapping file or one by one, and then known for the next file with this header."""
    path = generate(shell, stocked, tmp_path / "export.csv", "--lines", "30", "--dialect", "export")
    unnamed = shell("import", path, "--tenant", stocked)
    assert unnamed.code == 1
    for word in ("1 error;", "missing_columns", f"import mapping FILE --tenant {stocked} --column"):
        assert word in unnamed.everything
    before = shell("import", "mapping", path, "--tenant", stocked, "--json").data
    assert before["columns"]["Belegnummer"] is None
    assert "transaction_number" in before["missing"]
    names = [option for name, field in EXPORT.mapping().items() for option in ("--column", f"{name}={field}")]
    after = shell("import", "mapping", path, "--tenant", stocked, *names, "--json").data
    assert after["columns"]["Belegnummer"] == "transaction_number"
    assert after["missing"] == []
    assert shell("import", path, "--tenant", stocked, "--json").data["state"] == "completed"
    file = tmp_path / "mapping.json"
    file.write_text(json.dumps(EXPORT.mapping()))
    other = generate(
        shell, stocked, tmp_path / "more.csv", "--lines", "9", "--dialect", "export", "--first-number", "500"
    )
    assert shell("import", other, "--tenant", stocked, "--mapping", str(file), "--json").data["items"] == 9


def test_the_template_has_the_header_and_the_sample_can_be_imported(shell: Shell, stocked: str, tmp_path: Path):
    """CSV-40."""
    assert shell("import", "template").out.startswith("transaction_number,transaction_date,user_id,sku_id,")
    path = tmp_path / "sample.csv"
    assert shell("import", "template", "--tenant", stocked, "--output", str(path)).code == 0
    assert shell("import", str(path), "--tenant", stocked, "--json").data["state"] == "completed"


def test_days_and_decimals_are_read_as_they_are_said_to_be(shell: Shell, stocked: str, tmp_path: Path):
    """CSV-06, CSV-07."""
    path = tmp_path / "march.csv"
    path.write_text(f"{HEADER}\nT-1,14/03/2026,user-1,sku-1,2,7.500,\n")
    said = ("--dates", "day_first", "--decimals", "point")
    assert shell("import", str(path), "--tenant", stocked, "--json").code == 1
    assert shell("import", str(path), "--tenant", stocked, *said, "--json").data["purchases"] == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("nowhere.csv",),
        ("bad.csv", "--mode", "replace"),
        ("bad.csv", "--dates", "roman"),
        ("bad.csv", "--mapping", "bad.csv"),
        ("status", "99"),
        ("errors", "99"),
        ("cancel", "99"),
        ("list", "--state", "lost"),
        ("users", "bad.csv"),
        ("mapping", "bad.csv", "--column", "note"),
        ("mapping", "bad.csv", "--column", "note=colour"),
        ("generate", "bad.csv"),
    ],
)
def test_what_makes_no_sense_is_a_usage_error(shell: Shell, stocked: str, bad_file: Path, arguments: tuple[str, ...]):
    """CLI-01: exit code 2."""
    outcome = shell("import", *arguments, "--tenant", stocked)
    assert outcome.code == 2
    assert outcome.err


def test_a_binary_file_is_refused_whatever_its_name(shell: Shell, stocked: str, tmp_path: Path):
    """CSV-15."""
    path = tmp_path / "march.csv"
    path.write_bytes(b"PK\x03\x04" + b"\x00" * 100)
    outcome = shell("import", str(path), "--tenant", stocked, "--json")
    assert outcome.code == 2
    assert "ZIP" in outcome.data["error"]["message"]
    assert shell("import", "list", "--tenant", stocked, "--json").data == []


@pytest.mark.parametrize("row", [";Name;yes", "user-1;Name;perhaps", "user-1;Name", f"{'u' * 201};Name;yes"])
def test_a_list_of_users_is_loaded_whole_or_not_at_all(shell: Shell, cedar: str, tmp_path: Path, row: str):
    path = tmp_path / "users.csv"
    path.write_text(f"user_id;name;active\nuser-0;Name;yes\n{row}\n")
    outcome = shell("import", "users", str(path), "--tenant", cedar)
    assert outcome.code == 2
    assert "line 3" in outcome.err
    assert shell("import", "template", "--tenant", cedar).code == 2


def stop_when_it_runs(database, owner):
    """SIGTERM to this process, once an import has begun."""
    until = time.monotonic() + 60
    while not list_batches(database, owner.id, state="processing") and time.monotonic() < until:
        time.sleep(0.05)
    os.kill(os.getpid(), signal.SIGTERM)


def test_a_person_who_stops_an_import_cancels_it(shell: Shell, stocked: str, database: Database, tmp_path: Path):
    """CSV-33: at once, also while it waits for a statement."""
    path = generate(shell, stocked, tmp_path / "march.csv", "--lines", "20")
    owner = find_tenant(database, stocked)
    with database.transaction(owner.id) as conn:
        conn.execute("select purchases.lock_ledger()")
        stop = threading.Thread(target=stop_when_it_runs, args=(database, owner))
        stop.start()
        stopped = shell("import", path, "--tenant", stocked, "--json")
        stop.join()
    assert (stopped.code, stopped.data["state"]) == (1, "cancelled")
    assert shell("import", path, "--tenant", stocked, "--json").data["state"] == "completed"
