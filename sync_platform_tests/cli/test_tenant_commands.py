"""``tenant add/list/suspend/resume`` (TEN-01, CLI-01, CLI-04)."""

from sync_platform_tests.cli.shell import Shell


def test_an_added_tenant_is_listed_with_all_that_was_said(shell: Shell):
    """TEN-01, CLI-04."""
    added = shell("tenant", "add", "cedar", "--name", "Cedar", "--zone", "America/Denver", "--country", "US", "--json")
    assert added.code == 0
    listed = shell("tenant", "list", "--json")
    assert listed.data == [added.data]
    assert {k: added.data[k] for k in ("slug", "name", "zone_name", "country", "state")} == {
        "slug": "cedar",
        "name": "Cedar",
        "zone_name": "America/Denver",
        "country": "US",
        "state": "active",
    }
    assert "cedar" in shell("tenant", "list").out


def test_a_suspended_tenant_is_listed_on_request_and_resumes(shell: Shell, cedar: str):
    """TEN-01, CLI-04."""
    assert shell("tenant", "suspend", cedar, "--json").data["state"] == "suspended"
    assert shell("tenant", "list", "--json").data == []
    assert [t["slug"] for t in shell("tenant", "list", "--all", "--json").data] == [cedar]
    assert shell("tenant", "resume", cedar).out == "cedar is active\n"


def test_a_slug_that_is_taken_is_a_usage_error_in_both_forms(shell: Shell, cedar: str):
    """CLI-01: exit code 2."""
    again = ("tenant", "add", cedar, "--name", "X", "--zone", "UTC")
    assert shell(*again).code == 2
    told = shell(*again, "--json")
    assert (told.code, told.data["error"]["code"]) == (2, "InvalidRequest")


def test_an_unknown_tenant_is_a_usage_error_with_a_remedy(shell: Shell):
    """CLI-01: exit code 2."""
    refused = shell("tenant", "suspend", "nobody")
    assert refused.code == 2
    assert "tenant list" in refused.err
