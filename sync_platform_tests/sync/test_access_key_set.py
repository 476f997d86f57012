"""The identity provider's key set: fetched seldom, kept for a while, and only good keys of it (SEC-01)."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from sync_platform.core.errors import NotAuthenticated, VendorUnavailable
from sync_platform.sync.identity import authenticate
from sync_platform.sync.platform import Platform
from sync_platform_tests.sync.conftest import TestClock
from sync_platform_tests.sync.identity_provider import (
    EC_KEY,
    NOW,
    OTHER_RSA_KEY,
    RSA_KEY,
    Provider,
    claims,
    published,
    signed,
)
from sync_platform_tests.sync.identity_provider import provider as provider
from sync_platform_tests.sync.identity_provider import trusting as trusting


def test_keys_are_fetched_once_and_unknown_ids_at_most_once_a_minute(
    trusting: Platform, provider: Provider, clock: TestClock
):
    """SEC-01: whoever makes ids up does not make us ask."""
    good = f"Bearer {signed(claims(exp=NOW + 9000), RSA_KEY, 'RS256', kid='rsa-1')}"
    for _ in range(3):
        assert authenticate(trusting, good)
    assert provider.asked == 1
    for number in range(20):
        with pytest.raises(NotAuthenticated):
            authenticate(trusting, f"Bearer {signed(key=OTHER_RSA_KEY, algorithm='RS256', kid=f'made-up-{number}')}")
    assert provider.asked == 1
    clock.forward(1.5)
    for number in range(20):
        with pytest.raises(NotAuthenticated):
            authenticate(trusting, f"Bearer {signed(key=OTHER_RSA_KEY, algorithm='RS256', kid=f'made-up-{number}')}")
    assert provider.asked == 2
    clock.forward(11)
    assert authenticate(trusting, good)
    assert provider.asked == 3


def test_a_new_key_is_found_and_one_that_was_taken_back_is_forgotten(
    trusting: Platform, provider: Provider, clock: TestClock
):
    """SEC-01: rotation at the provider."""
    old = f"Bearer {signed(claims(exp=NOW + 9000), RSA_KEY, 'RS256', kid='rsa-1')}"
    new = f"Bearer {signed(claims(exp=NOW + 9000), OTHER_RSA_KEY, 'RS256', kid='rsa-2')}"
    assert authenticate(trusting, old)
    provider.keys = [published(OTHER_RSA_KEY, "rsa-2")]
    clock.forward(2)
    assert authenticate(trusting, new)
    with pytest.raises(NotAuthenticated):
        authenticate(trusting, old)


def test_known_keys_are_used_on_for_a_while_when_the_provider_is_down(
    trusting: Platform, provider: Provider, clock: TestClock
):
    """SEC-01."""
    good = f"Bearer {signed(claims(exp=NOW + 90000), RSA_KEY, 'RS256', kid='rsa-1')}"
    assert authenticate(trusting, good)
    provider.status = 503
    clock.forward(30)
    assert authenticate(trusting, good)
    clock.forward(40)
    with pytest.raises(VendorUnavailable, match="key set"):
        authenticate(trusting, good)
    provider.status = 200
    clock.forward(2)
    assert authenticate(trusting, good)


@pytest.mark.parametrize("keys", [
    [{"kty": "oct", "k": "AAAA", "kid": "rsa-1", "alg": "HS256"}],
    [published(RSA_KEY, "rsa-1", use="enc")],
    [published(RSA_KEY, "rsa-1", alg="none")],
    [published(RSA_KEY, "rsa-1", alg="RS384")],
    [published(rsa.generate_private_key(public_exponent=65537, key_size=1024), "rsa-1")],
    [{"kty": "RSA", "kid": "rsa-1", "n": "!", "e": "AQAB"}],
    [{"kty": "RSA", "kid": 7}, "key", None],
])  # fmt: skip
def test_keys_that_are_no_good_are_left_out(trusting: Platform, provider: Provider, keys: list[Any]):
    """SEC-01: secrets, keys for other uses or algorithms, weak and broken ones."""
    provider.keys = [*keys, published(EC_KEY, "ec-1")]
    assert authenticate(trusting, f"Bearer {signed(key=EC_KEY, algorithm='ES256', kid='ec-1')}")
    with pytest.raises(NotAuthenticated):
        authenticate(trusting, f"Bearer {signed(key=RSA_KEY, algorithm='RS256', kid='rsa-1')}")
