"""The audit log: one gapless, hash-chained, append-only sequence a team."""

from __future__ import annotations

import pgtrigger
from django.db import models
from django.db.models.functions import Now

from inbox.models.request import ApprovalRequest
from inbox.models.team import Team


class AuditEvent(models.Model):
    """One thing that happened. `entry` holds the canonical bytes the hash covers; the columns repeat it for queries.

    hash(n) = SHA-256(1 ‖ hash(n-1) ‖ SHA-256(0 ‖ entry)). The database refuses an insert that does not
    continue the chain, and every update, delete and truncate.
    """

    id = models.BigAutoField(primary_key=True)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="audit_events")
    seq = models.BigIntegerField()
    verb = models.CharField(max_length=40)
    actor_kind = models.CharField(max_length=10)
    actor = models.CharField(max_length=200)
    request = models.ForeignKey(ApprovalRequest, on_delete=models.PROTECT, related_name="events", null=True)
    entry = models.BinaryField()
    previous = models.BinaryField(max_length=32)
    hash = models.BinaryField(max_length=32)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "seq"], name="audit_seq_once_per_team")]
        indexes = [
            # the request page's timeline
            models.Index(fields=["request", "seq"], name="audit_of_request"),
            # the audit page's filter by verb
            models.Index(fields=["team", "verb", "-seq"], name="audit_by_verb"),
            # the audit page's filter by actor
            models.Index(fields=["team", "actor", "-seq"], name="audit_by_actor"),
        ]
        triggers = [
            pgtrigger.Protect(name="audit_is_append_only", operation=pgtrigger.Update | pgtrigger.Delete),
            pgtrigger.Trigger(
                name="audit_is_not_emptied",
                operation=pgtrigger.Truncate,
                when=pgtrigger.Before,
                level=pgtrigger.Statement,
                func="RAISE EXCEPTION 'audit events are never removed' USING ERRCODE = 'check_violation';",
            ),
            pgtrigger.Trigger(
                name="audit_continues_the_chain",
                operation=pgtrigger.Insert,
                when=pgtrigger.Before,
                declare=[("head", "bytea")],
                func="""
                    IF NEW.seq = 1 THEN
                        head := decode(repeat('00', 32), 'hex');
                    ELSE
                        SELECT a.hash INTO head FROM inbox_auditevent a
                        WHERE a.team_id = NEW.team_id AND a.seq = NEW.seq - 1;
                    END IF;
                    IF head IS NULL OR NEW.previous <> head
                       OR NEW.hash <> sha256('\\x01'::bytea || head || sha256('\\x00'::bytea || NEW.entry)) THEN
                        RAISE EXCEPTION 'audit event % does not continue the chain', NEW.seq
                            USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.seq} {self.verb}"
