"""What each role may do with each operation, written down from TEN-22 and not read from the code (F-60)."""

from dataclasses import dataclass, field
from typing import Any

ROLES = ("super_admin", "tenant_owner", "tenant_admin", "clinic_staff", "nurse", "viewer", "investor")

#: Y: yes, O: the own, R: rates, S: people up to clinic_staff, A: aggregates, M: without personal data. In the order of
#: ROLES. ``events.write`` is for service tokens alone.
_TEN_22 = """
customers.read_pii      Y Y Y Y - - -
sync.run                Y Y Y - - - -
sync.dry_run            Y Y Y - - - -
sync.cancel             Y Y Y - - - -
sync.emergency          Y Y - - - - -
sync.undo               Y Y - - - - -
config.read             Y Y Y - - - -
config.update           Y Y - - - - -
credentials.rotate      Y Y - - - - -
users.invite            Y Y S - - - -
users.manage            Y Y - - - - -
imports.create          Y Y Y - - - -
imports.cancel          Y Y Y - - - -
imports.read            Y Y Y Y - Y -
compare.read            Y Y Y - - R -
promote.run             Y Y Y - - - -
promote.rollback        Y Y Y - - - -
promote.override        Y Y - - - - -
quarantine.read         Y Y Y - - - -
quarantine.replay       Y Y Y - - - -
crm.match.review        Y Y Y - - - -
crm.sync.own            O O O O O O -
packages.read.own       O O O O O O -
crm.sync.any            Y Y Y Y - - -
data.export             Y Y Y M - - -
audit.read              Y Y - - - - -
tenants.manage          Y - - - - - -
events.write            - - - - - - -
"""
CELLS = {line.split()[0]: dict(zip(ROLES, line.split()[1:], strict=True)) for line in _TEN_22.split("\n") if line}
#: What no token can have (SEC-20).
PEOPLE_ONLY = {"users.invite", "users.manage", "crm.sync.own", "packages.read.own", "tenants.manage"}
#: Whoever may ask for one of these sees what became of the own requests, and none of others.
_ASKING = "crm.sync.own crm.sync.any sync.dry_run promote.run promote.rollback quarantine.replay"

PUBLIC, SIGNED_IN = "public", "signed in"
CSV = "transaction_number,transaction_date,user_id,sku_id,quantity,unit_price\r\nT-1,2026-03-01,u1,s1,1,2.50\r\n"
UNKNOWN = "00000000-0000-4000-8000-000000000001"


@dataclass(frozen=True)
class Case:
    """One way of calling an operation.

    ``needs`` are the permissions, all of them, or PUBLIC or SIGNED_IN. ``thing`` is what the path names, and ``own``
    permissions whose holders are let in and find only their own. ``cells`` of the table are enough. ``{tenant}`` in a
    text is the slug.
    """

    operation: str
    needs: str
    thing: str = ""
    admitted: tuple[int, ...] = (200,)
    own: str = ""
    cells: str = "YO"
    path: dict[str, str] = field(default_factory=dict)
    sent: dict[str, Any] = field(default_factory=dict)

    @property
    def permissions(self) -> frozenset[str]:
        """None for what everybody may do."""
        return frozenset() if self.needs in (PUBLIC, SIGNED_IN) else frozenset(self.needs.split())

    def given_to(self, role: str) -> bool:
        """Whether the table gives a role all that is needed."""
        return all(CELLS[permission][role] in self.cells for permission in self.permissions)

    def lets_in(self, role: str) -> bool:
        """Whether the role finds at least its own things here."""
        return any(CELLS[permission][role] in "YO" for permission in self.own.split())

    def expected(self, granted: bool, lets_in: bool, *, foreign_thing: bool) -> tuple[int, ...]:
        """The statuses that are right."""
        if granted:
            return (404,) if foreign_thing else self.admitted
        return (404,) if lets_in else (403,)


def _json(**body: Any) -> dict[str, Any]:
    return {"json": body}


_KEYS = _json(secrets={"partner_key": "invented-partner-key", "shop_key": "invented-shop-key"})
_SETTINGS = {
    "json": {
        "name": "Alder",
        "customers": {"churn_medium_days": 30, "churn_high_days": 60, "vip_visits": 10, "vip_value": 500},
        "gate_thresholds": {},
        "crm_cron": "",
    },
    "headers": {"If-Match": '"of nobody"'},
}
_EMERGENCY = _json(source="mx_merchant", mode="emergency", reason="the till was away", transaction_count=200)
_OF_A_TENANT = _json(source="blaze", merchant_id="{tenant}")
_OVERRIDE = _json(entity="customers", field="phone", override_reason="agreed with the owner")
_EVENT = _json(kind="profile.login", event_id="e-1", profile={"profile_id": "p-1"})
_OPEN = {"params": {"personal": "true"}}
_OPEN_PHONE = {"params": {"personal": "true", "field": "phone"}}
_CUSTOMERS = {"entity": "customers"}

