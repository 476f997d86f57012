"""``matches ...``: questions are listed, looked at and decided (CRM-08, CLI-01)."""

from pathlib import Path

import pytest

from sync_platform.db.tenants import find_tenant
from sync_platform.settings import load_settings
from sync_platform.sync.platform import open_platform
from sync_platform_tests.cli.shell import Shell
from sync_platform_tests.sync.crm.crm_people import InCrm, match, put_customers

ANN = InCrm(4711, "Ann Example", "081-234-5678", "ann@example.org")


def match_now(slug: str, *customers: InCrm) -> None:
    """What a sync does after it has read the CRM's customers."""
    with open_platform(load_settings()) as platform:
        tenant = find_tenant(platform.database, slug)
        put_customers(platform, tenant, customers)
        match(platform, tenant)


@pytest.fixture
def asked(shell: Shell, cedar: str, tmp_path: Path) -> int:
    """The number of the question whether Ann, who gave no phone, is Ann."""
    path = tmp_path / "people.csv"
    path.write_text("profile_id,full_name\np-ann,Ann Example\n")
    assert shell("profiles", "import", str(path), "--tenant", cedar).code == 0
    match_now(cedar, ANN)
    (only,) = shell("matches", "list", "--tenant", cedar, "--json").data
    return int(only["id"])


def test_the_list_masks_and_a_single_question_shows_both_records(shell: Shell, cedar: str, asked: int):
    """CRM-08."""
    listed = shell("matches", "list", "--tenant", cedar)
    assert "A***(11)" in listed.out
    assert "p-ann" in listed.out
    assert not any(text in listed.everything for text in ("Ann Example", "081-234", "ann@example.org"))
    shown = shell("matches", "show", str(asked), "--tenant", cedar)
    assert shown.code == 0
    assert all(text in shown.out for text in ("Ann Example", "081-234-5678", "ann@example.org", "first_name", "exact"))
    data = shell("matches", "show", str(asked), "--tenant", cedar, "--json").data
    assert (data["profile"]["full_name"], data["customer"]["contact_number"]) == ("Ann Example", "081-234-5678")
    assert data["evidence"]["phone"] == {"near": "unknown", "points": 0.0}


def test_a_question_is_confirmed_and_the_link_taken_back(shell: Shell, cedar: str, asked: int):
    """CRM-08."""
    done = shell("matches", "confirm", str(asked), "--tenant", cedar, "--note", "she called", "--json")
    assert (done.code, done.data["state"]) == (0, "confirmed")
    assert shell("profiles", "list", "--tenant", cedar, "--json").data[0]["customer"] == "confirmed"
    taken = shell("matches", "unlink", "p-ann", "--tenant", cedar)
    assert f"matches reopen {asked}" in taken.out
    assert shell("profiles", "list", "--tenant", cedar, "--json").data[0]["customer"] is None
    assert [one["state"] for one in shell("matches", "list", "--tenant", cedar, "--state", "all", "--json").data] == [
        "rejected"
    ]


def test_a_question_is_rejected_not_asked_again_and_reopened(shell: Shell, cedar: str, asked: int):
    """CRM-08."""
    assert "will not be linked" in shell("matches", "reject", str(asked), "--tenant", cedar).out
    match_now(cedar)
    assert shell("matches", "list", "--tenant", cedar, "--json").data == []
    again = shell("matches", "confirm", str(asked), "--tenant", cedar)
    assert (again.code, "is rejected by cli/" in again.err) == (4, True)
    assert shell("matches", "reopen", str(asked), "--tenant", cedar).code == 0
    assert len(shell("matches", "list", "--tenant", cedar, "--state", "open", "--json").data) == 1


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("show", "999"), "no review 999"),
        (("confirm", "999"), "no review 999"),
        (("unlink", "nobody"), "linked to no customer"),
        (("list", "--state", "odd"), "no state 'odd'"),
    ],
)
def test_what_there_is_not_is_said(shell: Shell, cedar: str, command: tuple[str, ...], said: str):
    """CLI-01: exit code 2."""
    refused = shell("matches", *command, "--tenant", cedar)
    assert (refused.code, said in refused.err) == (2, True)
