"""The reviewer's client: read the inbox, read a request, decide. Every answer is the API's JSON, typed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Literal, cast
from uuid import uuid4

from placet.acting import Acting
from placet.acts import ActionVerdict
from placet.calls import part
from placet.errors import Unreachable
from placet.shapes import (
    BatchItemIn,
    BatchOut,
    DecideOut,
    GroupSheetOut,
    InboxOut,
    LaneName,
    LaneOut,
    ReviewOut,
    Verdict,
    View,
)


class Client(Acting):
    """One person's view of one Placet, by their personal token. Deciding and reading here, all the rest in `Acting`.

    `surface` "cli" tells the server that a person decides at a terminal: it then demands the read-back of a page.
    Every method raises placet.errors.Refused when the server says no and Unreachable when there is no answer.
    """

    def inbox(
        self, view: View = "turn", *, lane: LaneName | None = None, q: str = "", cursor: str = ""
    ) -> InboxOut:
        """One page of a tab; `turn` without a lane is the top of each. `cursor` is a lane's `next`."""
        answer = self._transport.get("inbox", view=view, lane=lane, q=q, cursor=cursor, team=self.team)
        return cast("InboxOut", answer)

    def further(self, listing: InboxOut, limit: int) -> InboxOut:
        """The listing with each lane read on until it holds `limit` entries or ends."""
        view = listing["view"]
        for lane in listing["lanes"]:
            name = cast("LaneName", lane["name"]) if view == "turn" else None
            while lane["next"] and _size(lane) < limit:
                page = self.inbox(view, lane=name, q=listing["q"], cursor=lane["next"])["lanes"][0]
                lane["items"] += page["items"]
                lane["groups"] += page["groups"]
                lane["next"] = page["next"]
        return listing

    def groups(self, *, q: str = "", cursor: str = "") -> InboxOut:
        """The groups in which something waits for this person, largest first."""
        return cast("InboxOut", self._transport.get("inbox/groups", q=q, cursor=cursor, team=self.team))

    def group(self, group_id: str, *, cursor: str = "") -> GroupSheetOut:
        """Fifty requests of a group, with the digests that `batch` wants."""
        return cast("GroupSheetOut", self._transport.get(f"inbox/groups/{part(group_id)}", cursor=cursor))

    def show(self, request_id: str) -> ReviewOut:
        """One request as its page shows it. Raises Unreachable when its bytes are not those its digest names."""
        review = cast("ReviewOut", self._transport.get(f"requests/{part(request_id)}/review"))
        if review["digest"] != f"sha256:{hashlib.sha256(review['raw'].encode()).hexdigest()}":
            raise Unreachable("The payload does not match its digest. Do not decide on it.")
        return review

    def decide(
        self,
        request_id: str,
        *,
        digest: str,
        decisions: Mapping[str, Verdict] | Sequence[ActionVerdict],
        note: str = "",
        read_back: str | None = None,
        over_claim: bool = False,
        idempotency_key: str | None = None,
    ) -> DecideOut:
        """Record a verdict on every action, bound to the digest that was shown: words by key, or whole verdicts.

        `over_claim`: though somebody else works on it.

        Without a key one is made; it is kept over this call's retries, and Unreachable carries it for further ones.
        """
        body: dict[str, object] = {
            "digest": digest,
            "decisions": _verdicts(decisions),
            "note": note,
            "idempotency_key": idempotency_key or uuid4().hex,
            "via": self._surface,
        }
        if over_claim:
            body["over_claim"] = True
        if read_back is not None:
            body["read_back"] = {"answer": read_back}
        return cast("DecideOut", self._transport.post(f"requests/{part(request_id)}/decide", body))

    def approve(
        self,
        review: ReviewOut,
        *,
        note: str = "",
        read_back: str | None = None,
        over_claim: bool = False,
        idempotency_key: str | None = None,
    ) -> DecideOut:
        """Approve all actions of what `show` returned."""
        return self._all(review, "approve", note, read_back, over_claim, idempotency_key)

    def reject(
        self,
        review: ReviewOut,
        *,
        note: str = "",
        over_claim: bool = False,
        idempotency_key: str | None = None,
    ) -> DecideOut:
        """Reject all actions of what `show` returned; the agent is told `note`."""
        return self._all(review, "reject", note, None, over_claim, idempotency_key)

    def break_glass(
        self,
        review: ReviewOut,
        *,
        note: str,
        read_back: str | None = None,
        over_claim: bool = False,
        idempotency_key: str | None = None,
    ) -> DecideOut:
        """Let what a rule blocks pass, all of it. `note` says why in at least 20 characters."""
        return self._all(review, "break_glass", note, read_back, over_claim, idempotency_key)

    def batch(
        self,
        items: Sequence[BatchItemIn],
        decision: Literal["approve", "reject"],
        *,
        note: str = "",
        idempotency_key: str | None = None,
    ) -> BatchOut:
        """Decide an explicit list alike; every line gets exactly one outcome."""
        body: dict[str, object] = {
            "items": list(items),
            "decision": decision,
            "note": note,
            "idempotency_key": idempotency_key or uuid4().hex,
        }
        if self.team:
            body["team"] = self.team
        return cast("BatchOut", self._transport.post("batches", body))

    def read_batch(self, batch_id: str) -> BatchOut:
        """The report of a batch that this person decided."""
        return cast("BatchOut", self._transport.get(f"batches/{part(batch_id)}"))

    def _all(
        self,
        review: ReviewOut,
        verdict: Verdict,
        note: str,
        read_back: str | None,
        over_claim: bool,
        key: str | None,
    ) -> DecideOut:
        return self.decide(
            review["id"],
            digest=review["digest"],
            decisions={action["key"]: verdict for action in review["actions"]},
            note=note,
            read_back=read_back,
            over_claim=over_claim,
            idempotency_key=key,
        )


def _size(lane: LaneOut) -> int:
    return len(lane["items"]) + len(lane["groups"])


def _verdicts(said: Mapping[str, Verdict] | Sequence[ActionVerdict]) -> list[dict[str, object]]:
    if isinstance(said, Mapping):
        return [{"key": key, "type": verdict} for key, verdict in said.items()]
    return [dict(verdict) for verdict in said]
