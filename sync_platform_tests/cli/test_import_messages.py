"""Messages about purchases leave with the command that imported them (CSV-19)."""

import json
from pathlib import Path

import pytest

from sync_platform_tests.cli.shell import Shell

HEADER = "transaction_number,transaction_date,user_id,sku_id,quantity,unit_price"


@pytest.fixture
def file(shell: Shell, cedar: str, tmp_path: Path) -> str:
    """A file of two purchases that can be imported."""
    for kind, name in (("users", "user_id"), ("skus", "sku_id")):
        listed = tmp_path / f"{kind}.csv"
        listed.write_text(f"{name}\nx-1\n")
        assert shell("import", kind, str(listed), "--tenant", cedar).code == 0
    path = tmp_path / "march.csv"
    path.write_text(f"{HEADER}\nT-1,2026-03-14,x-1,x-1,2,7.50\nT-2,2026-03-14,x-1,x-1,1,7.50\n")
    return str(path)


def subjects(folder: Path) -> list[str]:
    [told] = (folder / "outbox").iterdir()
    return [json.loads(line)["data"]["subject"] for line in told.read_text().splitlines()]


@pytest.mark.parametrize("later", [False, True])
def test_messages_leave_right_after_the_commit(shell: Shell, cedar: str, file: str, tmp_path: Path, later: bool):
    """CSV-19: of a file that is imported at once, and of one that waited for ``import run``."""
    if later:
        assert shell("import", file, "--tenant", cedar, "--later").code == 0
        assert not (tmp_path / "outbox").exists()
        assert shell("import", "run", "--tenant", cedar).code == 0
    else:
        assert shell("import", file, "--tenant", cedar).code == 0
    assert subjects(tmp_path) == ["T-1", "T-2"]
    assert json.loads(shell("outbox", "status", "--json").out)[0]["messages"] == 0


@pytest.mark.parametrize(
    ("target", "said"),
    [("http://127.0.0.1:9/hook", "2 messages could not be delivered"), ("http://hooks.example.org/x", "messages wait")],
)
def test_a_target_that_does_not_take_them_is_a_warning(
    shell: Shell, cedar: str, file: str, monkeypatch: pytest.MonkeyPatch, target: str, said: str
):
    """CSV-19: the purchases are in, and the messages wait."""
    monkeypatch.setenv("SYNC_PLATFORM_IMPORTS__OUTBOX_URL", target)
    done = shell("import", file, "--tenant", cedar, "--json")
    assert (done.code, done.data["purchases"]) == (0, 2)
    assert f"warning: {said}" in done.err
    assert json.loads(shell("outbox", "status", "--json").out)[0]["messages"] == 2
