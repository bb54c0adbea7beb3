# One process, one volume, no root. The configuration, its secrets and the database are in /data.
#
#   docker build --tag review-monitor .
#   docker compose run --rm monitor init /data      five questions
#   docker compose up --detach

FROM python:3.13-slim AS build
WORKDIR /build
RUN python -m venv /app
COPY requirements-container.lock ./
RUN /app/bin/pip install --no-cache-dir --require-hashes --no-deps --requirement requirements-container.lock
COPY pyproject.toml README.md LICENSE ./
COPY monitor monitor
COPY connectors connectors
RUN /app/bin/pip install --no-cache-dir --no-deps .

FROM python:3.13-slim
RUN useradd --uid 10001 --home-dir /data --no-create-home --shell /usr/sbin/nologin monitor \
    && install --directory --owner monitor --group monitor --mode 0700 /data
COPY --from=build /app /app
ENV PATH=/app/bin:$PATH \
    MONITOR_CONFIG=/data/monitor.toml \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 10001:10001
WORKDIR /data
VOLUME /data
# /healthz fails when the daemon no longer turns, not when a site is down.
HEALTHCHECK --interval=1m --timeout=5s --start-period=2m --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/healthz', timeout=4)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["monitor"]
CMD ["run", "--health-port", "8080"]
