"""``sync-platform token`` and ``sync-platform user``: what is made, shown once, listed and taken away."""

from uuid import uuid4

from sync_platform_tests.cli.shell import Shell


def test_a_token_is_printed_once_and_on_standard_output_only(shell: Shell, cedar: str):
    """SEC-20, SEC-22."""
    made = shell("token", "create", "--tenant", cedar, "--name", "booking-site", "--scope", "events.write")
    token = made.out.strip()
    assert made.code == 0
    assert token.startswith("spt_")
    assert token[4:] not in made.err
    assert "valid until" in made.err
    listed = shell("token", "list", "--tenant", cedar)
    assert "booking-site" in listed.out
    assert token[4:12] not in listed.everything


def test_a_token_as_json_its_list_and_its_end(shell: Shell, cedar: str):
    """SEC-20, CLI-01."""
    made = shell(
        "token", "create", "--tenant", cedar, "--name", "cron", "--scope", "sync.run", "--scope", "config.read",
        "--days", "30", "--json",
    ).data  # fmt: skip
    assert made["token"].startswith("spt_")
    assert (made["name"], made["scopes"]) == ("cron", ["config.read", "sync.run"])
    revoked = shell("token", "revoke", str(made["id"]), "--tenant", cedar, "--json").data
    assert revoked["revoked_at"] is not None
    (listed,) = shell("token", "list", "--tenant", cedar, "--json").data
    assert listed == revoked
    assert "token" not in listed


def test_a_token_that_cannot_be_is_refused_with_what_to_do(shell: Shell, cedar: str):
    """SEC-20, CLI-01: exit codes 2 for a wrong request, 4 for one that is refused."""
    make = ("token", "create", "--tenant", cedar, "--name", "cron", "--scope")
    assert shell(*make, "sync.walk").code == 2
    assert shell(*make, "sync.run", "--days", "181").code == 2
    assert [shell(*make, "sync.run").code for _ in range(3)] == [0, 0, 4]
    assert shell("token", "revoke", "4711", "--tenant", cedar).code == 2
    assert shell("token", "list", "--tenant", "nowhere").code == 2


def test_the_first_owner_is_made_here_and_stays(shell: Shell, cedar: str):
    """TEN-25."""
    owner = str(uuid4())
    made = shell("user", "grant", owner, "--role", "tenant_owner", "--tenant", cedar, "--json").data
    assert (made["user_id"], made["role"], made["expires_at"]) == (owner, "tenant_owner", None)
    refused = shell("user", "revoke", str(made["id"]), "--tenant", cedar)
    assert (refused.code, "at least one owner" in refused.err) == (4, True)
    second = shell("user", "grant", str(uuid4()), "--role", "tenant_owner", "--tenant", cedar)
    assert "is tenant_owner at cedar" in second.out
    assert shell("user", "revoke", str(made["id"]), "--tenant", cedar).code == 0
    assert [one["is_active"] for one in shell("user", "list", "--tenant", cedar, "--all", "--json").data] == [
        False,
        True,
    ]
    assert owner not in shell("user", "list", "--tenant", cedar).out


def test_grants_of_the_platform_have_no_tenant(shell: Shell, cedar: str):
    """TEN-20."""
    admin, investor = str(uuid4()), str(uuid4())
    assert "on the platform" in shell("user", "grant", admin, "--role", "super_admin").out
    given = shell("user", "grant", investor, "--role", "investor", "--of", cedar, "--days", "365", "--json").data
    assert len(given["tenants"]) == 1
    assert given["expires_at"] is not None
    assert [one["role"] for one in shell("user", "list", "--json").data] == ["super_admin", "investor"]
    assert shell("user", "grant", admin, "--role", "super_admin", "--tenant", cedar).code == 2
    assert shell("user", "grant", "ann", "--role", "viewer", "--tenant", cedar).code == 2
    assert shell("user", "revoke", str(given["id"])).code == 0


def test_an_invitation_is_printed_once(shell: Shell, cedar: str):
    """TEN-25."""
    made = shell("user", "invite", "--tenant", cedar, "--role", "nurse", "--deny", "packages.read.own")
    assert made.code == 0
    assert made.out.startswith("spi_")
    assert made.out.strip()[4:] not in made.err
    as_json = shell("user", "invite", "--tenant", cedar, "--role", "viewer", "--extra", "audit.read", "--json").data
    assert (as_json["role"], as_json["extra_permissions"]) == ("viewer", ["audit.read"])
    assert shell("user", "invite", "--tenant", cedar, "--role", "super_admin").code == 2
