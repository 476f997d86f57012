"""``sync-platform matches``: who is which customer of the CRM, where a person has to decide it (CRM-08)."""

from collections.abc import Callable
from dataclasses import asdict
from getpass import getuser
from typing import Annotated, Any, Concatenate, ParamSpec, get_args

import typer

from sync_platform.cli.choices import one_of
from sync_platform.cli.match_quality import evaluate_matches
from sync_platform.cli.output import AsJson, emit, table_of
from sync_platform.core.redact import masked
from sync_platform.core.tenant import Tenant
from sync_platform.db.match_reviews import Review, ReviewState
from sync_platform.db.tenants import find_tenant
from sync_platform.settings import load_settings
from sync_platform.sync import reviews
from sync_platform.sync.platform import Platform, open_platform

app = typer.Typer(help="Which customer of the CRM a profile is, where a person has to decide it.", no_args_is_help=True)
app.command("evaluate")(evaluate_matches)

TenantSlug = Annotated[str, typer.Option("--tenant", help="Slug of the tenant.")]
ReviewId = Annotated[int, typer.Argument(help="Number of the question, from `matches list`.")]
Note = Annotated[str, typer.Option("--note", help="Why; kept beside the decision.")]

P = ParamSpec("P")

#: What is compared, and what it is called in the two records.
SIDES = (("name", "full_name", "customer_name"), ("phone", "phone", "contact_number"), ("email", "email", "email"))


@app.command("list")
def list_all(
    tenant: TenantSlug,
    state: Annotated[str, typer.Option(help=f"{', '.join(get_args(ReviewState))} or all.")] = "open",
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
    as_json: AsJson = False,
) -> None:
    """Show questions, newest first, with names masked. `matches show` shows one of them with both records."""
    wanted = None if state == "all" else one_of(state, get_args(ReviewState), "state", " or all")
    with open_platform(load_settings()) as platform:
        found = reviews.open_reviews(platform, find_tenant(platform.database, tenant), wanted, limit)
    data = [_line(one) for one in found]
    columns = ("id", "profile_id", "customer_id", "profile", "customer", "score", "reason", "state", "created_at")
    emit(data, as_json, table_of(*columns, rows=[tuple(one.values()) for one in data]))


@app.command()
def show(review_id: ReviewId, tenant: TenantSlug, as_json: AsJson = False) -> None:
    """Show one question: both records side by side, as they were when it was asked, and what speaks for it.

    Personal data are shown, as without them nobody can decide.
    """
    with open_platform(load_settings()) as platform:
        found = reviews.review(platform, find_tenant(platform.database, tenant), review_id)
    if as_json:
        emit(asdict(found), as_json)
        return
    about = ("id", "state", "score", "reason", "profile_id", "customer_id", "created_at", "decided_at", "actor", "note")
    emit({name: getattr(found, name) for name in about}, as_json)
    emit(None, as_json, table_of("", "profile", "customer", rows=_side_by_side(found)))
    near = [(name, one["near"], one["points"]) for name, one in found.evidence.items()]
    emit(None, as_json, table_of("attribute", "is", "points", rows=near))


@app.command()
def confirm(review_id: ReviewId, tenant: TenantSlug, note: Note = "", as_json: AsJson = False) -> None:
    """They are the same person: link them. No automatic matching changes it any more."""
    done = _decide(tenant, reviews.confirm, review_id, _actor(), note)
    _decided(done, as_json, f"profile {done.review.profile_id} is linked; its packages come with the next sync")


@app.command()
def reject(review_id: ReviewId, tenant: TenantSlug, note: Note = "", as_json: AsJson = False) -> None:
    """They are two people: never link them, and do not ask again."""
    done = _decide(tenant, reviews.reject, review_id, _actor(), note)
    _decided(done, as_json, f"profile {done.review.profile_id} will not be linked to this customer")


@app.command()
def reopen(review_id: ReviewId, tenant: TenantSlug, as_json: AsJson = False) -> None:
    """Take a no back: the question is open again."""
    done = _decide(tenant, reviews.reopen, review_id, _actor())
    _decided(done, as_json, f"question {review_id} is open again")


@app.command()
def unlink(
    profile: Annotated[str, typer.Argument(help="Id of the profile.")],
    tenant: TenantSlug,
    note: Note = "",
    as_json: AsJson = False,
) -> None:
    """Take a link back: the profile has none of this customer's packages any more, and is not linked to it again."""
    done = _decide(tenant, reviews.unlink, profile, _actor(), note)
    text = f"profile {profile} is linked no more, {done.packages} packages were taken off it; "
    _decided(done, as_json, f"{text}`sync-platform matches reopen {done.review.id}` asks again")


def _decide(
    slug: str, decision: Callable[Concatenate[Platform, Tenant, P], reviews.Decided], *about: P.args, **more: P.kwargs
) -> reviews.Decided:
    with open_platform(load_settings()) as platform:
        return decision(platform, find_tenant(platform.database, slug), *about, **more)


def _decided(done: reviews.Decided, as_json: bool, text: str) -> None:
    emit({**_line(done.review), "packages": done.packages}, as_json, text)


def _line(one: Review) -> dict[str, Any]:
    return {
        "id": one.id,
        "profile_id": one.profile_id,
        "customer_id": one.customer_id,
        "profile": masked(one.profile.get("full_name")),
        "customer": masked(one.customer.get("customer_name")),
        "score": one.score,
        "reason": one.reason,
        "state": one.state,
        "created_at": one.created_at,
    }


def _side_by_side(found: Review) -> list[tuple[Any, ...]]:
    return [(name, found.profile.get(ours), found.customer.get(theirs)) for name, ours, theirs in SIDES]


def _actor() -> str:
    return f"cli/{getuser()}"
