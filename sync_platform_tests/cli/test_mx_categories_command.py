"""``categories ...``: rules from a file, tried out, applied, and suggestions (MX-11, MX-13)."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from sync_platform.sandbox.mx_server import MxSandbox
from sync_platform_tests.cli.clinic_account import new_clinic, set_keys
from sync_platform_tests.cli.shell import Shell

RULES = (
    "kind,pattern,category\nprefix,vitamin drip,Drips\ncontains,PANEL,Laboratory\nregex,^(monthly|weight) plan,Plans\n"
)


@pytest.fixture
def vendor(monkeypatch: pytest.MonkeyPatch) -> Iterator[MxSandbox]:
    monkeypatch.setenv("SYNC_PLATFORM_MX_MERCHANT__CALLS_PER_SECOND", "1000")
    with MxSandbox([new_clinic(payments=60, invoices=40)]) as server:
        yield server


@pytest.fixture
def synced(shell: Shell, cedar: str, vendor: MxSandbox) -> str:
    set_keys(shell, cedar, vendor.url)
    assert shell("sync", "mx_merchant", "--tenant", cedar, "--days", "5").code == 0
    return cedar


@pytest.fixture
def rules(tmp_path: Path) -> str:
    path = tmp_path / "rules.csv"
    path.write_text(RULES)
    return str(path)


def test_rules_are_tried_applied_and_then_nothing_would_move(shell: Shell, synced: str, rules: str):
    """MX-11: how many rows move where, before and after."""
    moves = shell("categories", "test", "--tenant", synced, "--file", rules, "--json").data
    assert {move["before"] for move in moves} == {"Uncategorized"}
    assert {move["after"] for move in moves} == {"Drips", "Laboratory", "Plans"}
    dry = shell("categories", "apply", "--tenant", synced, "--file", rules, "--dry-run", "--json")
    assert dry.data == moves
    assert shell("categories", "list", "--tenant", synced, "--json").data == []
    done = shell("categories", "apply", "--tenant", synced, "--file", rules, "--yes", "--json")
    assert done.code == 0, done.err
    assert done.data["payments"] == sum(move["payments"] for move in moves) > 0
    assert done.data["invoices"] == sum(move["invoices"] for move in moves) > 0
    stored = shell("categories", "list", "--tenant", synced, "--json").data
    assert [(rule["position"], rule["kind"]) for rule in stored] == [(1, "prefix"), (2, "contains"), (3, "regex")]
    assert shell("categories", "test", "--tenant", synced).out == "no row would move\n"
    again = shell("categories", "apply", "--tenant", synced, "--yes", "--json")
    assert (again.data["payments"], again.data["invoices"]) == (0, 0)


def test_without_a_person_and_without_yes_nothing_is_applied(shell: Shell, synced: str, rules: str):
    """CLI-01: exit code 4, and what to do."""
    refused = shell("categories", "apply", "--tenant", synced, "--file", rules)
    assert refused.code == 4
    assert "--yes" in refused.err
    assert "payments and" in refused.err
    assert shell("categories", "list", "--tenant", synced, "--json").data == []


def test_products_without_a_category_get_suggestions_with_a_score(shell: Shell, synced: str, tmp_path: Path):
    """MX-13."""
    path = tmp_path / "rules.json"
    path.write_text(json.dumps([{"kind": "contains", "pattern": "4 weeks", "category": "Plans"}]))
    assert shell("categories", "apply", "--tenant", synced, "--file", str(path), "--yes").code == 0
    found = {
        one["product"]: one["suggestions"] for one in shell("categories", "suggest", "--tenant", synced, "--json").data
    }
    assert all(len(similar) <= 3 for similar in found.values())
    (best, *_) = found["Weight Plan - 12 Weeks"]
    assert best["category"] == "Plans"
    assert 0 < best["score"] <= 100
    assert "Weight Plan - 12 Weeks" in shell("categories", "suggest", "--tenant", synced).out


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("a.csv", "kind,pattern\nexact,x\n", "rule 1"),
        ("a.csv", "kind,pattern,category\nexact,x,Y,Z\n", "rule 1"),
        ("a.csv", "kind,pattern,category\nexact,x\n", "rule 1"),
        ("a.csv", "position,kind,pattern,category\nfirst,exact,x,Y\n", "position"),
        ("a.csv", "position,kind,pattern,category\n1,exact,x,Y\n1,exact,z,Y\n", "position 1"),
        ("a.csv", "kind,pattern,category\nsounds like,x,Y\n", "there is no such kind"),
        ("a.csv", "kind,pattern,category\nregex,(,Y\n", "not a regular expression"),
        ("a.json", '{"kind": "exact"}', "not a list of rules"),
        ("a.json", '[{"kind": "exact", "pattern": 5, "category": "Y"}]', "texts"),
        ("a.json", '[{"kind": "exact", "pattern": "x", "category": "Y", "position": []}]', "position"),
        ("a.csv", "x" * ((1 << 20) + 1), "more than"),
        ("nowhere.csv", None, "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_by_the_place_of_the_mistake(
    shell: Shell, cedar: str, tmp_path: Path, name: str, text: str | None, says: str
):
    """CLI-01: exit code 2, nothing is changed."""
    path = tmp_path / name
    if text is not None:
        path.write_text(text)
    refused = shell("categories", "apply", "--tenant", cedar, "--file", str(path), "--yes")
    assert refused.code == 2, refused.everything
    assert says in refused.err


def test_a_file_that_is_not_text_is_refused(shell: Shell, cedar: str, tmp_path: Path):
    """CLI-01."""
    path = tmp_path / "rules.csv"
    path.write_bytes(b"kind,pattern,category\nexact,\xff,Y\n")
    refused = shell("categories", "test", "--tenant", cedar, "--file", str(path))
    assert (refused.code, "UTF-8" in refused.err) == (2, True)
