"""``profiles ...``: imported from a file, and listed without showing who they are (CLI-01)."""

from pathlib import Path

import pytest

from sync_platform_tests.cli.shell import Shell

PEOPLE = "profile_id,full_name,phone,email\np-1,Ann Example,+66 81 234 5678,ann@example.org\np-2,Ben Sample,,\n"


@pytest.fixture
def people(tmp_path: Path) -> Path:
    path = tmp_path / "people.csv"
    path.write_text(PEOPLE)
    return path


def test_a_file_is_imported_and_a_second_time_changes_nothing(shell: Shell, cedar: str, people: Path):
    """CLI-01, SYS-05, SYS-20."""
    counted = shell("profiles", "import", str(people), "--tenant", cedar, "--dry-run", "--json")
    assert counted.data == {"tenant": "cedar", "dry_run": True, "added": 2, "changed": 0, "same": 0}
    assert shell("profiles", "list", "--tenant", cedar, "--json").data == []
    assert "2 profiles of cedar added" in shell("profiles", "import", str(people), "--tenant", cedar).out
    assert "2 are as they were" in shell("profiles", "import", str(people), "--tenant", cedar).out


def test_the_list_shows_who_has_a_customer_and_nobodys_name(shell: Shell, cedar: str, people: Path):
    """CLI-01."""
    shell("profiles", "import", str(people), "--tenant", cedar)
    listed = shell("profiles", "list", "--tenant", cedar)
    assert listed.code == 0
    assert "p-1" in listed.out
    assert not any(text in listed.everything for text in ("Ann Example", "234 5678", "ann@example.org", "Ben Sample"))
    first, second = shell("profiles", "list", "--tenant", cedar, "--json").data
    assert (first["full_name"], first["customer"], second["phone"]) == ("A***(11)", None, None)


def test_a_file_with_mistakes_is_not_imported_at_all(shell: Shell, cedar: str, people: Path):
    people.write_text(PEOPLE + ",Nameless,1,\np-1,Ann Example,2,\n")
    refused = shell("profiles", "import", str(people), "--tenant", cedar)
    assert refused.code == 2
    assert "line 4: profile_id is blank" in refused.err
    assert "line 5: is about the same profile as line 2" in refused.err
    assert shell("profiles", "list", "--tenant", cedar, "--json").data == []


def test_a_file_that_is_not_there_is_named(shell: Shell, cedar: str, tmp_path: Path):
    refused = shell("profiles", "import", str(tmp_path / "none.csv"), "--tenant", cedar)
    assert (refused.code, "cannot be read" in refused.err) == (2, True)
