"""A clinic in a stand-in of MX Merchant whose history ends now, and a tenant with its keys, for commands."""

from datetime import UTC, datetime, timedelta

from sync_platform.sandbox.mx_merchant import Merchant, build_merchant
from sync_platform.sandbox.mx_spec import MxSpec
from sync_platform_tests.cli.shell import Outcome, Shell

MERCHANT = "1000000001"
KEY, SECRET = "canary-consumer-key-1f", "canary-consumer-secret-2e"


def new_clinic(payments: int = 10, invoices: int = 5) -> Merchant:
    """Three days of so many payments of so many invoices."""
    now = datetime.now(UTC)
    spec = MxSpec(
        name="cedar", merchant_id=int(MERCHANT), consumer_key=KEY, consumer_secret=SECRET, zone="America/Denver",
        seed=3, first_day=now.date() - timedelta(days=3), days=4, payments=payments, invoices=invoices,
        digit_references=0, now=now,
    )  # fmt: skip
    return build_merchant(spec)


def set_keys(shell: Shell, tenant: str, url: str, secret: str = SECRET, account: str = MERCHANT) -> Outcome:
    """Key and secret as a person types them."""
    return shell(
        "credential", "set", "--tenant", tenant, "--source", "mx_merchant", "--environment", "sandbox",
        "--account", account, "--setting", f"base_url={url}",
        typed=f"{KEY}\n{secret}\n",
    )  # fmt: skip
