"""The one HTTP client for all sources, and the only module that knows httpx (HTTP-01 to HTTP-08, HTTP-11, HTTP-14)."""

import functools
import random
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TypeVar, overload

import httpcore
import httpx

from sync_platform.core.errors import ConfigurationError, ContractBroken, VendorTimeout, VendorUnavailable
from sync_platform.vendors.answer import Answer, Body, TooLarge, read_body
from sync_platform.vendors.deadline import Deadline, DeadlineBackend
from sync_platform.vendors.guard import Guard
from sync_platform.vendors.leaving import Leaving, LeftTooLate
from sync_platform.vendors.limits import HttpLimits
from sync_platform.vendors.origin import checked_headers, checked_origin, checked_path, secrets_in, with_headers
from sync_platform.vendors.ports import Breaker, CallBudget, CallObserver
from sync_platform.vendors.retry import Fault, http_date
from sync_platform.vendors.verdict import Expected, Meaning, accepted, as_the_status_says, refused

__all__ = ["Answer", "Breaker", "CallBudget", "CallObserver", "HttpLimits", "VendorHttp"]

T = TypeVar("T")

IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS"})
_ERROR_BYTES = 64 * 1024


class VendorHttp:
    """Calls one source with one set of credentials. May be used by the few threads of one reader at a time.

    Speaks through the transport, not through ``httpx.Client``: no cookies, no redirects, no proxies or passwords from
    the environment, and no log line with the URL.
    """

    def __init__(
        self,
        *,
        base_url: str,
        headers: Mapping[str, str],
        allowed_hosts: frozenset[str],
        limits: HttpLimits,
        budget: CallBudget,
        breaker: Breaker,
        observe: CallObserver,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
        wall_clock: Callable[[], datetime],
        rng: random.Random,
        transport: httpx.BaseTransport | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._origin = checked_origin(base_url, allowed_hosts)
        self._secrets, self._keys = secrets_in(checked_headers(headers)), {name.lower() for name in headers}
        self._headers = {
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
            "User-Agent": "sync-platform",
            "Content-Type": "application/json",
            **headers,
        }
        self._limits, self._observe, self._clock, self._wall_clock = limits, observe, clock, wall_clock
        self._guard = Guard(limits, budget, breaker, clock, sleep, rng)
        self._deadline = Deadline()
        self._transport = transport or _transport(_checked_tls(tls), DeadlineBackend(self._deadline, clock))
        self.worst_skew_seconds = 0.0

    @property
    def clock_skewed(self) -> bool:
        """Whether the source's clock and ours were seen further apart than allowed (HTTP-14)."""
        return abs(self.worst_skew_seconds) > self._limits.max_clock_skew

    def close(self) -> None:
        """Close idle connections; a call under way in another thread fails."""
        self._transport.close()

    @overload
    def get(self, endpoint: str, path: str, params: Mapping[str, str]) -> Answer[bytes]: ...

    @overload
    def get(
        self,
        endpoint: str,
        path: str,
        params: Mapping[str, str],
        decode: Callable[[bytes], T],
        timeout_tries: int | None = None,
        meaning: Meaning = as_the_status_says,
    ) -> Answer[T]: ...

    def get(
        self,
        endpoint: str,
        path: str,
        params: Mapping[str, str],
        decode: Callable[[bytes], Any] = bytes,
        timeout_tries: int | None = None,
        meaning: Meaning = as_the_status_says,
    ) -> Answer[Any]:
        """Read JSON. ``endpoint`` is the name for counters and messages: the path without identifiers.

        ``decode`` runs inside the retries: a body for which it raises ContractBroken is asked for again (HTTP-03).
        With ``timeout_tries`` a call that timed out so often raises VendorTimeout at once, for the caller to ask less.
        """
        expected = Expected(decode, meaning)
        return self.request("GET", endpoint, path, params, expected, timeout_tries=timeout_tries)

    def request(
        self,
        method: str,
        endpoint: str,
        path: str,
        params: Mapping[str, str],
        expected: Expected[T],
        *,
        content: bytes | None = None,
        timeout_tries: int | None = None,
        headers: Mapping[str, str] | None = None,
        reads_only: bool = False,
    ) -> Answer[T]:
        """Any method. One that is not idempotent is repeated only if the source surely did not act on it (HTTP-06).

        ``reads_only``: a POST that changes nothing. ``headers`` are this request's; they cannot replace the keys.
        """
        url = httpx.URL(self._origin + checked_path(path), params=dict(params) or None)
        sent = with_headers(self._headers, headers or {}, self._keys)
        fresh = functools.partial(httpx.Request, method, url, headers=sent, content=content)
        call = functools.partial(self._call, endpoint, fresh, expected)
        return self._guard.run(endpoint, call, reads_only or method in IDEMPOTENT, timeout_tries)

    def _call(
        self, endpoint: str, fresh: Callable[[], httpx.Request], expected: Expected[T], time_left: float
    ) -> Answer[T] | Fault:
        leaving = Leaving(lambda: self._observe.started(endpoint), self._clock)
        while True:
            try:
                return self._exchange(endpoint, fresh(), expected, leaving, time_left)
            except LeftTooLate:
                continue

    def _exchange(
        self, endpoint: str, request: httpx.Request, expected: Expected[T], leaving: Leaving, time_left: float
    ) -> Answer[T] | Fault:
        """One real request. Counted whatever happens (HTTP-11); nothing of the library's exceptions gets out."""
        status, received = "transport", 0
        ends = self._clock() + time_left
        self._deadline.at = ends
        try:
            with self._sent(request, leaving, time_left) as response:
                code, headers = response.status_code, response.headers
                status = str(code)
                skew = self._note_skew(headers.get("date"))
                if code >= 300:
                    said = self._error_head(response, ends)
                    received = len(said)
                    return refused(code, headers, said, self._limits, expected, self._secrets, self._wall_clock())
                body = Body(headers.get("content-encoding", ""), self._limits.max_bytes)
                try:
                    whole = read_body(self._within(response, ends), body)
                finally:
                    received = body.received
                return accepted(request.method, code, headers, whole, expected, skew)
        except (httpx.ReadTimeout, httpx.WriteTimeout):
            status = "timeout"
            return Fault(VendorTimeout, "no whole answer in time", retry=True, outage=True)
        except (httpx.ConnectTimeout, httpx.PoolTimeout):
            status = "timeout"
            return Fault(VendorUnavailable, "no connection in time", retry=True, outage=True, unsent=True)
        except httpx.ConnectError as error:
            if "CERTIFICATE_VERIFY_FAILED" in str(error):
                return Fault(ContractBroken, "the certificate of the source is not valid", outage=True)
            return Fault(VendorUnavailable, "no connection", retry=True, outage=True, unsent=True)
        except httpx.TransportError as error:
            return Fault(VendorUnavailable, f"connection failed ({type(error).__name__})", retry=True, outage=True)
        except TooLarge as error:
            return Fault(ContractBroken, str(error))
        except ContractBroken as error:
            return Fault(ContractBroken, str(error), retry=True, outage=True)
        except LeftTooLate:
            status = ""
            raise
        finally:
            self._deadline.at = None
            if status:
                self._observe.ended(endpoint, status, received)

    @contextmanager
    def _sent(self, request: httpx.Request, leaving: Leaving, time_left: float) -> Iterator[httpx.Response]:
        limits = self._limits
        timeout = httpx.Timeout(
            min(limits.first_byte_timeout, time_left), connect=min(limits.connect_timeout, time_left)
        )
        request.extensions = {"timeout": timeout.as_dict(), "trace": leaving}
        response = self._transport.handle_request(request)
        try:
            yield response
        finally:
            response.close()

    def _error_head(self, response: httpx.Response, ends: float) -> bytes:
        # the status decides; a long or broken body of an error must not turn a 401 into something that is retried
        try:
            body = Body(response.headers.get("content-encoding", ""), _ERROR_BYTES)
            return read_body(self._within(response, ends), body)
        except (ContractBroken, httpx.TransportError):
            return b""

    def _within(self, response: httpx.Response, ends: float) -> Iterator[bytes]:
        declared = response.headers.get("content-length", "")
        if declared.isdecimal() and int(declared[:20]) > self._limits.max_bytes:
            raise TooLarge(f"answer larger than {self._limits.max_bytes} bytes")
        assert isinstance(response.stream, httpx.SyncByteStream)
        for chunk in response.stream:
            if self._clock() > ends:
                raise httpx.ReadTimeout("the whole answer took too long")
            yield chunk

    def _note_skew(self, date: str | None) -> float | None:
        theirs = http_date(date)
        skew = None if theirs is None else (theirs - self._wall_clock()).total_seconds()
        if skew is not None and abs(skew) > abs(self.worst_skew_seconds):
            self.worst_skew_seconds = skew
        return skew


def _transport(tls: ssl.SSLContext, backend: DeadlineBackend) -> httpx.HTTPTransport:
    transport = httpx.HTTPTransport(verify=tls, trust_env=False)
    # the library has no public way to name a network backend; a test with dripping headers watches over this line
    transport._pool = httpcore.ConnectionPool(
        ssl_context=tls, max_connections=8, keepalive_expiry=30.0, network_backend=backend
    )
    return transport


@functools.cache
def _default_tls() -> ssl.SSLContext:
    # made once: reading the certificate bundle takes tens of milliseconds
    return httpx.create_ssl_context(trust_env=False)


def _checked_tls(tls: ssl.SSLContext | None) -> ssl.SSLContext:
    if tls is None:
        return _default_tls()
    if tls.verify_mode != ssl.CERT_REQUIRED or not tls.check_hostname:
        raise ConfigurationError("the TLS context does not verify the source's certificate")
    return tls
