"""Keys of accounts over HTTP: written, replaced under running syncs, never read."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from httpx import Response

from sync_platform.db.credentials import accounts, reveal, set_credential
from sync_platform.sandbox.server import BlazeSandbox
from sync_platform.sandbox.shop import build_shop
from sync_platform.sandbox.spec import ShopSpec
from sync_platform.sync.audit import read_audit
from sync_platform.sync.request import ENTITIES, Entity
from sync_platform_tests.api.conftest import MakePerson, Person, Service, Token
from sync_platform_tests.sync.syncing import sync

PATH = "/api/tenant/credentials"
BLAZE = {"partner_key": "invented-partner-key-1", "shop_key": "invented-shop-key-1"}


def put(service: Service, headers: dict[str, str], secrets: dict[str, str] = BLAZE, **body: Any) -> Response:
    """Keys for the source blaze, or another."""
    source = body.pop("source", "blaze")
    answer: Response = service.client.put(f"{PATH}/{source}", json={"secrets": secrets} | body, headers=headers)
    return answer


def test_keys_are_stored_and_never_answered(
    service: Service, owner: Person, capsys: pytest.CaptureFixture[str]
) -> None:
    """SEC-21, SEC-22: not in the answer, the list, the audit or the log."""
    made = put(service, owner.headers, account="main")
    assert (made.status_code, made.json()["account"]) == (201, "main")
    [account] = accounts(service.platform.database, service.tenant.id, "blaze")
    assert reveal(service.platform.database, service.platform.keyring, account) == BLAZE
    listed = service.client.get(PATH, headers=owner.headers)
    (entry,) = read_audit(service.platform, service.tenant.id, action="credentials.")
    seen = made.text + listed.text + str(entry) + capsys.readouterr().out
    assert not any(secret in seen for secret in BLAZE.values())
    assert [one["source"] for one in listed.json()["items"]] == ["blaze"]


def test_a_rotation_replaces_all_keys_and_is_noted_with_hashes(service: Service, owner: Person) -> None:
    """SEC-30, HTTP-04: which key it was cannot be guessed from the hashes; an alarm is closed."""
    assert put(service, owner.headers).status_code == 201
    newer = {"partner_key": "invented-partner-key-1", "shop_key": "invented-shop-key-2"}
    assert put(service, owner.headers, newer).status_code == 200
    [account] = accounts(service.platform.database, service.tenant.id, "blaze")
    assert reveal(service.platform.database, service.platform.keyring, account) == newer
    rotated, first = read_audit(service.platform, service.tenant.id, action="credentials.")
    assert (rotated.action, rotated.subject, rotated.actor) == (
        "credentials.rotate",
        "blaze/production/main",
        f"user:{owner.id}",
    )
    assert (first.action, first.before_hash, first.after_hash) == ("credentials.set", None, rotated.before_hash)
    assert rotated.after_hash not in (None, rotated.before_hash)


@pytest.mark.parametrize(
    ("source", "secrets", "body"),
    [
        ("blaze", {"partner_key": "invented"}, {}),
        ("blaze", BLAZE | {"api_key": "invented"}, {}),
        ("blaze", BLAZE | {"shop_key": "two\nlines"}, {}),
        ("blaze", BLAZE | {"shop_key": " "}, {}),
        ("blaze", BLAZE, {"environment": "moon"}),
        ("blaze", BLAZE, {"base_url": "https://blaze.example.org"}),
        ("mx_merchant", {"consumer_key": "invented", "consumer_secret": "invented"}, {"account": "main"}),
        ("crm", {"api_key": "invented-key"}, {}),
        ("crm", {"api_key": "invented-key"}, {"base_url": "http://crm.example.org"}),
        ("crm", {"api_key": "invented-key"}, {"base_url": "https://127.0.0.1"}),
        ("crm", {"api_key": "invented-key"}, {"base_url": "https://0x7f.1"}),
        ("crm", {"api_key": "invented-key"}, {"base_url": "https://[::1]"}),
        ("crm", {"api_key": "invented-key"}, {"base_url": "https://localhost"}),
        ("crm", {"api_key": "invented-key"}, {"base_url": "https://metadata.internal"}),
        ("crm", {"api_key": "invented-key"}, {"base_url": "https://somebody:word@crm.example.org"}),
        ("paypal", {"api_key": "invented-key"}, {}),
    ],
)
def test_what_no_account_can_have_is_refused_without_repeating_it(
    service: Service, owner: Person, source: str, secrets: dict[str, str], body: dict[str, Any]
) -> None:
    """MX-01, SEC-21: nor is our own network reached by an address from outside."""
    refused = put(service, owner.headers, secrets, source=source, **body)
    assert refused.status_code == 422, refused.text
    assert not any(value.strip() in refused.text for value in secrets.values() if value.strip())
    assert service.client.get(PATH, headers=owner.headers).json()["items"] == []


def test_a_crm_has_an_address_of_its_own(service: Service, owner: Person) -> None:
    """CRM-01."""
    made = put(
        service,
        owner.headers,
        {"api_key": "invented-key"},
        source="crm",
        base_url="https://crm.example.org",
        country="TH",
    )
    assert made.status_code == 201, made.text
    assert made.json()["settings"] == {"base_url": "https://crm.example.org", "country": "TH"}


def test_who_reads_the_list_may_not_therefore_set_keys(service: Service, person: MakePerson, token: Token) -> None:
    """TEN-22."""
    assert put(service, person("tenant_admin").headers).status_code == 403
    assert put(service, token("config.read")).status_code == 403
    assert service.client.get(PATH, headers=person("viewer").headers).status_code == 403
    assert put(service, token("credentials.rotate", tenant=service.other_tenant)).status_code == 201
    assert accounts(service.platform.database, service.tenant.id, "blaze") == []


@pytest.fixture
def shop_server() -> Iterator[tuple[BlazeSandbox, ShopSpec]]:
    """A small shop that answers on loopback."""
    now = datetime.now(UTC)
    spec = ShopSpec(
        name="alder",
        shop_key="alder-shop-key",
        zone="America/Los_Angeles",
        seed=7,
        now=now,
        first_day=now.date() - timedelta(days=2),
        days=3,
        members=20,
        products=5,
        sales_per_day=5,
    )
    with BlazeSandbox([build_shop(spec)]) as server:
        yield server, spec


def test_keys_change_while_syncs_run_and_none_fails(
    service: Service, owner: Person, shop_server: tuple[BlazeSandbox, ShopSpec]
) -> None:
    """F-71, at small scale: the source takes both keys until the runs that began with the old one have ended."""
    server, spec = shop_server
    set_credential(
        service.platform.database,
        service.platform.keyring,
        service.tenant.id,
        source="blaze",
        environment="stage",
        account=spec.name,
        secrets={"partner_key": spec.partner_key, "shop_key": spec.shop_key},
        settings={"base_url": server.url},
    )
    server.shops["alder-shop-key-2"] = server.shops[spec.shop_key]

    def forget_the_old_key() -> None:
        del server.shops[spec.shop_key]

    ended = threading.Barrier(len(ENTITIES) + 1, action=forget_the_old_key)

    def run(entity: Entity) -> list[str]:
        states = [sync(service.platform, service.tenant, entity, 3).state for _ in range(2)]
        ended.wait(300)
        return states + [sync(service.platform, service.tenant, entity, 3).state for _ in range(2)]

    with ThreadPoolExecutor(len(ENTITIES)) as pool:
        running = [pool.submit(run, entity) for entity in ENTITIES]
        while server.journal.count() == 0 and not any(one.done() for one in running):
            time.sleep(0.01)
        newer = {"partner_key": spec.partner_key, "shop_key": "alder-shop-key-2"}
        rotated = put(service, owner.headers, newer, environment="stage", account=spec.name)
        assert rotated.status_code == 200, rotated.text
        assert rotated.json()["settings"]["base_url"] == server.url
        ended.wait(300)
        states = [state for one in running for state in one.result()]
    assert states == ["succeeded"] * 12
    assert server.journal.count(status=401) == 0
    [account] = accounts(service.platform.database, service.tenant.id, "blaze")
    assert account.rejected_at is None
