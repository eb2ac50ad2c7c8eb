"""One call over HTTP: timeouts, retries of what may be repeated, problems as exceptions."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2

from placet.addresses import loopback
from placet.errors import Unreachable, refusal

# Connecting, and then each further silence of the server.
CONNECT_SECONDS: Final = 5.0
READ_SECONDS: Final = 30.0
# A restart of the server takes a few seconds; whoever waits at a terminal takes no more.
PAUSES: Final = (0.3, 1.0, 3.0)
LONGEST_PAUSE: Final = 5.0
_AGAIN: Final = frozenset({429, 502, 503, 504})
_UNTOUCHED: Final = frozenset({429})


class Transport:
    """Speaks JSON to one server with one token. Redirects are not followed: the token is for this address alone."""

    def __init__(self, url: str, token: str, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._sleep = sleep
        self._http = httpx2.Client(
            base_url=f"{url.rstrip('/')}/api/v1/",
            headers={"Authorization": f"Bearer {token}", "User-Agent": "placet/0.1"},
            timeout=httpx2.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
            follow_redirects=False,
            # A proxy of the environment has no way to this machine.
            trust_env=not loopback(urlsplit(url).hostname or ""),
        )

    def close(self) -> None:
        """End the connections."""
        self._http.close()

    def get(self, path: str, **query: str | None) -> Any:
        """Read; tried again when there is no answer. Raises Refused or Unreachable."""
        given = {name: value for name, value in query.items() if value}
        return self._call("GET", path, params=given)

    def post(self, path: str, body: Mapping[str, Any], *, key: str | None = None, **query: str | None) -> Any:
        """Record something under a key, the body's `idempotency_key` or `key`, which makes trying again safe.

        Raises Refused or Unreachable; of the latter nobody knows yet whether it was recorded.
        """
        given = {name: value for name, value in query.items() if value}
        known = key or str(body["idempotency_key"])
        return self._call("POST", path, json=dict(body), key=known, params=given)

    def act(self, path: str, body: Mapping[str, Any], *, again: bool, method: str = "POST") -> Any:
        """Do something that has no key. `again`: twice is as good as once, so it is tried again.

        What must not happen twice is only tried again where the server surely never had it. Raises Refused or
        Unreachable.
        """
        how: dict[str, Any] = {"json": dict(body)} if method != "DELETE" else {}
        return self._call(method, path, again=again, **how)

    def _call(self, method: str, path: str, *, key: str | None = None, again: bool = True, **how: Any) -> Any:
        problem = ""
        for pause in (*PAUSES, None):
            wait = pause
            try:
                response = self._http.request(method, path, **how)
            except httpx2.TransportError as error:
                problem = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
                if not again and not isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout):
                    problem = f"{problem}. It may be recorded all the same: look before you try again"
                    break
            else:
                if response.status_code not in (_AGAIN if again else _UNTOUCHED):
                    return _read(response, key)
                problem = f"the server answered {response.status_code}"
                wait = _after(response, pause)
            if pause is None or wait is None:
                break
            self._sleep(wait)
        raise Unreachable(f"{self._http.base_url.host} gave no answer: {problem}.", idempotency_key=key)


def _read(response: httpx2.Response, key: str | None) -> Any:
    if response.status_code == 204:
        return {}
    try:
        answer = response.json()
    except ValueError:
        answer = None
    status = response.status_code
    if isinstance(answer, dict) and 200 <= status < 300:
        return answer
    if isinstance(answer, dict) and 400 <= status < 500 and "code" in answer:
        raise refusal(status, answer)
    raise Unreachable(f"This is no answer of a Placet (status {status}).", idempotency_key=key)


def _after(response: httpx2.Response, pause: float | None) -> float | None:
    told = response.headers.get("Retry-After", "")
    if pause is None or not (told.isascii() and told.isdigit()):
        return pause
    return min(max(pause, float(told)), LONGEST_PAUSE)
