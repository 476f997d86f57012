"""Grants and invitations, as they are asked for and answered (TEN-20, TEN-21, TEN-25)."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field, StringConstraints

from sync_platform.api.models import Answer, Body
from sync_platform.core.redact import masked
from sync_platform.db.invitations import InvitationRow

TenantRole = Literal["tenant_owner", "tenant_admin", "clinic_staff", "nurse", "viewer"]
PermissionNames = Annotated[
    list[Annotated[str, StringConstraints(pattern=r"^[a-z_]+(\.[a-z_]+)+$", max_length=60)]], Field(max_length=50)
]
Email = Annotated[
    str, StringConstraints(max_length=320, pattern=r"^[^@\s\x00-\x1f\x7f]{1,64}@[^@\s\x00-\x1f\x7f]{1,255}$")
]


class NewGrant(Body):
    """A role for a person, in place of an earlier grant of the same one. Denials come before whatever is granted."""

    user_id: UUID = Field(description="as the identity provider knows the person")
    role: TenantRole
    extra_permissions: PermissionNames = Field(default=[])
    denied_permissions: PermissionNames = Field(default=[])
    expires_at: AwareDatetime | None = None


class GrantShown(Answer):
    """Who has which role. ``is_active``: neither taken away nor expired."""

    id: int
    user_id: UUID
    role: str
    extra_permissions: list[str]
    denied_permissions: list[str]
    granted_by: str
    granted_at: datetime
    expires_at: datetime | None
    is_active: bool


class NewInvitation(Body):
    """A role for whoever brings the token within 7 days; with an address only for the person who signs in with it."""

    role: TenantRole
    email: Email | None = None
    extra_permissions: PermissionNames = Field(default=[])
    denied_permissions: PermissionNames = Field(default=[])
    grant_expires_at: AwareDatetime | None = None


class InvitationShown(Answer):
    """An invitation without its token; the address is masked, unless it was asked for by who may see personal data."""

    id: int
    email: str | None
    role: str
    extra_permissions: list[str]
    denied_permissions: list[str]
    grant_expires_at: datetime | None
    invited_by: str
    created_at: datetime
    expires_at: datetime
    accepted_at: datetime | None
    accepted_by: UUID | None
    revoked_at: datetime | None
    is_open: bool


class Invited(Answer):
    """The token is shown this once, and has to be handed to the person."""

    token: str
    invitation: InvitationShown


class Acceptance(Body):
    """The token that came with the invitation."""

    token: Annotated[str, StringConstraints(pattern=r"^spi_[A-Za-z0-9_-]{43}$")]


def invitation_shown(row: InvitationRow, *, personal: bool) -> InvitationShown:
    """An invitation as it may be shown."""
    shown = {name: getattr(row, name) for name in InvitationShown.model_fields if name != "email"}
    return InvitationShown(**shown, email=row.email if personal else masked(row.email))
