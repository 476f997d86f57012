"""Where the ``sql/`` folder is and what it holds: in the wheel beside the code, in a checkout at the top (PKG-03)."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Folder = Literal["migrations", "functions", "views", "policies", "queries", "inventory"]


@dataclass(frozen=True)
class SqlFile:
    """One file of the folder; ``name`` is ``migrations/0001_roles.sql``."""

    name: str
    text: str

    @property
    def stem(self) -> str:
        """The file's name without folder and ending."""
        return Path(self.name).stem

    @property
    def checksum(self) -> str:
        """Tells whether an applied file is still the same."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def sql_root() -> Path:
    """The folder itself."""
    packaged = Path(__file__).parents[1] / "sql"
    return packaged if packaged.is_dir() else Path(__file__).parents[2] / "sql"


def sql_files(folder: Folder) -> tuple[SqlFile, ...]:
    """The ``.sql`` files of one folder in the order of their names. A folder that does not exist is empty."""
    paths = sorted((sql_root() / folder).glob("*.sql"))
    return tuple(SqlFile(f"{folder}/{path.name}", path.read_text(encoding="utf-8")) for path in paths)
