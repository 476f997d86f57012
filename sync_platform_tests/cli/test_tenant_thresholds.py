"""``tenant thresholds`` (BLZ-34, BLZ-35, CLI-01)."""

import pytest

from sync_platform_tests.cli.shell import Shell

USUAL = {"churn_medium_days": 30, "churn_high_days": 60, "vip_visits": 10, "vip_value": "1000"}


def test_without_options_the_present_thresholds_are_shown(shell: Shell, cedar: str) -> None:
    """BLZ-34, BLZ-35."""
    assert shell("tenant", "thresholds", cedar, "--json").data == {"slug": cedar, **USUAL}
    lines = shell("tenant", "thresholds", cedar).out.splitlines()
    assert [line.split() for line in lines if "vip_value" in line] == [["vip_value", "1000"]]


def test_options_change_thresholds_and_the_others_stay(shell: Shell, cedar: str) -> None:
    """BLZ-34, BLZ-35."""
    changed = shell("tenant", "thresholds", cedar, "--churn-medium", "14", "--vip-value", "499.50", "--json")
    assert changed.data == {"slug": cedar, **USUAL, "churn_medium_days": 14, "vip_value": "499.50"}
    rest = shell("tenant", "thresholds", cedar, "--churn-high", "28", "--vip-visits", "4", "--json")
    assert rest.data == {
        "slug": cedar,
        "churn_medium_days": 14,
        "churn_high_days": 28,
        "vip_visits": 4,
        "vip_value": "499.50",
    }
    assert shell("tenant", "thresholds", cedar, "--json").data == rest.data


@pytest.mark.parametrize(
    ("options", "remedy"),
    [
        (("--churn-medium", "60"), "give both --churn-medium and --churn-high"),
        (("--churn-high", "0"), "choose a number above 0"),
        (("--vip-visits", "-1"), "choose a number above 0"),
        (("--vip-value", "0"), "choose a number above 0"),
        (("--vip-value", "nan"), "choose a number above 0"),
        (("--vip-value", "much"), "not an amount such as 1000"),
        (("--vip-visits", "2.5"), "valid integer"),
    ],
)
def test_a_wrong_threshold_is_a_usage_error_with_a_remedy(
    shell: Shell, cedar: str, options: tuple[str, str], remedy: str
) -> None:
    """CLI-01: exit code 2, and nothing is changed."""
    refused = shell("tenant", "thresholds", cedar, *options)
    assert refused.code == 2
    assert remedy in refused.err
    assert shell("tenant", "thresholds", cedar, "--json").data == {"slug": cedar, **USUAL}


def test_an_unknown_tenant_is_a_usage_error(shell: Shell) -> None:
    """CLI-01: exit code 2."""
    assert shell("tenant", "thresholds", "nobody", "--vip-visits", "3").code == 2
