"""How a transaction begins: as a role, for a tenant, within limits of time (TEN-05, DBM-06)."""

from psycopg import sql

# every value is set in every transaction, so nothing that another client of pgbouncer left behind is ever in force
_BEGIN = sql.SQL("""
begin {isolation};
select set_config('role', %(role)s, true),
       set_config('app.tenant_id', %(tenant)s, true),
       set_config('statement_timeout', %(statement)s, true),
       set_config('lock_timeout', %(lock)s, true),
       set_config('idle_in_transaction_session_timeout', %(idle)s, true)
""")
READ_COMMITTED = _BEGIN.format(isolation=sql.SQL(""))
ONE_SNAPSHOT = _BEGIN.format(isolation=sql.SQL("isolation level repeatable read"))
# the same for a statement that travels with it in one message; such a transaction is never idle
SINGLE_SCOPE = sql.SQL("""
select set_config('role', 'sp_loader', true),
       set_config('app.tenant_id', %(tenant)s, true),
       set_config('statement_timeout', {statement}, true),
       set_config('lock_timeout', {lock}, true),
       set_config('synchronous_commit', 'off', true);
""")


def milliseconds(seconds: float) -> str:
    """As PostgreSQL reads a time limit. At least 1: 0 would mean no limit."""
    return str(max(1, round(seconds * 1000)))
