"""Dropped files under hostile names, links in their place, notes of strangers (CSV-18, F-53)."""

import os
from pathlib import Path

import pytest

from sync_platform.core.errors import InvalidRequest
from sync_platform.core.tenant import Tenant
from sync_platform.sync.drop_claims import TAKEN, Claims
from sync_platform.sync.platform import Platform
from sync_platform_tests.sync.conftest import NOW, TestClock
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


@pytest.fixture
def on_disk(tmp_path: Path, platform: Platform, tenant: Tenant, clock: TestClock) -> Dropping:
    return dropping_into(local_folder(tmp_path / "drop"), platform, tenant, clock)


def test_links_and_pipes_are_told_and_never_opened(on_disk: Dropping, tmp_path: Path):
    """CSV-18, F-53."""
    secret = tmp_path / "secret.csv"
    secret.write_bytes(GOOD_FILE)
    folder = Path(on_disk.folder)
    folder.mkdir(parents=True)
    (folder / "link.csv").symlink_to(secret)
    (folder / "nothing.csv").symlink_to(tmp_path / "not there")
    (folder / "sub").mkdir()
    os.mkfifo(folder / "pipe.csv")
    for name in ("link.csv", "nothing.csv", "pipe.csv", "sub"):
        (folder / f"{name}.done").touch()
    assert on_disk.look().refused == ("link.csv", "nothing.csv", "pipe.csv", "sub")
    assert on_disk.look(later=60).taken == 0
    assert (on_disk.work(), secret.read_bytes()) == (([], []), GOOD_FILE)


@pytest.mark.parametrize("name", ["", "taken", "archive", "rejected"])
def test_a_folder_that_is_a_link_is_left_alone(on_disk: Dropping, tmp_path: Path, name: str):
    """F-53: neither read nor written through."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "march.csv").write_bytes(GOOD_FILE)
    link = Path(on_disk.folder) / name if name else Path(on_disk.folder)
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(elsewhere)
    for _ in range(2):
        looked = on_disk.look(later=60)
        assert (looked.taken, looked.work, looked.refused) == (0, False, (on_disk.tenant.slug,))
    assert on_disk.work() == ([], [])
    assert [entry.name for entry in elsewhere.iterdir()] == ["march.csv"]


def test_a_link_that_takes_the_place_of_a_file_is_not_followed(on_disk: Dropping, tmp_path: Path):
    """F-53: between the look and the rename, and after it."""
    secret = tmp_path / "secret.csv"
    secret.write_bytes(GOOD_FILE)
    drop_whole(on_disk)
    seen = on_disk.storage.entry(on_disk.tenant.slug, "march.csv")
    assert seen is not None
    file = Path(on_disk.folder) / "march.csv"
    file.unlink()
    file.symlink_to(secret)
    claims = Claims(on_disk.storage, on_disk.tenant.slug)
    assert claims.take(seen, NOW) is None
    file.unlink()
    drop_whole(on_disk)
    on_disk.look()
    [claim] = claims.all()
    taken = Path(on_disk.folder) / TAKEN / claim.id
    taken.unlink()
    taken.symlink_to(secret)
    with pytest.raises(OSError):
        on_disk.storage.open(on_disk.tenant.slug, TAKEN, claim.id)
    assert (on_disk.work(), imported(on_disk), secret.exists()) == (([], []), (0, 0), True)


HOSTILE = [
    "..\\..\\etc\\x.csv",
    "\u202egnp.csv",
    "CON.csv",
    "a\nb.csv",
    "=cmd.csv",
    "ü" * 120 + ".csv",
    "x y'\";--.csv",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_text_and_never_a_path(on_disk: Dropping, name: str):
    """F-53: taken under a name of ours, or left where it is."""
    drop_whole(on_disk, name)
    looked = on_disk.look()
    if "\\" in name:
        assert (looked.taken, looked.refused) == (0, (name, f"{name}.done"))
        return
    [result], [away] = on_disk.work()
    assert (result.batch.file_name, on_disk.report(away)["file"]) == (name, name)
    assert set(away.name[25:]) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._ -")


def test_a_name_that_is_no_text_is_taken_too(on_disk: Dropping):
    """F-53: Linux allows any bytes."""
    name = os.fsdecode(b"m\xe4rz.csv")
    drop_whole(on_disk, name)
    assert on_disk.look().taken == 1
    [result], _ = on_disk.work()
    assert result.batch.file_name == "m\ufffdrz.csv"


@pytest.mark.parametrize("part", ["..", ".", "", "a/b", "a\\b", "a\0b", "x" * 4000])
def test_no_part_of_a_path_leads_elsewhere(part: str):
    """F-53."""
    storage = memory_folder()[0]
    for use in (storage.entry, storage.open, storage.remove, storage.entries):
        with pytest.raises(InvalidRequest):
            use("alder", part, "file")


def test_a_note_that_somebody_has_written_leads_nowhere(dropping: Dropping):
    """F-53: whoever may drop files may write these too."""
    note = f"{dropping.folder}/{TAKEN}/{'a' * 32}.json"
    for text in (
        b'{"id": "%s", "name": "../../x", "size": 1, "taken_at": "2026-11-20T18:30:00Z"}' % (b"a" * 32),
        b'{"id": "../../x", "name": "x", "size": 1, "taken_at": "2026-11-20T18:30:00Z"}',
        b'{"id": "%s", "name": "x", "size": 1, "taken_at": "no time", "batch": 99}' % (b"a" * 32),
        b'{"id": "%s", "name": "x", "size": 1, "taken_at": "2026-11-20T18:30:00Z"}' % (b"a" * 32),
        b"{",
    ):
        dropping.fs.pipe_file(note, text)
        assert dropping.work() == ([], [])
    dropping.fs.pipe_file(
        note, b'{"id":"%s","name":"x","size":1,"taken_at":"2026-11-20T18:30:00Z","batch":99}' % (b"a" * 32)
    )
    assert [one.place for one in dropping.work()[1]] == ["rejected"]
