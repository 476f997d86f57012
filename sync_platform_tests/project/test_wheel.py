"""The wheel alone is enough: code, SQL and Dagster's files are in it."""

import os
import subprocess
import sys
import sysconfig
import tempfile
import venv
import zipfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

from sync_platform_tests.project.secret_scan import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from this checkout with the pinned build tool."""
    out = tmp_path_factory.mktemp("dist")
    build = ("-m", "hatchling", "build", "--target", "wheel", "--directory", str(out))
    subprocess.run([sys.executable, *build], cwd=ROOT, check=True, capture_output=True)
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path) -> Iterator[Path]:
    """A new environment with the wheel in it. Dependencies are those of this one; this checkout is not on its path."""
    # not under pytest's own folder: it is closed to the user that PostgreSQL runs as
    with tempfile.TemporaryDirectory(prefix="sync_platform-wheel-") as folder:
        environment = Path(folder) / "venv"
        venv.create(environment, with_pip=False, symlinks=True)
        site = Path(sysconfig.get_path("purelib", "venv", {"base": str(environment), "platbase": str(environment)}))
        install = ("-m", "pip", "--python", str(environment / "bin" / "python"), "install", "--no-deps", "--no-index")
        subprocess.run([sys.executable, *install, str(wheel)], check=True, capture_output=True)
        # a path file inside a .pth folder is not read: our packages come along, this checkout's own does not
        (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
        yield environment


def run(installed: Path, cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command as installed, with nothing of this process's environment but the path."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(cwd), "LANG": "C.UTF-8"}
    return subprocess.run(
        [str(installed / "bin" / arguments[0]), *arguments[1:]],
        cwd=cwd, env=environment, check=False, capture_output=True, text=True, timeout=240,
    )  # fmt: skip


def test_the_wheel_holds_sql_and_daggers_files_and_no_tests(wheel: Path):
    """PKG-01, PKG-03."""
    names = set(zipfile.ZipFile(wheel).namelist())
    expected = {f"sync_platform/{path.relative_to(ROOT)}" for path in (ROOT / "sql").rglob("*") if path.is_file()}
    assert expected <= names
    assert {"sync_platform/dagster.yaml", "sync_platform/workspace.yaml", "sync_platform/py.typed"} <= names
    assert {name.split("/")[0] for name in names} == {
        "sync_platform",
        f"sync_platform-{version('sync_platform')}.dist-info",
    }


def test_the_installed_code_is_the_wheels(installed: Path, tmp_path: Path):
    """PKG-03."""
    shown = run(installed, tmp_path, "python", "-c", "import sync_platform; print(sync_platform.__file__)")
    assert shown.stdout.startswith(str(installed)), shown.stderr


def test_the_command_says_its_version(installed: Path, tmp_path: Path):
    """PKG-03."""
    shown = run(installed, tmp_path, "sync-platform", "--version")
    assert (shown.returncode, shown.stdout.strip()) == (0, version("sync_platform"))


def test_a_database_is_set_up_from_the_wheel_in_an_empty_folder(installed: Path):
    """PKG-03, DBM-02: the first upgrade applies all files, the second none."""
    with tempfile.TemporaryDirectory(prefix="sync_platform-empty-") as folder:
        first = run(installed, Path(folder), "sync-platform", "db", "upgrade")
        assert first.returncode == 0, first.stderr
        assert "applied" in first.stdout
        second = run(installed, Path(folder), "sync-platform", "db", "upgrade")
        assert "nothing to do" in second.stdout, second.stderr
        assert run(installed, Path(folder), "sync-platform", "db", "status").returncode == 0
