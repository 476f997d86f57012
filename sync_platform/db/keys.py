"""The key ring: master keys outside the database that wrap one data key per tenant (SEC-21)."""

import os
import stat
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from sync_platform.core.errors import ConfigurationError
from sync_platform.settings import Settings

KEY_FILE = "master.key"
HOW_TO_MAKE_ONE = (
    "make one with `sync-platform credential new-master-key` and put it first in SYNC_PLATFORM_MASTER_KEYS"
)


def new_master_key() -> str:
    """A fresh master key as text. Whoever asks has to store it; the platform keeps no copy."""
    return Fernet.generate_key().decode()


class DataKey:
    """A tenant's key in the open, in memory only."""

    __slots__ = ("_fernet",)

    def __init__(self, key: bytes) -> None:
        self._fernet = Fernet(key)

    def __repr__(self) -> str:
        return "DataKey(***)"

    def encrypt(self, text: str) -> str:
        """A token that may be stored."""
        return self._fernet.encrypt(text.encode()).decode()

    def decrypt(self, token: str) -> str:
        """Raises ConfigurationError for a token of another key or a damaged one; the token is not shown."""
        try:
            return self._fernet.decrypt(token.encode()).decode()
        except InvalidToken:
            raise ConfigurationError(
                "a stored secret cannot be decrypted with this tenant's key; set the credential again"
            ) from None


class KeyRing:
    """Master keys, newest first. The newest wraps; all of them unwrap, so that a ring can be turned over slowly."""

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys:
            raise ConfigurationError(f"no master key is set; {HOW_TO_MAKE_ONE}")
        try:
            self._ring = MultiFernet([Fernet(key) for key in keys])
        except ValueError:
            raise ConfigurationError(
                f"a master key is not a Fernet key (44 characters of URL-safe base64); {HOW_TO_MAKE_ONE}"
            ) from None
        self._keys = tuple(key.encode() for key in keys)
        self._newest = self._keys[0]
        self._size = len(keys)

    def __repr__(self) -> str:
        return f"KeyRing(key_id={self.key_id!r}, keys={self._size})"

    @classmethod
    def from_settings(cls, settings: Settings) -> "KeyRing":
        """The keys of the settings; with the embedded database a key file in the data directory will do.

        Raises ConfigurationError when there is no key and the database is somebody's server: a key that lived in a
        container's file system would be lost with it, and all credentials with the key.
        """
        if settings.master_keys:
            return cls([key.get_secret_value().strip() for key in settings.master_keys])
        if settings.database_url is not None:
            raise ConfigurationError(f"no master key is set; {HOW_TO_MAKE_ONE}")
        return cls([_key_of_file(settings.data_dir / KEY_FILE)])

    @property
    def key_id(self) -> str:
        """Names the newest master key without telling anything about it."""
        return blake2b(key=self._newest, person=b"key_id", digest_size=8).hexdigest()

    def new_data_key(self) -> str:
        """A data key for a tenant, wrapped."""
        return self._ring.encrypt(Fernet.generate_key()).decode()

    def unwrap(self, wrapped: str) -> DataKey:
        """Raises ConfigurationError when no key of the ring fits."""
        return DataKey(self._open(wrapped))

    def rewrap(self, wrapped: str) -> str:
        """The same data key under the newest master key."""
        return self._ring.encrypt(self._open(wrapped)).decode()

    def seal(self, text: str) -> str:
        """Encrypted under the newest master key, for what is kept a short while and belongs to no source."""
        return self._ring.encrypt(text.encode()).decode()

    def unseal(self, token: str) -> str:
        """What was sealed under any key of the ring. Raises ConfigurationError."""
        try:
            return self._ring.decrypt(token.encode()).decode()
        except InvalidToken:
            raise ConfigurationError(
                "what was stored cannot be decrypted; add the key that was in use before to the end of"
                " SYNC_PLATFORM_MASTER_KEYS"
            ) from None

    def digest(self, text: str, purpose: str) -> str:
        """A keyed hash: equal texts can be recognised, and nobody without the key can try guesses."""
        person = purpose.encode()[: blake2b.PERSON_SIZE]
        return blake2b(text.encode(), key=self._newest, person=person, digest_size=16).hexdigest()

    def digests(self, text: str, purpose: str) -> list[str]:
        """Keyed hashes of 256 bits under each key, newest first: what was stored under an older one is still found."""
        person = purpose.encode()[: blake2b.PERSON_SIZE]
        return [blake2b(text.encode(), key=key, person=person, digest_size=32).hexdigest() for key in self._keys]

    def _open(self, wrapped: str) -> bytes:
        try:
            return self._ring.decrypt(wrapped.encode())
        except InvalidToken:
            raise ConfigurationError(
                "no master key of the ring opens a tenant's data key; add the key that was in use before to the end "
                "of SYNC_PLATFORM_MASTER_KEYS"
            ) from None


def _key_of_file(path: Path) -> str:
    """The key in the file; made on first use. Two processes that start together end up with the same one."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, fresh = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)  # readable by the owner only
        with os.fdopen(descriptor, "w") as file:
            file.write(new_master_key())
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(fresh, path)  # unlike a rename this never replaces a key that is in use
        os.unlink(fresh)
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise ConfigurationError(f"others can read the master key {path.name}; run `chmod 600` on it")
    return path.read_text().strip()
