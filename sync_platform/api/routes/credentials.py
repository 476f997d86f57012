"""``/api/tenant/credentials``: keys of a tenant's accounts: set and replaced, never shown (SEC-21)."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from sync_platform.api.caller import Caller, GuardedRoute, needs
from sync_platform.api.problems import answers
from sync_platform.api.shown.tenant import AccountList, AccountShown, Keys, Source, account_shown
from sync_platform.db.account_rules import REQUIRED_SECRETS
from sync_platform.db.credentials import accounts
from sync_platform.sync.tenant_credentials import NewKeys, put_keys

router = APIRouter(prefix="/api/tenant/credentials", tags=["tenant"], route_class=GuardedRoute)


@router.get(
    "",
    operation_id="list_credentials",
    summary="The tenant's accounts at its sources, without their keys",
    responses=answers(401, 403, 404),
)
def list_credentials(caller: Annotated[Caller, Depends(needs("config.read"))]) -> AccountList:
    """And which ones their source refuses."""
    found = [one for source in REQUIRED_SECRETS for one in accounts(caller.platform.database, caller.tenant.id, source)]
    return AccountList(items=[account_shown(one) for one in found])


@router.put(
    "/{source}",
    operation_id="put_credentials",
    summary="Add an account or replace its keys",
    responses={**answers(401, 403, 404), 201: {"model": AccountShown, "description": "the account is new"}},
)
def put_credentials(
    response: Response,
    source: Source,
    body: Keys,
    caller: Annotated[Caller, Depends(needs("credentials.rotate", personal=True))],
) -> AccountShown:
    """All secrets that the source needs, at once. Runs under way end with the keys they began with; the next ones take
    the new keys. The answer is the account without its keys."""
    settings = {name: value for name in ("base_url", "country") if (value := getattr(body, name)) is not None}
    secrets = {name: value.get_secret_value() for name, value in body.secrets.items()}
    done = put_keys(
        caller.platform,
        caller.tenant,
        NewKeys(source, body.environment, body.account, secrets, settings),
        caller.actor,
        request_id=caller.request_id,
        address=caller.address,
    )
    response.status_code = 201 if done.created else 200
    return account_shown(done.account)
