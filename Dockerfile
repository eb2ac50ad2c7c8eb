# syntax=docker/dockerfile:1
FROM python:3.13-slim AS build
COPY requirements/base.txt /tmp/base.txt
RUN python -m venv /opt/placet/venv \
 && /opt/placet/venv/bin/pip install --no-cache-dir --require-hashes --only-binary :all: -r /tmp/base.txt

FROM python:3.13-slim
# PLACET_PREPARED: manage.py finds everything here and builds nothing.
ENV PATH=/opt/placet/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PLACET_PREPARED=1 \
    DJANGO_SETTINGS_MODULE=config.settings
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin placet
COPY --from=build /opt/placet/venv /opt/placet/venv
WORKDIR /opt/placet/app
COPY manage.py ./
COPY config config
COPY inbox inbox
COPY agents agents
COPY templates templates
COPY static/dist static/dist
RUN python -m compileall -q config inbox agents
USER 10001
EXPOSE 8000
CMD ["granian", "--interface", "wsgi", "config.wsgi:application", "--host", "0.0.0.0", "--port", "8000", "--blocking-threads", "8"]
