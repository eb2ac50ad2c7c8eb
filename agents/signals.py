"""What this floor tells the one above, without knowing it. `inbox` connects at start-up (inbox/apps.py).

Receivers run inside the sender's transaction: what they write stands or falls with it.
"""

from __future__ import annotations

from django.dispatch import Signal

run_paused = Signal()
"""A hosted run waits. Arguments: `run` (HostedRun), `interrupts` (tuple of agents.hosting.base.Interrupt): all that
wait now, those announced before included."""

run_ended = Signal()
"""A hosted run will not ask again. Arguments: `run` (HostedRun, state done, failed, halted or outcome_unknown), `detail` (str)."""

delivery_starting = Signal()
"""A delivery is about to have its effect, and from then on the agent has it. Arguments: `delivery` (Delivery), its row
locked. A receiver that returns False holds it back: it goes back into the queue, and the attempt does not count."""

delivery_ended = Signal()
"""A delivery reached a final state. Arguments: `delivery` (Delivery), `detail` (str)."""
