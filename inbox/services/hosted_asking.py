"""How what people say about a waiting request finds its way to a run hosted here.

It travels in the outbox, as decisions do, and is answered by `hosted_answering`. The outbox gives it what it gives
decisions: a lease, a sweep without the broker, and a pause holds it.
"""

from __future__ import annotations

from agents.outbox import Letter, enqueue
from inbox import canonical
from inbox.models import ApprovalRequest, Message
from inbox.models.conversation import TALK


def send(request: ApprovalRequest, message: Message) -> None:
    """Have a message about a locked request answered once the caller's transaction commits."""
    letter = Letter(
        agent=request.agent,
        channel=TALK,
        decision_id=message.pk,
        thread=request.thread,
        address=request.address,
        payload=canonical.dumps({"message": str(message.pk)}),
    )
    enqueue([letter])
