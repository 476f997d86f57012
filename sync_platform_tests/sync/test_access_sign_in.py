"""Tokens of the identity provider: good ones are people, forged ones nobody, and nobody hears why (SEC-01, SEC-23)."""

import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from sync_platform.core.errors import NotAuthenticated
from sync_platform.core.tenant import Tenant
from sync_platform.sync.identity import authenticate
from sync_platform.sync.permissions import PERMISSIONS, access, tenants_of
from sync_platform.sync.platform import Platform
from sync_platform_tests.sync.conftest import MakePlatform
from sync_platform_tests.sync.identity_provider import (
    EC_KEY,
    ISSUER,
    NOW,
    OTHER_RSA_KEY,
    PUBLIC_PEM,
    RSA_KEY,
    SECRET,
    Provider,
    claims,
    part,
    published,
    signed,
)
from sync_platform_tests.sync.identity_provider import provider as provider
from sync_platform_tests.sync.identity_provider import trusting as trusting

OTHER_EC = ec.generate_private_key(ec.SECP256R1())


def hmac_signed(header: object, said: object, secret: bytes = SECRET.encode()) -> str:
    """A token with a right signature over whatever is said, also what a library would refuse to write."""
    text = f"{part(header)}.{part(said)}"
    return f"{text}.{part(hmac.new(secret, text.encode(), hashlib.sha256).digest())}"


def twice(name: str, value: object) -> bytes:
    """Good claims in which a name comes twice."""
    return json.dumps(claims()).encode()[:-1] + b', "%s": %s}' % (name.encode(), json.dumps(value).encode())


