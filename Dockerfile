# docker build -t sync-platform .
# Three stages: packages checked against the lock's hashes, the wheel, and an image with neither build tools nor tests.
FROM python:3.11-slim-bookworm AS build
WORKDIR /build
COPY requirements.lock ./
RUN python -m venv /tools \
 && /tools/bin/pip download --no-deps --require-hashes --only-binary :all: -r requirements.lock -d /wheels \
 && /tools/bin/pip install --no-index --find-links /wheels hatchling
COPY . .
RUN /tools/bin/python -m hatchling build --target wheel --directory /dist

FROM python:3.11-slim-bookworm
# only what the wheel needs, and only packages whose hash was checked above
RUN --mount=type=bind,from=build,source=/wheels,target=/wheels \
    --mount=type=bind,from=build,source=/dist,target=/dist \
    pip install --no-cache-dir --no-index --find-links /wheels /dist/*.whl \
 && useradd --create-home --uid 10001 sync \
 && install --directory --owner=sync --mode=700 /var/lib/sync_platform
USER sync
WORKDIR /home/sync
# keys and databases come from outside: SYNC_PLATFORM_DATABASE_URL, SYNC_PLATFORM_DAGSTER_DATABASE_URL and
# SYNC_PLATFORM_MASTER_KEYS, best as files in SYNC_PLATFORM_SECRETS_DIR. Dagster's web server has no sign-in: it stays
# on the loopback address, and the reverse proxy in front of it shares this container's network.
ENTRYPOINT ["sync-platform"]
CMD ["up", "--no-demo"]
