"""The key ring (SEC-21)."""

import stat
import threading
from pathlib import Path

import pytest
from pydantic import SecretStr

from sync_platform.core.errors import ConfigurationError
from sync_platform.db.keys import KEY_FILE, KeyRing, new_master_key
from sync_platform.settings import Settings


def test_a_data_key_survives_the_wrapping_and_secrets_survive_the_encryption():
    """SEC-21."""
    ring = KeyRing([new_master_key()])
    wrapped = ring.new_data_key()
    token = ring.unwrap(wrapped).encrypt("shop key öß")
    assert "shop key" not in token
    assert ring.unwrap(wrapped).decrypt(token) == "shop key öß"


def test_rewrapping_moves_a_data_key_to_the_newest_master_key_and_the_old_one_can_go():
    """SEC-21: the re-encryption command."""
    old, new = new_master_key(), new_master_key()
    wrapped = KeyRing([old]).new_data_key()
    token = KeyRing([old]).unwrap(wrapped).encrypt("value")
    rewrapped = KeyRing([new, old]).rewrap(wrapped)
    assert KeyRing([new]).unwrap(rewrapped).decrypt(token) == "value"
    with pytest.raises(ConfigurationError, match="no master key of the ring opens"):
        KeyRing([new]).unwrap(wrapped)


def test_the_key_id_is_that_of_the_newest_key_and_tells_nothing_of_it():
    """SEC-21: key id stored."""
    old, new = new_master_key(), new_master_key()
    assert KeyRing([new, old]).key_id == KeyRing([new]).key_id != KeyRing([old]).key_id
    assert KeyRing([new]).key_id not in new
    assert len(KeyRing([new]).key_id) == 16


def test_nothing_of_a_key_appears_in_a_repr_or_an_error():
    """SEC-22."""
    key = new_master_key()
    ring = KeyRing([key])
    data_key = ring.unwrap(ring.new_data_key())
    shown = [repr(ring), repr(data_key), str(ring)]
    with pytest.raises(ConfigurationError) as wrong_ring:
        KeyRing([key[:-5]])
    with pytest.raises(ConfigurationError) as wrong_token:
        data_key.decrypt(KeyRing([key]).new_data_key())
    shown += [str(wrong_ring.value), repr(wrong_ring.value), str(wrong_token.value)]
    assert not [text for text in shown if key[:12] in text]
    assert wrong_ring.value.__cause__ is None


def test_without_keys_the_error_says_how_to_make_one():
    with pytest.raises(ConfigurationError, match="credential new-master-key"):
        KeyRing([])


def test_a_server_database_needs_a_key_in_the_settings(tmp_path: Path):
    """A key file would be lost with the container, and every credential with it."""
    settings = Settings(data_dir=tmp_path, database_url=SecretStr("postgresql://user@db.example/x"))
    with pytest.raises(ConfigurationError, match="SYNC_PLATFORM_MASTER_KEYS"):
        KeyRing.from_settings(settings)
    assert not list(tmp_path.iterdir())


def test_the_embedded_database_makes_a_key_file_once_that_only_its_owner_reads(tmp_path: Path):
    settings = Settings(data_dir=tmp_path / "data")
    first = KeyRing.from_settings(settings)
    path = tmp_path / "data" / KEY_FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert KeyRing.from_settings(settings).key_id == first.key_id
    assert [p.name for p in path.parent.iterdir()] == [KEY_FILE]


def test_starters_at_the_same_time_agree_on_one_key_file(tmp_path: Path):
    settings, seen, gate = Settings(data_dir=tmp_path), [], threading.Barrier(8)

    def start() -> None:
        gate.wait()
        seen.append(KeyRing.from_settings(settings).key_id)

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 8
    assert len(set(seen)) == 1


def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path):
    settings = Settings(data_dir=tmp_path)
    KeyRing.from_settings(settings)
    (tmp_path / KEY_FILE).chmod(0o644)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        KeyRing.from_settings(settings)


def test_keys_of_the_settings_win_over_the_file(tmp_path: Path):
    key = new_master_key()
    settings = Settings(data_dir=tmp_path, master_keys=(SecretStr(key + "\n"),))
    assert KeyRing.from_settings(settings).key_id == KeyRing([key]).key_id
    assert not (tmp_path / KEY_FILE).exists()


def test_a_keyed_hash_depends_on_text_purpose_and_key():
    ring, other = KeyRing([new_master_key()]), KeyRing([new_master_key()])
    assert ring.digest("a", "x") == ring.digest("a", "x")
    assert len({ring.digest("a", "x"), ring.digest("b", "x"), ring.digest("a", "y"), other.digest("a", "x")}) == 4