HS = {"alg": "HS256", "typ": "JWT"}
RS = {"alg": "RS256", "typ": "JWT", "kid": "rsa-1"}
FORGED = {
    "algorithm none": lambda: f"{part({'alg': 'none', 'typ': 'JWT'})}.{part(claims())}.",
    "algorithm none with a signature": lambda: hmac_signed({"alg": "none"}, claims()),
    "algorithm nOnE": lambda: hmac_signed({"alg": "nOnE"}, claims()),
    "algorithm in other letters": lambda: hmac_signed({"alg": "hs256"}, claims()),
    "algorithm that is no text": lambda: hmac_signed({"alg": ["HS256"]}, claims()),
    "no algorithm": lambda: hmac_signed({"typ": "JWT"}, claims()),
    "algorithm that is not allowed": lambda: signed(key=SECRET * 2, algorithm="HS512"),
    "key confusion, the public key as a secret": lambda: hmac_signed({**RS, "alg": "HS256"}, claims(), PUBLIC_PEM),
    "key confusion, the algorithm of another key": lambda: signed(key=OTHER_EC, algorithm="ES256", kid="rsa-1"),
    "another secret": lambda: signed(key="another invented secret that is long enough"),
    "empty secret": lambda: hmac_signed(HS, claims(), b""),
    "another private key": lambda: signed(key=OTHER_RSA_KEY, algorithm="RS256", kid="rsa-1"),
    "another curve key": lambda: signed(key=OTHER_EC, algorithm="ES256", kid="ec-1"),
    "unknown key id": lambda: signed(key=OTHER_RSA_KEY, algorithm="RS256", kid="rsa-9"),
    "key id of a path": lambda: signed(key=OTHER_RSA_KEY, algorithm="RS256", kid="../../dev/null"),
    "no key id": lambda: signed(key=RSA_KEY, algorithm="RS256"),
    "address of a key set in the header (jku)": lambda: signed(
        key=OTHER_RSA_KEY, algorithm="RS256", kid="rsa-1", jku="https://forger.example/keys"
    ),
    "jku beside a good signature": lambda: signed(
        key=RSA_KEY, algorithm="RS256", kid="rsa-1", jku="https://forger.example/keys"
    ),
    "address of a certificate in the header (x5u)": lambda: signed(
        key=RSA_KEY, algorithm="RS256", kid="rsa-1", x5u="https://forger.example/certificate"
    ),
    "certificate in the header (x5c)": lambda: signed(key=RSA_KEY, algorithm="RS256", kid="rsa-1", x5c=["MIIB"]),
    "key in the header (jwk)": lambda: signed(
        key=OTHER_RSA_KEY, algorithm="RS256", kid="rsa-1", jwk=published(OTHER_RSA_KEY, "rsa-1")
    ),
    "critical extension (crit)": lambda: hmac_signed({**HS, "crit": ["exp"]}, claims()),
    "unencoded payload (b64)": lambda: hmac_signed({**HS, "b64": False}, claims()),
    "wrong type": lambda: hmac_signed({**HS, "typ": "dpop+jwt"}, claims()),
    "token in a token (cty)": lambda: hmac_signed({**HS, "cty": "JWT"}, claims()),
    "subject twice": lambda: hmac_signed(HS, twice("sub", "6f2b7a52-5c1e-4a35-9d0c-0a1b2c3d4e5f")),
    "algorithm twice": lambda: hmac_signed(b'{"alg":"none","alg":"HS256"}', claims()),
    "oversize": lambda: signed(claims(user_metadata={"padding": "x" * 9000})),
    "altered claims": lambda: altered(1),
    "altered header": lambda: altered(0),
    "signature cut off": lambda: signed().rpartition(".")[0] + ".",
    "two parts": lambda: signed().rpartition(".")[0],
    "five parts": lambda: signed() + ".a.b",
    "claims that are a list": lambda: hmac_signed(HS, [claims()]),
    "deeply nested claims": lambda: hmac_signed(HS, b"[" * 2000 + b"]" * 2000),
    "not UTF-8": lambda: hmac_signed(HS, b'{"sub": "\xff"}'),
    "expired": lambda: signed(claims(exp=NOW - 31)),
    "expires never": lambda: signed(claims(exp=None)),
    "expires at a text": lambda: hmac_signed(HS, claims(exp=str(NOW + 60))),
    "expires at infinity": lambda: hmac_signed(HS, json.dumps(claims(exp=float("inf"))).encode()),
    "expires at a number without a date": lambda: hmac_signed(HS, claims(exp=10**30)),
    "not valid yet": lambda: signed(claims(nbf=NOW + 31)),
    "valid from a text": lambda: hmac_signed(HS, claims(nbf="now")),
    "issued in the future": lambda: signed(claims(iat=NOW + 31)),
    "issued never": lambda: signed(claims(iat=None)),
    "wrong issuer": lambda: signed(claims(iss="https://forger.example")),
    "issuer that begins alike": lambda: signed(claims(iss=ISSUER + ".forger.example")),
    "no issuer": lambda: signed(claims(iss=None)),
    "wrong audience": lambda: signed(claims(aud="anon")),
    "no audience": lambda: signed(claims(aud=None)),
    "no subject": lambda: signed(claims(sub=None)),
    "subject that is no user id": lambda: signed(claims(sub="' or true --")),
    "subject of zeros": lambda: signed(claims(sub=str(UUID(int=0)))),
    "subject in capitals": lambda: signed(claims(sub="6F2B7A52-5C1E-4A35-9D0C-0A1B2C3D4E5F")),
    "public key of the application": lambda: signed({"iss": "supabase", "role": "service_role", "exp": NOW + 60}),
}


def altered(place: int) -> str:
    """A token of which one character of a part is another one."""
    parts = signed().split(".")
    parts[place] = parts[place][:-3] + ("A" if parts[place][-3] != "A" else "B") + parts[place][-2:]
    return ".".join(parts)


@pytest.mark.parametrize("kind", FORGED)
def test_a_forged_token_is_nobody(trusting: Platform, kind: str):
    """SEC-01, SEC-23, F-60: at least 18 kinds, and one answer for all of them."""
    with pytest.raises(NotAuthenticated, match=r"^a valid bearer token is needed$") as refused:
        authenticate(trusting, f"Bearer {FORGED[kind]()}")
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__ or refused.value.__context__ is None


def test_the_list_of_forgeries_is_long_enough():
    """Issue 8: 18 kinds."""
    assert len(FORGED) >= 18


