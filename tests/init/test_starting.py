"""The start lines: the unit and the compose file say what those of the project say, with this folder's paths."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from monitor.cli.init import starting
from monitor.cli.invocation import command

ROOT = Path(__file__).resolve().parents[2]
WHO = (os.getuid(), os.getgid())

# What belongs to one machine or one way of keeping secrets, and so differs.
OWN_UNIT = (
    "#", "Documentation=", "User=", "Group=", "Environment", "ExecStart=", "WorkingDirectory=", "StateDirectory",
    "ReadWritePaths=", "ProtectHome=",
)  # fmt: skip
OWN_COMPOSE = (
    "#",
    "build:",
    "user:",
    "- ./data",
    "- .:",
    "env_file:",
    "- path:",
    "required:",
    "environment:",
    "MONITOR",
)


def same_lines(text: str, but: tuple[str, ...]) -> list[str]:
    return [line for line in text.splitlines() if line.strip() and not line.strip().startswith(but)]


def test_the_unit_is_that_of_the_project_with_other_paths(tmp_path):
    way = starting.as_service(tmp_path, "/opt/monitor/bin/monitor", WHO)

    assert same_lines(way.content, OWN_UNIT) == same_lines(
        (ROOT / "packaging" / "review-monitor.service").read_text(), OWN_UNIT
    )
    assert f'Environment="MONITOR_CONFIG={tmp_path}/monitor.toml"' in way.content
    assert "ExecStart=/opt/monitor/bin/monitor run\n" in way.content
    assert f'ReadWritePaths="{tmp_path}"' in way.content
    assert "{" not in way.content


def test_the_compose_file_is_that_of_the_project_with_this_folder(tmp_path):
    way = starting.as_container(tmp_path, ROOT, (1000, 1001))

    assert same_lines(way.content, OWN_COMPOSE) == same_lines((ROOT / "compose.yaml").read_text(), OWN_COMPOSE)
    assert f"build: '{ROOT}'" in way.content
    assert 'user: "1000:1001"' in way.content
    assert "- .:/data" in way.content


@pytest.mark.parametrize("above, home", [("/home", "read-only"), ("/root", "read-only"), ("/var/lib", "yes")])
def test_a_service_sees_a_home_only_when_it_lives_there(above, home):
    way = starting.as_service(Path(above, "ana", "monitor"), "/opt/monitor/bin/monitor", WHO)

    assert f"ProtectHome={home}\n" in way.content


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze on this machine")
@pytest.mark.parametrize("name", ["plain", "with a blank", "100%"])
def test_systemd_takes_the_unit(tmp_path, name):
    folder = tmp_path / name
    folder.mkdir()
    way = starting.as_service(folder, "/bin/true", WHO)
    (folder / way.file).write_text(way.content)

    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(folder / way.file)], capture_output=True, text=True, timeout=60
    )

    ours = [line for line in done.stderr.splitlines() if way.file in line]
    assert ours == []


@pytest.mark.parametrize(
    "env, typed, script, words",
    [
        ({"MONITOR_STARTED_AS": "python3 make.py monitor"}, ["python"], "x", "python3 make.py monitor"),
        ({"UV_RUN_RECURSION_DEPTH": "1"}, ["python"], "x", "uv run monitor"),
        ({}, ["python3", "-m", "monitor"], "/opt/monitor/__main__.py", "python3 -m monitor"),
        ({}, ["/opt/x y/python", "-m"], "/opt/monitor/__main__.py", "'/opt/x y/python' -m monitor"),
        ({"PATH": "/nowhere"}, ["python"], ".venv/bin/monitor", ".venv/bin/monitor"),
    ],
)
def test_the_next_line_begins_as_this_one_did(env, typed, script, words):
    assert command(env, typed, script) == words


def test_a_command_on_the_path_is_called_by_its_name(tmp_path):
    (tmp_path / "monitor").write_text("#!/bin/sh\n")
    (tmp_path / "monitor").chmod(0o755)

    assert command({"PATH": str(tmp_path)}, ["python"], str(tmp_path / "monitor")) == "monitor"
