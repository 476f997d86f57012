"""Settings of the CRM: bounds, where they are read from, and that each of the client's reaches it."""

from typing import Any

import pytest

from sync_platform.settings import CrmSettings, load_settings
from sync_platform.sync.crm_accounts import crm_options
from sync_platform_tests.sync.conftest import MakePlatform


def test_every_setting_of_the_crm_reaches_its_client(make_platform: MakePlatform) -> None:
    """CFG-01: a setting that changes nothing would be a promise."""
    changed: dict[str, Any] = {
        "page_size": 7,
        "in_list_size": 8,
        "max_url": 2000,
        "packages_source": "function",
        "packages_table": "sold",
        "packages_function": "find_sold",
        "customers_table": "people",
        "customer_columns": ("id", "name"),
    }
    api = {"base_path": "", "db_schema": "sales", "count_rows": False}
    options = crm_options(make_platform(crm={**changed, **api}))
    assert {name: getattr(options, name) for name in changed} == changed
    assert {name: getattr(options.postgrest, name) for name in api} == api


@pytest.mark.parametrize(
    "wrong",
    [
        {"base_path": "rest"},
        {"base_path": "/rest/"},
        {"customers_table": "customers?select=*"},
        {"db_schema": "a b"},
        {"country": "tha"},
        {"customer_columns": ("email",)},
        {"customer_columns": ("id", "a,b")},
        {"batch_profiles": 201},
        {"batch_pause_seconds": 61},
        {"profiles_at_once": 0},
        {"retry_backoff_minutes": ()},
        {"retry_backoff_minutes": (0,)},
        {"review_from": 0.7},
    ],
)
def test_settings_that_cannot_be_meant_are_refused(wrong: dict[str, Any]) -> None:
    """CFG-01, CRM-13."""
    with pytest.raises(ValueError, match=next(iter(wrong))):
        CrmSettings(**wrong)


def test_settings_of_the_crm_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """CFG-01: lists are JSON."""
    monkeypatch.setenv("SYNC_PLATFORM_CRM__RETRY_BACKOFF_MINUTES", "[5, 10]")
    monkeypatch.setenv("SYNC_PLATFORM_CRM__PACKAGES_SOURCE", "function")
    crm = load_settings(_env_file=None).crm
    assert (crm.retry_backoff_minutes, crm.packages_source) == ((5, 10), "function")