@pytest.mark.parametrize("header", [
    None, "", "Bearer", "Bearer ", "Bearer  x.y.z", "Basic eDp5", "Token spt_x", "Bearer a b", "Bearer é.x.y",
    "Bearer spt_", "Bearer spt_" + "A" * 44, "Bearer x" * 2, "x" * 9000, "Bearer x\n.y.z",
])  # fmt: skip
def test_a_header_without_a_valid_token_is_nobody(trusting: Platform, header: str | None):
    """SEC-23."""
    with pytest.raises(NotAuthenticated, match=r"^a valid bearer token is needed$"):
        authenticate(trusting, header)


GOOD = {
    "shared secret": lambda said: signed(said),
    "RSA key": lambda said: signed(said, RSA_KEY, "RS256", kid="rsa-1"),
    "curve key": lambda said: signed(said, EC_KEY, "ES256", kid="ec-1"),
    "other type": lambda said: signed(said, RSA_KEY, "RS256", kid="rsa-1", typ="at+jwt"),
}


@pytest.mark.parametrize("kind", GOOD)
def test_a_good_token_is_a_person_of_this_id_and_nothing_else(trusting: Platform, kind: str):
    """SEC-01."""
    said = claims()
    person = authenticate(trusting, f"bearer {GOOD[kind](said)}")
    assert (person.kind, person.subject, person.email) == ("user", said["sub"], "ann@invented.example")
    assert person.expires_at == datetime.fromtimestamp(NOW + 3600, UTC)
    assert (person.tenant_id, person.scopes, person.actor) == (None, frozenset(), f"user:{said['sub']}")


@pytest.mark.parametrize("changed", [
    {"exp": NOW - 29}, {"nbf": NOW + 30}, {"nbf": NOW}, {"iat": NOW + 30}, {"aud": ["other", "authenticated"]},
])  # fmt: skip
def test_clocks_may_differ_a_little(trusting: Platform, changed: dict[str, object]):
    """SEC-01: by ``jwt_leeway`` seconds."""
    assert authenticate(trusting, f"Bearer {signed(claims(**changed))}").kind == "user"


@pytest.mark.parametrize("changed", [{"email": None}, {"email": 7}, {"email": ""}, {"email_verified": False}])
def test_an_address_that_the_provider_does_not_vouch_for_is_none(trusting: Platform, changed: dict[str, object]):
    """TEN-25: it would open invitations."""
    assert authenticate(trusting, f"Bearer {hmac_signed(HS, claims(**changed))}").email is None


def test_roles_in_claims_count_nothing(
    make_platform: MakePlatform, provider: Provider, tenant: Tenant, other_tenant: Tenant
):
    """SEC-01: people can edit some of them; only our grants are asked."""
    trusting = make_platform(api={"jwt_secret": SecretStr(SECRET), "jwt_issuer": ISSUER})
    said = claims(role="super_admin", permissions=list(PERMISSIONS), tenants=[str(tenant.id)])
    person = authenticate(trusting, f"Bearer {signed(said)}")
    assert tenants_of(trusting, person) == []
    assert [access(trusting, person, tenant, name) for name in PERMISSIONS] == [None] * len(PERMISSIONS)


def test_without_a_secret_or_key_set_nobody_comes_in(trusting: Platform):
    """SEC-01."""
    api = trusting.settings.api.model_copy(update={"jwt_secret": None, "jwks_url": None})
    platform = replace(trusting, settings=trusting.settings.model_copy(update={"api": api}))
    for token in (signed(), signed(key=RSA_KEY, algorithm="RS256", kid="rsa-1")):
        with pytest.raises(NotAuthenticated):
            authenticate(platform, f"Bearer {token}")


@given(
    st.text(st.characters(codec="utf-8"), max_size=300), st.sampled_from(["", "Bearer ", "Bearer a.b.", "Bearer spt_"])
)
def test_no_text_is_more_than_refused(text: str, start: str):
    """F-59: whatever is sent, the answer is the same; without a database, which a text without form never reaches."""
    with pytest.raises(NotAuthenticated):
        authenticate(NOBODY, start + text)


class _Nobody:
    """Fails where anything but the settings is asked for."""

    class settings:  # noqa: N801
        class api:  # noqa: N801
            jwt_algorithms = ("HS256",)
            jwt_secret = None
            jwks_url = None


NOBODY = _Nobody()
