"""How a transaction begins: as a role, for a tenant, asked by whom, within limits of time (TEN-05, TEN-24, DBM-06)."""

from psycopg import sql

from sync_platform.core.principal import Identity

# every value is set in every transaction, so nothing that another client of pgbouncer left behind is ever in force
_BEGIN = sql.SQL("""
begin {isolation};
select set_config('role', %(role)s, true),
       set_config('app.tenant_id', %(tenant)s, true),
       set_config('app.user_id', %(user)s, true),
       set_config('app.token_id', %(token)s, true),
       set_config('statement_timeout', %(statement)s, true),
       set_config('lock_timeout', %(lock)s, true),
       set_config('idle_in_transaction_session_timeout', %(idle)s, true)
""")
READ_COMMITTED = _BEGIN.format(isolation=sql.SQL(""))
ONE_SNAPSHOT = _BEGIN.format(isolation=sql.SQL("isolation level repeatable read"))
# the same for a statement that travels with it in one message; such a transaction is never idle
SINGLE_SCOPE = sql.SQL("""
select set_config('role', %(role)s, true),
       set_config('app.tenant_id', %(tenant)s, true),
       set_config('app.user_id', %(user)s, true),
       set_config('app.token_id', %(token)s, true),
       set_config('statement_timeout', {statement}, true),
       set_config('lock_timeout', {lock}, true),
       set_config('synchronous_commit',
                  case when %(durable)s then current_setting('synchronous_commit') else 'off' end, true);
""")


def asked_by(who: Identity | None) -> dict[str, str]:
    """What policies of the web role go by; nobody where nobody is given."""
    return {
        "user": who.subject if who is not None and who.kind == "user" else "",
        "token": who.subject if who is not None and who.kind == "service" else "",
    }


def milliseconds(seconds: float) -> str:
    """As PostgreSQL reads a time limit. At least 1: 0 would mean no limit."""
    return str(max(1, round(seconds * 1000)))
