"""Agents that show the product at work: real graphs, a scripted model, effects one can look at."""

from __future__ import annotations

from django.apps import AppConfig


class DemosConfig(AppConfig):
    name = "agents.demos"
    label = "demos"
    verbose_name = "Demo agents"
