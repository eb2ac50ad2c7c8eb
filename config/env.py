"""Every environment variable the product reads, typed and described. Nothing else reads os.environ."""

from __future__ import annotations

from pathlib import Path
from typing import Literal
from urllib.parse import parse_qs, unquote, urlsplit

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from config.embedded.addresses import default_data_dir, read_addresses


class Env(BaseSettings):
    """The environment, read once at start. Each field's description is its line in the reference."""

    model_config = SettingsConfigDict(env_file=None, extra="ignore", frozen=True)

    database_url: str = Field(
        "",
        description="Postgres to use instead of the embedded one: `postgresql://user:password@host:port/name`.",
    )
    redis_url: str = Field(
        "",
        description="Valkey or Redis to use instead of the embedded one: `redis://host:port/0` or `unix:///path?db=0`.",
    )
    placet_data_dir: Path = Field(
        default_factory=default_data_dir,
        description="Where the embedded servers keep their data, logs and the generated secret key.",
    )
    placet_secret_key: str = Field(
        "",
        description="Signs sessions and links. Required outside the embedded default, which makes its own.",
    )
    placet_base_url: str = Field(
        "http://127.0.0.1:8000",
        description="Origin people and agents use, without a path; live sockets must come from it.",
    )
    placet_allowed_hosts: str = Field(
        "", description="Further host names to answer to, separated by commas. `*` is refused."
    )
    placet_debug: bool = Field(False, description="Development only: detailed errors, template reloading.")
    placet_embedded: bool = Field(
        False,
        description="Set by `manage.py up` for its children: allows single-use sign-in links on loopback.",
    )
    placet_allow_unsafe_durability: bool = Field(
        False, description="Tests only: serve although fsync, synchronous_commit or full_page_writes is off."
    )
    placet_prepared: bool = Field(
        False, description="Set in images: the environment is complete, `manage.py` must not build one."
    )
    placet_log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="Least severity that is logged."
    )
    placet_pool_size: int = Field(8, ge=1, le=100, description="Postgres connections a process may hold.")
    placet_body_limit: int = Field(
        256 * 1024,
        ge=1024,
        description="Bytes of one API request body; bulk calls may have 16 times as many.",
    )
    placet_event_streams: int = Field(
        200,
        ge=1,
        le=10_000,
        description="Event streams a web process holds at once; one more is answered 503.",
    )
    placet_event_heartbeat: float = Field(
        15.0,
        gt=0,
        le=60,
        description="Seconds after which a silent event stream says that it is still there.",
    )
    placet_event_seconds: float = Field(
        300.0,
        gt=0,
        le=3600,
        description="Seconds after which an event stream ends and its agent connects again.",
    )
    placet_hosted_graphs: str = Field(
        "",
        description="LangGraph graphs this server may run, `name=module:factory` separated by commas, besides the demo's.",
    )
    placet_hosted_answers: str = Field(
        "",
        description="Functions that answer for hosted graphs while they wait, `name=module:function` separated by commas.",
    )
    placet_demo_model: str = Field(
        "",
        description="Chat model for the demo agents, such as `openai:gpt-5`; empty uses the scripted one, which needs no key.",
    )
    placet_sweep_seconds: float = Field(
        5.0,
        gt=0,
        le=60,
        description="How often due deliveries and deadlines are looked for without the broker's help.",
    )
    placet_lease_seconds: int = Field(
        60, ge=1, le=3600, description="How long a worker may hold a delivery before another may take it."
    )
    placet_crash_at: str = Field(
        "",
        description="Tests only: `name:n` kills the process with SIGKILL the n-th time it passes that crash point.",
    )


def load() -> Env:
    """The environment, completed with the addresses of a running `manage.py up` where it names none.

    Raises pydantic.ValidationError naming every variable that does not parse.
    """
    env = Env()
    if env.database_url and env.redis_url:
        return env
    running = read_addresses(env.placet_data_dir)
    if running is None:
        return env
    found = {
        "database_url": env.database_url or running.database_url,
        "redis_url": env.redis_url or running.redis_url,
    }
    if "placet_base_url" not in env.model_fields_set:
        found["placet_base_url"] = running.base_url
    if not env.database_url:
        found["placet_embedded"] = "1"
    return Env(**{**env.model_dump(exclude_unset=True), **found})


def secret_key(env: Env) -> str:
    """The signing key: the variable, or the one the embedded default generated, or "" when there is none."""
    if env.placet_secret_key:
        return env.placet_secret_key
    kept = env.placet_data_dir / "secret_key"
    try:
        return kept.read_text().strip()
    except OSError:
        return ""


def database(url: str) -> dict[str, str | int]:
    """Django's NAME, USER, PASSWORD, HOST and PORT from a Postgres URL.

    Raises ValueError for another scheme.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("postgresql", "postgres"):
        raise ValueError("DATABASE_URL must begin with postgresql://")
    host = parse_qs(parts.query).get("host", [parts.hostname or ""])[0]
    return {
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": parts.port or "",
    }


def celery_broker(redis_url: str) -> str:
    """The broker URL in kombu's spelling: sockets are `redis+socket:///path?virtual_host=0`."""
    if redis_url.startswith("unix://"):
        parts = urlsplit(redis_url)
        return f"redis+socket://{parts.path}?virtual_host={parse_qs(parts.query).get('db', ['0'])[0]}"
    return redis_url
