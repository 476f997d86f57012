"""Writes the matrix in ``docs/permissions.md`` as a migrated database holds it (TEN-22, DOC-02)."""

from collections.abc import Iterable, Sequence
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "permissions.md"
BEGIN, END = "<!-- matrix: written by pytest --write-inventory -->\n", "<!-- end of the matrix -->\n"


def with_matrix(text: str, roles: Sequence[str], cells: Iterable[tuple[str, str, str | None]]) -> str:
    """The page with the matrix between its marks. ``cells`` are permission, role and how much."""
    table: dict[str, dict[str, str | None]] = {}
    for permission, role, how in cells:
        table.setdefault(permission, {})[role] = {"all": "yes", None: "-"}.get(how, how)
    lines = [
        f"| permission | {' | '.join(roles)} |",
        f"|---|{'---|' * len(roles)}",
        *(f"| {permission} | {' | '.join(str(row[role]) for role in roles)} |" for permission, row in table.items()),
    ]
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + "\n".join(lines) + "\n" + END + after
