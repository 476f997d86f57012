"""``credential`` and ``doctor`` for a CRM: the address is asked for, and an open table is a warning."""

from collections.abc import Iterator

import pytest

from sync_platform.sandbox.crm_project import CrmProject, build_crm
from sync_platform.sandbox.crm_server import CrmSandbox
from sync_platform.sandbox.crm_spec import CrmSpec
from sync_platform.sandbox.faults import Fault
from sync_platform_tests.cli.shell import Outcome, Shell

KEY, PUBLIC = "canary-crm-key", "invented-public-key"


@pytest.fixture
def project() -> CrmProject:
    return build_crm(CrmSpec(name="club", seed=3, customers=5, api_key=KEY, public_key=PUBLIC))


@pytest.fixture
def server(project: CrmProject) -> Iterator[CrmSandbox]:
    with CrmSandbox([project]) as running:
        yield running


def stored(shell: Shell, *settings: str) -> Outcome:
    options = [part for setting in settings for part in ("--setting", setting)]
    return shell("credential", "set", "--tenant", "cedar", "--source", "crm", *options, typed=f"{KEY}\n")


def test_an_account_without_an_address_is_refused_and_one_with_it_is_tried(
    shell: Shell, cedar: str, server: CrmSandbox
) -> None:
    """CLI-04."""
    refused = stored(shell)
    assert refused.code != 0
    assert "base_url" in refused.everything
    assert stored(shell, f"base_url={server.url}", "country=TH").code == 0
    tried = shell("credential", "test", "--tenant", "cedar", "--source", "crm", "--json")
    assert tried.code == 0
    assert "canary" not in refused.everything + tried.everything


def test_customers_that_everybody_can_read_are_a_warning_of_doctor_and_of_the_test(
    shell: Shell, cedar: str, server: CrmSandbox, project: CrmProject
) -> None:
    """CRM-03: with the remedy, and without stopping anything."""
    stored(shell, f"base_url={server.url}", f"public_key={PUBLIC}")
    name = "cedar crm/production/main"
    findings = {one["name"]: one for one in shell("doctor", "--json").data["findings"]}
    assert (findings[name]["state"], findings[name]["remedy"]) == ("ok", "")
    assert "customers, packages" in findings[name]["detail"]
    project.anonymous = "visible"
    outcome = shell("doctor", "--json")
    findings = {one["name"]: one for one in outcome.data["findings"]}
    assert outcome.code == 0
    assert findings[name]["state"] == "warning"
    assert "revoke select from anon" in findings[name]["remedy"]
    tried = shell("credential", "test", "--tenant", "cedar", "--source", "crm")
    assert tried.code == 0
    assert "row security" in tried.everything
    assert PUBLIC not in outcome.everything + tried.everything


def test_a_missing_grant_is_named_as_what_it_is(shell: Shell, cedar: str, server: CrmSandbox) -> None:
    """CLI-06: not as a key to be changed."""
    stored(shell, f"base_url={server.url}")
    server.faults.add(Fault(kind="status", status=403, field="42501"))
    outcome = shell("doctor", "--json")
    assert outcome.code == 1
    [bad] = [one for one in outcome.data["findings"] if one["state"] == "bad"]
    assert "grant select" in bad["detail"]
    assert "credential test" in bad["remedy"]
    assert "rotate" not in bad["remedy"]
