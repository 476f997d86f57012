"""The application: which routers there are, and what surrounds them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from anyio import CapacityLimiter, to_thread
from fastapi import FastAPI
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.middleware.cors import CORSMiddleware
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from sync_platform.api import errors
from sync_platform.api.envelope import Envelope
from sync_platform.api.limits import RateLimits
from sync_platform.api.metrics import router as metrics_router
from sync_platform.api.openapi import describe
from sync_platform.api.recent_counts import RecentCounts
from sync_platform.api.routes import (
    audit,
    budget,
    compare,
    credentials,
    crm,
    events,
    health,
    imports,
    invitations,
    matches,
    promotions,
    quarantine,
    runs,
    sync,
    tenant,
    users,
    vip,
    webhooks,
)
from sync_platform.api.run_feed import RunFeed
from sync_platform.sync.platform import Platform

ROUTERS = (
    health.router,
    metrics_router,
    imports.router,
    events.router,
    webhooks.router,
    audit.router,
    budget.router,
    compare.router,
    credentials.router,
    matches.router,
    promotions.router,
    quarantine.router,
    runs.router,
    sync.router,
    crm.router,
    vip.router,
    tenant.router,
    users.router,
    invitations.router,
)
#: What web pages may send. The last two come from the official client of Supabase with every call.
PAGE_HEADERS = (
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "Last-Event-ID",
    "X-Request-Id",
    "X-Tenant",
    "X-Reason",
    "apikey",
    "x-client-info",
)


def build_app(platform: Platform) -> FastAPI:
    """The service on a platform. It takes requests; who works on what they ask for is not its business."""
    settings = platform.settings.api

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        to_thread.current_default_thread_limiter().total_tokens = settings.threads
        app.state.fast_lane = CapacityLimiter(settings.fast_threads)
        app.state.run_feed = RunFeed(platform, platform.settings.requests.max_streams)
        yield

    app = FastAPI(
        title="sync_platform",
        version=version("sync_platform"),
        summary="Imports, syncs, comparisons and promotions of a tenant's data.",
        openapi_url=None,  # served by describe(), which builds it once
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # it would send people wherever the header Host says
        lifespan=lifespan,
    )
    app.state.platform = platform
    app.state.limits = RateLimits(platform)
    app.state.staging_counts = RecentCounts()
    app.state.fast_lane = None
    errors.install(app)
    for router in ROUTERS:
        app.include_router(router)
    describe(app)
    # inside the envelope, unlike the application's own: its words are made a problem there
    app.add_middleware(RequestBodyLimitMiddleware, max_body_size=settings.max_body_kib << 10)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(settings.cors_origins),
            allow_methods=["GET", "POST", "PUT", "DELETE"],
            allow_headers=PAGE_HEADERS,
            expose_headers=["X-Request-Id", "Location", "Retry-After", "ETag"],
        )
    app.add_middleware(Envelope, hsts=settings.hsts)
    if settings.trusted_proxies:
        app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=list(settings.trusted_proxies))
    return app
