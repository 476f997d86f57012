"""Dropped files between two workers, after a restart at any step, and while they change (F-57)."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sync_platform.core.tenant import Tenant
from sync_platform.db.drop_lock import drop_lock
from sync_platform.sync import drop_folder
from sync_platform.sync.drop_claims import TAKEN, Claims, FileChanged, WholeFile
from sync_platform.sync.drop_folder import handle_claims
from sync_platform.sync.drop_sightings import Sightings
from sync_platform.sync.drop_storage import DropStorage
from sync_platform.sync.imports import submit_file
from sync_platform.sync.platform import Platform
from sync_platform_tests.sync.conftest import TestClock
from sync_platform_tests.sync.dropping import (
    GOOD_FILE,
    Dropping,
    drop_whole,
    dropping_into,
    imported,
    local_folder,
    memory_folder,
)


@pytest.fixture(params=["local", "memory"])
def dropping(request, tmp_path: Path, platform: Platform, tenant: Tenant, clock: TestClock) -> Dropping:
    place = local_folder(tmp_path / "drop") if request.param == "local" else memory_folder()
    return dropping_into(place, platform, tenant, clock)


def test_two_workers_take_a_file_once(dropping: Dropping):
    """F-57: they look and work at the same moment, again and again."""
    drop_whole(dropping)

    def worker(_: int) -> int:
        own = replace(dropping, sightings=Sightings())
        taken = own.look().taken
        own.work()
        return taken

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(worker, range(8))) == 1
    dropping.work()
    assert imported(dropping) == (1, 50)
    assert len(dropping.names("archive")) == 2


def test_a_worker_leaves_a_folder_alone_in_which_another_one_works(dropping: Dropping):
    """F-57: also where the storage has no rename of its own."""
    drop_whole(dropping)
    with drop_lock(dropping.platform.database, dropping.tenant.id) as alone:
        assert alone
        assert dropping.look().taken == 0
        assert handle_claims(dropping.platform, dropping.storage, dropping.tenant) == []
    assert dropping.look().taken == 1


STEPS = [(DropStorage, name, at) for name, times in (("write", 3), ("move", 2), ("remove", 2)) for at in range(times)]


class Killed(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(("owner", "name", "at"), STEPS)
def test_a_restart_at_any_step_takes_a_file_once(
    dropping: Dropping, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, at: int, after: bool
):
    """F-57: killed before or after each change of the storage."""
    drop_whole(dropping)
    real, calls = getattr(owner, name), 0

    def dying(*args: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == at + 1 and not after:
            raise Killed
        real(*args)
        if calls == at + 1:
            raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(owner, name, dying)
        with pytest.raises(Killed):
            dropping.look_and_work()
    dropping.look()
    dropping.look(later=10)
    dropping.work()
    dropping.work()
    assert imported(dropping) == (1, 50)
    assert (dropping.names(), dropping.names(TAKEN)) == ([], [])
    assert len(dropping.names("archive")) == 2


def test_a_restart_between_submitting_and_noting_it_is_one_import(dropping: Dropping, monkeypatch: pytest.MonkeyPatch):
    """F-56, F-57."""
    drop_whole(dropping)
    dropping.look()

    def dying(*args: Any) -> None:
        submit_file(*args)
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(drop_folder, "submit_file", dying)
        with pytest.raises(Killed):
            dropping.work()
    dropping.work()
    assert imported(dropping) == (1, 50)


@pytest.mark.parametrize("change", ["grows", "shrinks", "deleted", "same size"])
def test_a_file_that_changes_while_it_is_read_is_not_imported(
    dropping: Dropping, monkeypatch: pytest.MonkeyPatch, change: str
):
    """F-57: nothing of it is kept; it is left alone until it is complete."""
    drop_whole(dropping)
    dropping.look()
    [claim] = Claims(dropping.storage, dropping.tenant.slug).all()
    path = f"{dropping.folder}/{TAKEN}/{claim.id}"
    real = WholeFile.read

    def interrupted(self: WholeFile, size: int = -1) -> bytes:
        if self._read == 0:
            if change == "deleted":
                dropping.fs.rm_file(path)
            else:
                content = {"grows": GOOD_FILE + b"T9", "shrinks": GOOD_FILE[:99], "same size": GOOD_FILE[::-1]}[change]
                dropping.fs.pipe_file(path, content)
        return real(self, size)

    with monkeypatch.context() as patched:
        patched.setattr(WholeFile, "read", interrupted)
        assert dropping.work() == ([], [])
    assert imported(dropping) == (0, 0)
    assert list(Path(dropping.platform.settings.data_dir / "imports").iterdir()) == []
    assert dropping.names() == ([] if change == "deleted" else ["march.csv"])
    assert dropping.look(later=1).taken == 0


def test_a_file_that_changed_under_a_name_that_is_taken_again_is_rejected(dropping: Dropping):
    """F-57: it cannot go back, and a newer one must not be lost."""
    drop_whole(dropping)
    dropping.look()
    [claim] = Claims(dropping.storage, dropping.tenant.slug).all()
    dropping.fs.pipe_file(f"{dropping.folder}/{TAKEN}/{claim.id}", GOOD_FILE + b"T9")
    dropping.drop("march.csv", GOOD_FILE)
    _, away = dropping.work()
    assert [one.place for one in away] in (["rejected"], [])
    assert dropping.names() == ["march.csv"]
    dropping.look(later=10)
    dropping.look(later=10)
    dropping.work()
    assert imported(dropping) == (1, 50)


def test_a_changed_file_says_so(dropping: Dropping):
    """F-57."""
    drop_whole(dropping)
    dropping.look()
    claims = Claims(dropping.storage, dropping.tenant.slug)
    [claim] = claims.all()
    file = claims.file(claim)
    assert file is not None
    dropping.storage.remove(dropping.tenant.slug, TAKEN, claim.id)
    with pytest.raises(FileChanged, match="while it was read"):
        WholeFile(dropping.storage, dropping.tenant.slug, claim, file)
