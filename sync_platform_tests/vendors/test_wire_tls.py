"""TLS on real connections: a right certificate is accepted, any other refuses the call."""

import random
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sync_platform.core.errors import ContractBroken
from sync_platform_tests.vendors.vendor_rig import Rig, make_rig
from sync_platform_tests.vendors.wire_server import head, serving


def certificate(folder: Path, name: str, days: int) -> Path:
    """A self-signed certificate for a host name, and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=10))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{name}.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


@contextmanager
def secured(pem: Path, trusted: bool) -> Iterator[tuple[Rig, list[bytes]]]:
    """A client and a server that shows this certificate, and the plain requests that the server could read."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    read: list[bytes] = []

    def script(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as wrapped:
            read.append(wrapped.recv(65_536))
            wrapped.sendall(head("Content-Length: 2") + b"{}")

    tls = ssl.create_default_context(cafile=pem) if trusted else None
    with serving(script, peek=True) as (url, _):
        rig = make_rig(
            lambda _: pytest.fail("not this transport"),
            base_url=url.replace("http://127.0.0.1", "https://localhost"),
            allowed_hosts=frozenset({"localhost"}),
            clock=time.monotonic,
            sleep=lambda seconds: None,
            rng=random.Random(1),
            transport=None,
            tls=tls,
        )
        yield rig, read
        rig.http.close()


def test_a_trusted_certificate_is_accepted(tmp_path: Path) -> None:
    """HTTP-01: the deadline goes on inside TLS."""
    with secured(certificate(tmp_path, "localhost", 10), trusted=True) as (rig, read):
        assert rig.get().body == b"{}"
    assert b"shop-canary-2" in read[0]


@pytest.mark.parametrize(
    ("name", "days", "trusted"),
    [("localhost", 10, False), ("other.example", 10, True), ("localhost", -1, True)],
    ids=["unknown issuer", "other name", "expired"],
)
def test_any_other_certificate_is_refused_and_no_key_is_sent(
    tmp_path: Path, name: str, days: int, trusted: bool
) -> None:
    """HTTP-01, F-34: asking again would not make it valid."""
    with (
        secured(certificate(tmp_path, name, days), trusted) as (rig, read),
        pytest.raises(ContractBroken, match="cert"),
    ):
        rig.get()
    assert len(rig.observed) == 1
    assert read == []
