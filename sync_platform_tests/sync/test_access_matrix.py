"""The matrix of roles in the database is that of TEN-22, written out here by hand."""

from sync_platform.core.tenant import Tenant
from sync_platform.db import access as stored
from sync_platform.sync.permissions import PEOPLE_ONLY, PERMISSIONS, SCOPES, access
from sync_platform.sync.platform import Platform
from sync_platform_tests.sync.access_people import new_person

ROLES = ("super_admin", "tenant_owner", "tenant_admin", "clinic_staff", "nurse", "viewer", "investor")
MEANINGS = {"Y": "all", "O": "own", "A": "aggregates", "R": "rates", "M": "masked", "S": "staff", "-": None}
#: Y everything, O own, A aggregates, R rates only, M no personal data, S people up to clinic staff.
TABLE = """
transactions.read         Y Y Y Y - Y A
invoices.read             Y Y Y Y Y Y A
products.read             Y Y Y Y - Y A
customers.read            Y Y Y Y Y Y -
customers.read_pii        Y Y Y Y - - -
invoices.manage           Y Y Y - - - -
invoices.update_status    Y Y Y Y - - -
invoices.update_data_sent Y Y Y Y Y - -
sync.run                  Y Y Y - - - -
sync.dry_run              Y Y Y - - - -
sync.cancel               Y Y Y - - - -
sync.emergency            Y Y - - - - -
sync.undo                 Y Y - - - - -
webhook.manage            Y Y - - - - -
config.read               Y Y Y - - - -
config.update             Y Y - - - - -
credentials.rotate        Y Y - - - - -
users.invite              Y Y S - - - -
users.manage              Y Y - - - - -
imports.create            Y Y Y - - - -
imports.cancel            Y Y Y - - - -
imports.read              Y Y Y Y - Y -
categories.manage         Y Y Y - - - -
compare.read              Y Y Y - - R -
promote.run               Y Y Y - - - -
promote.rollback          Y Y Y - - - -
promote.override          Y Y - - - - -
quarantine.read           Y Y Y - - - -
quarantine.replay         Y Y Y - - - -
crm.match.review          Y Y Y - - - -
crm.sync.own              O O O O O O -
packages.read.own         O O O O O O -
crm.sync.any              Y Y Y Y - - -
packages.read             Y Y Y Y - - -
data.export               Y Y Y M - - -
analytics.read            Y Y Y - - - A
reports.read              Y Y Y - - - A
audit.read                Y Y - - - - -
privacy.erase             Y Y - - - - -
tenants.manage            Y - - - - - -
"""
EXPECTED = {
    (line.split()[0], role): MEANINGS[cell]
    for line in TABLE.strip().splitlines()
    for role, cell in zip(ROLES, line.split()[1:], strict=True)
}


def test_the_matrix_in_the_database_is_that_of_the_rule(platform: Platform):
    """TEN-22, TEN-23."""
    with platform.database.transaction(role="sp_web") as conn:
        assert {(permission, role): how for permission, role, how in stored.matrix(conn)} == EXPECTED


def test_the_names_of_permissions_are_those_of_the_matrix():
    """TEN-22."""
    assert [line.split()[0] for line in TABLE.strip().splitlines()] == list(PERMISSIONS)
    assert set(SCOPES) == {*PERMISSIONS, "events.write"} - PEOPLE_ONLY


def test_a_role_gives_what_its_column_says_at_its_tenant_and_nothing_elsewhere(
    platform: Platform, tenant: Tenant, other_tenant: Tenant
):
    """TEN-20, TEN-22, TEN-24: as the service asks."""
    for role in ROLES:
        person = new_person(platform.database, role, tenant, tenants=[tenant.id] if role == "investor" else None)
        here = {name: access(platform, person, tenant, name) for name in PERMISSIONS}
        there = {name: access(platform, person, other_tenant, name) for name in PERMISSIONS}
        assert here == {name: EXPECTED[name, role] for name in PERMISSIONS}, role
        assert there == (here if role == "super_admin" else dict.fromkeys(PERMISSIONS)), role
