"""The SQL folder: found beside the code of a wheel and at the top of a checkout; queries are read by name."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sync_platform.db import queries as queries_module
from sync_platform.db.queries import queries, query
from sync_platform.db.sql_files import sql_files, sql_root

TOP = Path(__file__).parents[2]


def test_a_checkout_reads_the_folder_at_its_top() -> None:
    assert sql_root() == TOP / "sql"
    assert [file.stem[:4] for file in sql_files("migrations")][:3] == ["0001", "0002", "0003"]


def test_an_installed_wheel_reads_the_folder_beside_its_code(tmp_path: Path) -> None:
    """PKG-03: laid out as the build settings do, with no checkout around it."""
    shutil.copytree(TOP / "sync_platform", tmp_path / "sync_platform", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(TOP / "sql", tmp_path / "sync_platform" / "sql")
    code = (
        "from sync_platform.db.sql_files import sql_root; from sync_platform.db.migration_status import migrations;"
        "print(sql_root(), len(migrations()))"
    )
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path)}
    out = subprocess.check_output([sys.executable, "-c", code], cwd=tmp_path, env=environment, text=True)
    assert out.split() == [str(tmp_path / "sync_platform" / "sql"), str(len(sql_files("migrations")))]


def test_a_query_is_read_by_file_and_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "queries").mkdir()
    (tmp_path / "queries" / "shops.sql").write_text(
        "-- a page\n\n-- name: all\n-- Every one.\nselect 1;\n\n-- name: one\nselect %(id)s\n"
    )
    monkeypatch.setattr(queries_module, "sql_root", lambda: tmp_path)
    queries.cache_clear()
    try:
        assert query("shops", "one").as_string() == "select %(id)s"
        assert query("shops", "all").as_string() == "-- Every one.\nselect 1"
        with pytest.raises(KeyError):
            query("shops", "none")
        (tmp_path / "queries" / "twice.sql").write_text("-- name: all\nselect 1\n-- name: all\nselect 2\n")
        with pytest.raises(ValueError, match="twice"):
            query("twice", "all")
    finally:
        queries.cache_clear()


def test_migrations_pass_the_linter() -> None:
    """DBM-04."""
    squawk = Path(sys.executable).with_name("squawk")
    paths = sorted(str(path) for path in (TOP / "sql" / "migrations").glob("*.sql"))
    found = subprocess.run([squawk, "--reporter", "gcc", *paths], cwd=TOP, capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout.strip()) == (0, "")
