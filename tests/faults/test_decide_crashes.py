"""kill -9 of the web process around the commit of a decision: it stands or it never was, and the key tells which."""

from __future__ import annotations

import signal
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest

from inbox.models import Vote
from inbox.services import personal_tokens
from tests.checker import check_team
from tests.factories import World, ask
from tests.product import product

pytestmark = pytest.mark.faults


@pytest.mark.parametrize(
    ("point", "stands"), [("decide.before_commit:1", False), ("decide.after_commit:1", True)]
)
def test_a_lost_answer_can_be_asked_for_again(
    real_world: World, tmp_path: Path, point: str, stands: bool
) -> None:
    request = ask(real_world)
    _, token = personal_tokens.issue(person=real_world.dave, name="t", lifetime=timedelta(hours=1))
    body = {
        "digest": request.digest,
        "decisions": [{"key": "call_1", "type": "approve"}],
        "idempotency_key": uuid4().hex,
    }
    with product(tmp_path) as running, httpx2.Client(trust_env=False, timeout=20) as client:
        url = f"{running.origin}/api/v1/requests/{request.pk}/decide"
        headers = {"Authorization": f"Bearer {token}"}
        web = running.start("web", PLACET_CRASH_AT=point)
        with pytest.raises(httpx2.TransportError):
            client.post(url, json=body, headers=headers)
        assert web.wait(10) == -signal.SIGKILL
        request.refresh_from_db()
        assert (request.state == "decided") is stands
        running.start("web")
        answer = client.post(url, json=body, headers=headers)
        assert answer.status_code == 200, answer.content
        assert answer.json()["repeated"] is stands
        assert answer.json()["outcome"] == "approved"
    assert Vote.objects.filter(request=request).count() == 1
    check_team(real_world.team)
