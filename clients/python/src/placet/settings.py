"""Which server, whose token: from the environment, or from the file that `placet login` writes."""

from __future__ import annotations

import contextlib
import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from placet.addresses import loopback

# Every variable this command reads; docs/reference/cli.md lists them.
VARIABLES: Final = {
    "PLACET_URL": "The server's address.",
    "PLACET_TOKEN": "A personal token.",
    "PLACET_TEAM": "The team's short name, for who is in several.",
    "PLACET_CONFIG": "The file that `placet login` writes, instead of `placet/config.json` in the configuration folder.",
    "PLACET_INSECURE": "With `1`, a token is sent over plain http to other machines too.",
}


class BadSettings(Exception):
    """There is no server or no token to use, or they must not be used; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Where to call and as whom."""

    url: str
    token: str
    team: str | None = None


def path(environment: Mapping[str, str] = os.environ) -> Path:
    """The file with the settings."""
    if environment.get("PLACET_CONFIG"):
        return Path(environment["PLACET_CONFIG"])
    base = environment.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(base) / "placet" / "config.json"


def load(environment: Mapping[str, str] = os.environ, *, team: str | None = None) -> Settings:
    """The settings in force. Raises BadSettings."""
    kept = _read(path(environment))
    url, token = environment.get("PLACET_URL", ""), environment.get("PLACET_TOKEN", "")
    if kept is not None and not token:
        # A stored token is for the server it was stored with: a variable set by somebody else must not redirect it.
        if url and checked_url(url, environment) != kept.url:
            raise BadSettings(
                f"The stored token is for {kept.url}, not for {url}. Set PLACET_TOKEN too, or run placet login."
            )
        url, token = kept.url, kept.token
    if not url or not token:
        raise BadSettings("Not signed in: run placet login, or set PLACET_URL and PLACET_TOKEN.")
    chosen = team or environment.get("PLACET_TEAM") or (kept.team if kept and kept.url == url else None)
    return Settings(checked_url(url, environment), token, chosen)


def store(settings: Settings, where: Path) -> None:
    """Write the file for its owner alone. Raises OSError."""
    where.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = where.with_name(f"{where.name}.{os.getpid()}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w") as file:
            json.dump({"url": settings.url, "token": settings.token, "team": settings.team}, file)
        fresh.replace(where)
    except BaseException:
        with contextlib.suppress(OSError):
            fresh.unlink()
        raise


def checked_url(url: str, environment: Mapping[str, str] = os.environ) -> str:
    """The address without its end's slash. Raises BadSettings for one that a token must not be sent to."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        host = ""
    if not host or parts.scheme not in ("http", "https") or parts.username is not None:
        raise BadSettings(f"{url} is no address of a server: use https://….")
    if parts.scheme == "http" and not loopback(host) and environment.get("PLACET_INSECURE") != "1":
        raise BadSettings(f"{url} is not encrypted: the token would be readable on its way. Use https://….")
    return url.rstrip("/")


def _read(where: Path) -> Settings | None:
    try:
        mode = where.stat().st_mode
        text = where.read_text()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise BadSettings(f"{where} could not be read: {error}.") from None
    if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
        raise BadSettings(f"Others may read {where}, which holds a token. Run: chmod 600 {where}")
    try:
        kept = json.loads(text)
        return Settings(str(kept["url"]), str(kept["token"]), kept.get("team") or None)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BadSettings(f"{where} is no settings file. Run placet login to write it anew.") from None
