"""How often somebody may ask, in all processes of the service together."""

import pytest

from sync_platform.api.limits import AUDITED_REFUSALS, RateLimits, network
from sync_platform.core.principal import Identity
from sync_platform.db.rate_limits import take
from sync_platform.sync.audit import read_audit
from sync_platform_tests.api.rooms import Rooms


def rooms_of(service):
    rooms = Rooms()
    rooms.add_to(service.app)
    return rooms


def test_writes_and_reads_are_limited_per_token(make_service, token, problem):
    """API-09: 429 with the seconds to wait; another token is not touched, and reads are counted apart from writes."""
    service = make_service(api={"writes_per_minute": 3, "reads_per_minute": 5})
    rooms_of(service)
    greedy, other = token("config.update", "config.read"), token("config.update")
    room = {"name": "a", "seats": 1}
    assert [service.client.post("/rooms", json=room, headers=greedy).status_code for _ in range(3)] == [201] * 3
    refused = service.client.post("/rooms", json=room, headers=greedy)
    problem(refused, 429, "too-many-requests")
    assert 1 <= int(refused.headers["retry-after"]) <= 65
    assert [service.client.get("/rooms/1", headers=greedy).status_code for _ in range(6)] == [200] * 5 + [429]
    assert service.client.post("/rooms", json=room, headers=other).status_code == 201


def test_processes_share_the_count(make_service, token):
    """API-09."""
    services = [make_service(api={"writes_per_minute": 4}) for _ in range(2)]
    headers = token("config.update")
    for service in services:
        rooms_of(service)
    seen = [
        services[n % 2].client.post("/rooms", json={"name": "a", "seats": 1}, headers=headers).status_code
        for n in range(6)
    ]
    assert seen == [201] * 4 + [429] * 2


def test_five_sign_ins_may_fail_in_a_minute(make_service, token, problem):
    """API-09, SEC-31: then 429; what is audited is bounded, and good credentials of the same address go on."""
    service = make_service()
    rooms_of(service)
    wrong = {"Authorization": "Bearer nonsense"}
    seen = [service.client.get("/rooms/1", headers=wrong).status_code for _ in range(12)]
    assert seen == [401] * 5 + [429] * 7
    assert "retry-after" in service.client.get("/rooms/1", headers=wrong).headers
    assert service.client.get("/rooms/1", headers=token("config.read")).status_code == 200
    assert len(read_audit(service.platform, None)) == 5


def test_a_flood_of_refusals_does_not_fill_the_audit(make_service, token):
    """SEC-31."""
    service = make_service(api={"reads_per_minute": 100_000})
    rooms_of(service)
    headers = token("imports.read")
    for _ in range(AUDITED_REFUSALS + 10):
        assert service.client.get("/rooms/1", headers=headers).status_code == 403
    refused = [
        e for e in read_audit(service.platform, service.tenant.id, limit=200) if e.action == "permission.refused"
    ]
    assert len(refused) == AUDITED_REFUSALS


def test_no_sixty_seconds_hold_more_than_the_limit(database):
    """API-09: counted over a sliding minute, whatever the moment of its beginning."""
    granted = []
    with database.transaction() as conn:
        for second in range(0, 300, 3):
            row = conn.execute(
                "select granted, wait_seconds from platform.take_requests('x', 4, 20,"
                " timestamptz '2026-11-21 12:00:00.7Z' + make_interval(secs => %s))",
                (second,),
            ).fetchone()
            granted.append((second, row[0]))
            # whoever waits as long as it is told gets something
            assert (row[0] == 0) == (row[1] > 0)
    for begin in range(240):
        assert sum(count for second, count in granted if begin <= second < begin + 60) <= 20
    assert sum(count for _, count in granted) >= 20 * 4


def test_reads_are_taken_by_the_handful_and_all_are_used(platform):
    """API-09: 600 reads of one process cost 60 statements, and none is lost."""
    moment = [0.0]
    limits = RateLimits(platform, clock=lambda: moment[0])
    who = Identity("service", "7", None)
    for _ in range(600):
        limits.request(who, write=False)
    with pytest.raises(Exception, match="600 reads"):
        limits.request(who, write=False)
    assert take(platform.database, "somebody else", 1, 600) == (1, 0.0)


def test_whoever_is_forgotten_while_the_database_is_asked_is_served(platform, monkeypatch):
    """API-09: ten thousand others came meanwhile."""
    limits = RateLimits(platform, clock=lambda: 0.0)

    def take_meanwhile(*_):
        limits._shares.clear()
        return 1, 0.0

    monkeypatch.setattr("sync_platform.api.limits.take", take_meanwhile)
    for _ in range(3):
        limits.request(Identity("service", "9", None), write=False)


@pytest.mark.parametrize("per_second", [1, 2, 7])
def test_whoever_reads_steadily_below_the_limit_is_never_refused(platform, monkeypatch, per_second):
    """API-09: what was taken by the handful and not used does not use the limit up."""
    moment = [0.0]

    def take_then(database, who, count, limit):
        with database.transaction() as conn:
            return conn.execute(
                "select granted, wait_seconds from platform.take_requests(%s, %s, %s,"
                " timestamptz '2026-11-21 12:00:00Z' + make_interval(secs => %s))",
                (who, count, limit, moment[0]),
            ).fetchone()

    monkeypatch.setattr("sync_platform.api.limits.take", take_then)
    limits = RateLimits(platform, clock=lambda: moment[0])
    who = Identity("service", "8", None)
    for _ in range(150):
        for _ in range(per_second):
            limits.request(who, write=False)
        moment[0] += 1.0


@pytest.mark.parametrize(
    ("address", "whole"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("testclient", "testclient"),
    ],
)
def test_an_ipv6_household_is_one_address(address, whole):
    """API-09."""
    assert network(address) == whole
