# Written, not run: the machine this was made on has no container engine.
# One image for web, workers, beat and the one-off jobs; the command decides.
FROM python:3.13-slim-bookworm AS build
COPY --from=ghcr.io/astral-sh/uv:0.13 /uv /usr/local/bin/uv
WORKDIR /srv/platform
ENV UV_PYTHON_DOWNLOADS=never UV_LINK_MODE=copy
COPY requirements.lock ./
RUN uv venv .venv && uv pip sync --compile-bytecode -p .venv/bin/python requirements.lock
COPY . .
# Hashed and precompressed files and the English catalogue are part of the image. The values only have to be well-formed.
RUN SECRET_KEY=build ALLOWED_HOSTS=build PLATFORM_MODE=production DATABASE_URL=postgres://build@localhost/build \
    .venv/bin/python manage.py collectstatic --noinput --skip-checks \
 && .venv/bin/python -c "from portal.runtime.translations import compile_english; compile_english()"

FROM python:3.13-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /srv/platform platform
WORKDIR /srv/platform
COPY --from=build --chown=root:root /srv/platform /srv/platform
RUN install -d -o platform -g platform /srv/media
ENV PATH=/srv/platform/.venv/bin:$PATH PYTHONUNBUFFERED=1 PLATFORM_MODE=production MEDIA_ROOT=/srv/media
USER platform
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen(u.Request('http://127.0.0.1:8000/healthz', headers={'Host': 'localhost'}), timeout=2)"]
CMD ["gunicorn", "portal.wsgi:application", "--config", "deploy/gunicorn.conf.py"]
