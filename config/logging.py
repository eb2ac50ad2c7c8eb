"""Logs as lines of key=value (terminal) or JSON, with the request id on each; never values of payloads."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog


def configure(options: dict[str, Any]) -> None:
    """Send the standard library's loggers and structlog's through one formatter to stderr."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    terminal = sys.stderr.isatty()
    renderer: Any = structlog.dev.ConsoleRenderer() if terminal else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    formatting: list[Any] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if not terminal:
        formatting.append(structlog.processors.format_exc_info)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=[*formatting, renderer])
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(options["level"])
    # A 4xx is an answer, not an incident: Django warns about each one.
    logging.getLogger("django.request").setLevel(logging.ERROR)
    # One line for each call sent would drown the replay's own.
    logging.getLogger("httpx2").setLevel(logging.WARNING)
