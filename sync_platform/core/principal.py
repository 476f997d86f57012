"""Who asks: a person of the identity provider, or a service with a token (SEC-01, SEC-20)."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from sync_platform.core.tenant import Tenant

IdentityKind = Literal["user", "service"]

#: What a permission covers (TEN-22): everything; what is one's own; rates without rows; aggregates without small cells;
#: rows with personal data masked; people up to the rank of clinic staff.
How = Literal["all", "own", "rates", "aggregates", "masked", "staff"]


@dataclass(frozen=True)
class Identity:
    """``subject`` is a user id of the identity provider, or a token's public id; a service token has its tenant, as
    both were when it was shown.

    ``email`` is the address that the provider vouches for. It opens invitations and decides nothing else.
    """

    kind: IdentityKind
    subject: str
    tenant: Tenant | None = None
    scopes: frozenset[str] = frozenset()
    expires_at: datetime | None = None
    email: str | None = field(default=None, repr=False)

    @property
    def tenant_id(self) -> UUID | None:
        """Of a service token."""
        return self.tenant.id if self.tenant else None

    @property
    def actor(self) -> str:
        """The name in ledger and audit."""
        return f"{'user' if self.kind == 'user' else 'token'}:{self.subject}"
