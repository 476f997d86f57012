"""``docs/http.md``: its examples work as they stand there, and its table is that of the document."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sync_platform.sync.permissions import SCOPES
from sync_platform.sync.request_worker import RequestWorker
from sync_platform_tests.api.conftest import MakePerson, MakeService, Token
from sync_platform_tests.api.curl_examples import PAGE, RUNNERS, Example, Seen, examples
from sync_platform_tests.api.listening import listening
from sync_platform_tests.api.role_things import Things
from sync_platform_tests.api.shops import shop_of

BEGIN, END = "<!-- endpoints: written by pytest --write-inventory -->\n", "<!-- end of the endpoints -->\n"
GENEROUS = {"writes_per_minute": 100_000, "reads_per_minute": 100_000, "failed_per_minute": 1000}
#: What later examples take out of earlier answers.
TAKEN = {"RUN": "run_id", "IMPORT": "batch_id"}


def with_table(text: str, document: dict) -> str:
    """The page with a line per operation between its marks."""
    lines = ["| method and path | permission | what it does |", "|---|---|---|"]
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            needed = operation.get("x-permissions")
            named = "nobody has to sign in" if needed is None else ", ".join(f"`{one}`" for one in needed)
            lines.append(f"| {method.upper()} `{path}` | {named or 'signed in'} | {operation['summary']} |")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + "\n".join(lines) + "\n" + END + after


def test_the_table_of_endpoints_is_that_of_the_document(make_service: MakeService, pytestconfig: pytest.Config):
    """API-08, DOC-02: ``pytest --write-inventory`` with this file writes it again."""
    text = PAGE.read_text(encoding="utf-8")
    wanted = with_table(text, make_service().app.openapi())
    if pytestconfig.getoption("--write-inventory"):
        PAGE.write_text(wanted, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == wanted


def test_every_group_of_endpoints_has_an_example(make_service: MakeService):
    """API-08: each first part of a path is called on the page."""
    called = {path for one in examples() for path in re.findall(r"\$HOST(/(?:api/)?[a-z]+)", one.command)}
    paths = make_service().app.openapi()["paths"]
    assert called == {found for path in paths for found in re.findall(r"^/(?:api/)?[a-z]+", path)}


@pytest.fixture
def variables(
    make_service: MakeService,
    tenant,
    make_tenant,
    database_url: str,
    grant: Callable[..., None],
    token: Token,
    person: MakePerson,
) -> Iterator[dict[str, str]]:
    """What the page asks to be set in the shell, for a tenant that has one of each thing."""
    cedar = make_tenant("cedar")
    service = make_service(api=GENEROUS)
    platform = service.platform
    things = Things(service, cedar, database_url, grant, token("imports.create", tenant=cedar))
    owner, admin = person("tenant_owner", tenant=cedar), person("super_admin")
    things.add_profile(owner.id)
    numbers = {
        "ITEM": "item_id",
        "OTHER": "other_item_id",
        "MATCH": "review_id",
        "PROMOTION": "promotion_id",
        "RUN": "run_id",
    }
    with shop_of(platform, cedar), listening(platform) as live, RequestWorker(platform, 1, pulse=0.05):
        yield {
            "HOST": live.url,
            "TOKEN": token(*SCOPES, tenant=cedar)["Authorization"].removeprefix("Bearer "),
            "PERSON": owner.token,
            "ADMIN": admin.token,
            "IMPORT": things.named("batch_id"),
            **{name: things.named(what) for name, what in numbers.items()},
        }


@pytest.mark.timeout(600)
@pytest.mark.parametrize("runner", RUNNERS)
def test_the_examples_work_as_they_are_written(variables: dict[str, str], tmp_path: Path, runner: str):
    """DOC-02: in the order of the page; statuses as shown, and every name that is shown is in the answer."""
    wrong = []
    for example in examples():
        seen = RUNNERS[runner](example, variables, tmp_path)
        wrong += differences(example, seen)
        variables |= {name: str(found) for name, key in TAKEN.items() if (found := seen.find(key))}
    assert not wrong, "\n".join(wrong)
    assert (tmp_path / "fix.csv").read_bytes()


def differences(example: Example, seen: Seen) -> list[str]:
    """What the page says that is not so."""
    if example.status is None:
        return []
    if seen.status != example.status:
        return [f"{example.command}: {seen.status}, {seen.body[:300]}"]
    return [
        f"{example.command}: no {name} in {seen.body[:300]}" for name in example.names if f'"{name}"' not in seen.body
    ]


def test_the_page_shows_no_secret_and_no_address_of_this_machine():
    """SEC-22: tokens are dots, hosts are variables."""
    text = PAGE.read_text(encoding="utf-8")
    assert not re.search(r"(spt|spi|whk)_[A-Za-z0-9]{8}(?!0)", text)
    assert not re.search(r"eyJ[A-Za-z0-9]", text)
