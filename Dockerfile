# The bot as a container: the locked libraries, nothing to build with, no root, nothing to write but /data and /tmp.

FROM python:3.13-slim AS build
WORKDIR /app
COPY requirements-postgres.lock .
RUN python -m venv --without-pip /venv \
    && pip --python /venv/bin/python install --no-cache-dir --no-deps --require-hashes --requirement requirements-postgres.lock \
    && pip --python /venv/bin/python check
COPY bot bot
COPY cogs cogs
COPY migrations migrations
RUN /venv/bin/python -m compileall -q /venv/lib bot cogs

FROM python:3.13-slim
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin bot && install --directory --owner=bot --group=bot /data
COPY --from=build /venv /venv
COPY --from=build /app /app
WORKDIR /app
ENV PATH=/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    DATABASE_URL=sqlite:////data/suno-watch.db \
    HTTP_PORT=9100
USER 10001
VOLUME /data
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ['HTTP_PORT'] + '/healthz', timeout=4)"]
ENTRYPOINT ["python", "-m", "bot"]
CMD ["run", "--stay"]
