"""Whether an empty answer means that there is nothing: what a key may not see is left out, silently (CRM-03)."""

from collections.abc import Sequence

from sync_platform.core.errors import (
    CircuitOpen,
    ContractBroken,
    CredentialsRejected,
    VendorRejected,
    VendorUnavailable,
)
from sync_platform.sync.crm_accounts import OpenCrm


def proven_empty(opened: OpenCrm, hashes: Sequence[str], *, table: bool, shown: int) -> set[str]:
    """Those of ``hashes`` whose customer the key still sees, if it sees packages of anybody.

    ``shown`` is how many packages this run was shown. Where it was none, a table is asked whether there are any; a
    function shows no more than one customer's, and so has to be believed. Costs calls only where packages would go.
    What the CRM does not answer is not proven. Raises CredentialsRejected and CircuitOpen.
    """
    try:
        if not shown and table and not opened.client.count_packages():
            return set()
        return opened.client.visible_customers(hashes)
    except (CredentialsRejected, CircuitOpen):
        raise
    except (VendorUnavailable, VendorRejected, ContractBroken):
        return set()
