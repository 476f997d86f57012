"""``sync-platform legacy load`` and ``sandbox old-reports`` as a person uses them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sync_platform.sandbox.server import BlazeSandbox
from sync_platform.sandbox.shop import build_shop
from sync_platform_tests.cli.shell import Outcome, Shell
from sync_platform_tests.sandbox.corner_shop import shop_spec


@pytest.fixture
def sandbox() -> Iterator[BlazeSandbox]:
    with BlazeSandbox([build_shop(shop_spec(name="Corner Shop"))]) as server:
        yield server


def load(shell: Shell, file: Path | str, *options: str, table: str = "customers") -> Outcome:
    return shell("legacy", "load", str(file), "--table", table, "--tenant", "cedar", *options)


def test_the_exports_of_a_running_stand_in_are_loaded_without_a_reject(
    shell: Shell, cedar: str, sandbox: BlazeSandbox, tmp_path: Path
) -> None:
    """CLI-01, CLI-07: one folder per shop, named like its tenant; a second load finds everything there."""
    exported = shell("sandbox", "old-reports", str(tmp_path / "old"), "--url", sandbox.url, "--json")
    assert exported.code == 0, exported.err
    files = {one["table"]: one["file"] for one in exported.data}
    assert files["products"] == str(tmp_path / "old" / "corner-shop" / "products.csv")
    for table, file in files.items():
        dry = load(shell, file, "--dry-run", "--json", table=table)
        assert (dry.code, len(dry.data["sample"]), dry.data["dry_run"]) == (0, 20, True)
        first, second = (load(shell, file, "--json", table=table).data for _ in range(2))
        assert first["inserted"] == first["lines"] == dry.data["inserted"] > 100
        assert (second["inserted"], second["already_there"]) == (0, first["lines"])


def test_rejected_lines_are_shown_and_the_rest_is_loaded(shell: Shell, cedar: str, tmp_path: Path) -> None:
    """CLI-01: exit code 3; progress and errors do not mix with the result."""
    file = tmp_path / "old.csv"
    file.write_bytes("Member_ID;Name;Total_Visits\nm1;Zoë;[many]\nm2;Jürgen;4\n".encode("cp1252"))
    shown = load(shell, file)
    assert shown.code == 3
    assert "is not a number" in shown.out
    assert "[many]" in shown.out
    assert "loading old.csv: 2 lines (100 of 100)" in shown.err
    data = load(shell, file, "--json").data
    assert (data["encoding"], data["delimiter"], data["rejected"], data["already_there"]) == ("cp1252", ";", 1, 1)
    assert data["errors"] == [
        {
            "line": 2,
            "column": "total_visits",
            "reason": "is not a number such as 1234.50 or $1,234.50",
            "value": "[many]",
        }
    ]


def test_a_dry_run_shows_rows_and_no_personal_value(shell: Shell, cedar: str, tmp_path: Path) -> None:
    """SYS-20, SEC-40."""
    file = tmp_path / "old.csv"
    file.write_text("member_id,name,total_visits\nm1,Geheim,4\n")
    shown = load(shell, file, "--dry-run")
    assert shown.code == 0
    assert "would be inserted" in shown.out
    assert "total_visits=4" in shown.out
    assert "Geheim" not in shown.everything


def test_more_rejects_than_are_listed_are_counted(shell: Shell, cedar: str, tmp_path: Path) -> None:
    """SYS-08."""
    file = tmp_path / "old.csv"
    file.write_text("member_id,total_visits\n" + "m,x\n" * 120)
    assert "the first 100 reasons; 120 lines were rejected in all" in load(shell, file).out


@pytest.mark.parametrize(
    ("content", "options", "named"),
    [
        ("member_id,shoe_size\n", (), "allowed are member_id, name"),
        ("name\n", (), "lacks member_id"),
        ("", (), "is empty"),
        (None, (), "No such file"),
        ("member_id\n", ("--table", "people"), "people"),
        ("member_id\n", ("--tenant", "nobody"), "nobody"),
    ],
)
def test_what_cannot_be_loaded_is_refused_by_name(
    shell: Shell, cedar: str, tmp_path: Path, content: str | None, options: tuple[str, ...], named: str
) -> None:
    """CLI-01: exit code 2, also as JSON."""
    file = tmp_path / "old.csv"
    if content is not None:
        file.write_text(content)
    refused = load(shell, file, *options, "--json")
    assert refused.code == 2
    assert named in refused.data["error"]["message"]
