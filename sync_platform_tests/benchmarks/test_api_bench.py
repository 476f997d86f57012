"""The bench of the service measures what it says: a real process, answers of the wanted status, peaks of its memory."""

import pytest

from benchmarks.api import bearer
from benchmarks.api_upload import uploaded
from benchmarks.client import Ask
from benchmarks.service import Answers, ask, serving
from benchmarks.stage import Stage
from sync_platform.db.tenants import add_tenant
from sync_platform.settings import load_settings
from sync_platform.sync.platform import open_platform


def test_a_service_is_asked_by_several_clients_and_takes_an_upload(stage: Stage, database_url: str) -> None:
    """F-40, CSV-14: another status than the wanted one is counted; the file is as large as it says."""
    settings = load_settings(
        database_url=database_url, data_dir=stage.folder, master_keys=(stage.master_key,), _env_file=None
    )
    with open_platform(settings) as platform:
        tenant = add_tenant(platform.database, slug="bench", name="Bench", zone="UTC", country="US")
        headers = bearer(platform, tenant, "imports.create", "imports.read")
    small = Stage(stage.server_url, stage.folder, stage.out, stage.master_key, share=100)
    with serving(small, database_url, SYNC_PLATFORM_REQUESTS__WAITING_WORK="false") as service:
        found = ask(service, 2, [Ask("GET", "/api/import/list", headers)] * 6, 200, per_second=100)
        assert (len(found.seconds), found.strange) == (6, 0)
        assert ask(service, 2, [Ask("GET", "/api/import/list", {})] * 4, 200).strange == 4
        rise, size = uploaded(small, service, headers)
        assert (size, rise < service.peak_mib) == (1, True)
        assert service.peak_mib >= service.memory_mib > 10
    assert {path.stat().st_size for path in (stage.folder / "imports").iterdir()} == {1024, 2**20}


def test_the_share_of_answers_that_a_percentile_covers() -> None:
    """As reports of load generators have it."""
    answers = Answers([number / 1000 for number in range(100)], 0)
    assert answers.percentile_ms(0.95) == pytest.approx(95)
    assert answers.percentile_ms(0.99) == pytest.approx(99)
