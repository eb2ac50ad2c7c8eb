"""One concept a file; import from here."""

from __future__ import annotations

from inbox.models.aftermath import Feedback, Pickup, Recall
from inbox.models.audit import AuditEvent
from inbox.models.backtest import Backtest, BacktestBucket, BacktestFinding
from inbox.models.batch import Batch, BatchItem
from inbox.models.change import ChangeRequest
from inbox.models.conversation import Message
from inbox.models.decision import Decision, Vote
from inbox.models.grant import Grant, GrantUse
from inbox.models.history import SeenValue, ToolHistory
from inbox.models.hold import Hold
from inbox.models.idempotency import IdempotencyKey
from inbox.models.limit import LimitBucket
from inbox.models.notification import Notification
from inbox.models.policy import Activation, Policy, PolicyVersion
from inbox.models.request import Action, ApprovalRequest, ReportedOutcome, RequestGroup, Revision
from inbox.models.rota import Delegation, Rota, RotaSeat
from inbox.models.shadow import ShadowRun, ShadowVerdict
from inbox.models.sign_in import PersonalToken, SignInLink
from inbox.models.snooze import Snooze
from inbox.models.team import Ceiling, Member, RoleGroup, Team, TeamStream, Tier
from inbox.models.tool import Tool

__all__ = [
    "Action",
    "Activation",
    "ApprovalRequest",
    "AuditEvent",
    "Backtest",
    "BacktestBucket",
    "BacktestFinding",
    "Batch",
    "BatchItem",
    "Ceiling",
    "ChangeRequest",
    "Decision",
    "Delegation",
    "Feedback",
    "Grant",
    "GrantUse",
    "Hold",
    "IdempotencyKey",
    "LimitBucket",
    "Member",
    "Message",
    "Notification",
    "PersonalToken",
    "Pickup",
    "Policy",
    "PolicyVersion",
    "Recall",
    "ReportedOutcome",
    "RequestGroup",
    "Revision",
    "RoleGroup",
    "Rota",
    "RotaSeat",
    "SeenValue",
    "ShadowRun",
    "ShadowVerdict",
    "SignInLink",
    "Snooze",
    "Team",
    "TeamStream",
    "Tier",
    "Tool",
    "ToolHistory",
    "Vote",
]