CASES = (
    Case("health", PUBLIC),
    Case("ready", PUBLIC),
    Case("receive_webhook", PUBLIC, admitted=(404,), path={"source": "mx-merchant", "token": "x"}, sent=_json(a="b")),
    Case("accept_invitation", SIGNED_IN, admitted=(409,), sent=_json(token=f"spi_{'a' * 43}")),
    Case("import_purchases", "imports.create", admitted=(202,), sent={"files": {"file": ("a.csv", CSV)}}),
    Case("import_status", "imports.read", "batch_id"),
    Case("list_imports", "imports.read"),
    Case("list_imports_of_merchant", "imports.read", "merchant_id"),
    Case("cancel_import", "imports.cancel", "batch_id", (200, 409)),
    Case("import_template", "imports.read"),
    Case("import_errors", "imports.read customers.read_pii", "batch_id", (200, 409)),
    Case("tell_event", "events.write", admitted=(202,), sent=_EVENT),
    Case("read_audit", "audit.read"),
    Case("export_audit", "audit.read data.export"),
    Case("show_budget", "config.read"),
    Case("show_comparison", "compare.read", cells="YR", path=_CUSTOMERS),
    Case("field_history", "compare.read", cells="YR", path=_CUSTOMERS | {"field": "phone"}),
    Case("differing_rows", "compare.read", path=_CUSTOMERS, sent={"params": {"field": "phone"}}),
    Case("differing_rows", "compare.read customers.read_pii", path=_CUSTOMERS, sent=_OPEN_PHONE),
    Case("row_side_by_side", "compare.read", path=_CUSTOMERS, sent={"params": {"key": "m00001"}}),
    Case("list_credentials", "config.read"),
    Case("put_credentials", "credentials.rotate", admitted=(200, 201), path={"source": "blaze"}, sent=_KEYS),
    Case("list_matches", "crm.match.review"),
    Case("list_matches", "crm.match.review customers.read_pii", sent=_OPEN),
    Case("show_match", "crm.match.review", "review_id"),
    Case("show_match", "crm.match.review customers.read_pii", "review_id", sent=_OPEN),
    Case("confirm_match", "crm.match.review", "review_id", (200, 409)),
    Case("reject_match", "crm.match.review", "review_id", (200, 409)),
    Case("list_promotions", "promote.run"),
    Case("promote", "promote.run", admitted=(202,), sent=_json(entity="customers", field="phone")),
    Case("promote", "promote.run promote.override", admitted=(202,), sent=_OVERRIDE),
    Case("roll_back_promotion", "promote.rollback", "promotion_id", (202,)),
    Case("list_quarantine", "quarantine.read"),
    Case("show_quarantine_item", "quarantine.read", "item_id"),
    Case("show_quarantine_item", "quarantine.read customers.read_pii", "item_id", sent=_OPEN),
    Case("replay_quarantine_item", "quarantine.replay", "item_id", (202, 409)),
    Case("dismiss_quarantine_item", "quarantine.replay", "item_id", (200, 409)),
    Case("list_runs", "sync.run"),
    Case("get_run", "sync.run", "run_id", own=_ASKING),
    Case("watch_run", "sync.run", "run_id", own=_ASKING),
    Case("cancel_run", "sync.run sync.cancel", "run_id", (409,), own=_ASKING),
    Case("undo_run", "sync.run sync.undo", "run_id", (409,), own="sync.undo"),
    Case("sync_manually", "sync.run", admitted=(202,), sent=_json(source="blaze", entity="products")),
    Case("sync_manually", "sync.dry_run", admitted=(202,), sent=_json(source="blaze", entity="products", dry_run=True)),
    Case("sync_manually", "sync.run sync.emergency", admitted=(202,), sent=_EMERGENCY),
    Case(
        "sync_manually", "sync.run tenants.manage", admitted=(202,), sent=_json(source="blaze", merchant_id="{tenant}")
    ),
    Case("sync_packages", "crm.sync.any", admitted=(202,), sent=_json(batchSize=20)),
    Case("last_package_sync", "crm.sync.any"),
    Case("own_packages", "packages.read.own"),
    Case("refresh_own_packages", "crm.sync.own", admitted=(202,)),
    Case("show_settings", "config.read"),
    Case("change_settings", "config.update", admitted=(412,), sent=_SETTINGS),
    Case("list_users", "users.invite", cells="YS"),
    Case("grant_role", "users.manage", admitted=(201,), sent=_json(user_id=UNKNOWN, role="viewer")),
    Case("revoke_role", "users.manage", "grant_id", (204,)),
    Case("list_invitations", "users.invite", cells="YS"),
    Case("list_invitations", "users.invite customers.read_pii", cells="YS", sent=_OPEN),
    Case("invite", "users.invite", admitted=(201,), cells="YS", sent=_json(role="clinic_staff")),
    Case("invite", "users.invite", admitted=(201,), sent=_json(role="tenant_admin")),
    Case("revoke_invitation", "users.invite", "invitation_id", (204,), cells="YS"),
)
