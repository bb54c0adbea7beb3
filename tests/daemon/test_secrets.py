"""No secret gets out through a failure: not into a line or a traceback at any level, not into the database."""

from __future__ import annotations

import base64
import io
import logging
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler

import pytest
import structlog

from monitor import config, logs
from monitor.logs import masking
from tests.daemon.conftest import ROOT, Begin
from tests.pipeline.conftest import Watch
from tests.town import Town, review

PASSWORD = "hunter2-made-up"
HOOK = "made-up-secret"
FORMS = (PASSWORD, base64.b64encode(PASSWORD.encode()).decode()[:12], HOOK)


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """Everything that is logged, at debug level, from us and from libraries."""
    configured, forms, pattern = structlog.get_config(), set(masking._known.forms), masking._known.pattern
    handlers, level = list(logging.getLogger().handlers), logging.getLogger().level
    stream = io.StringIO()
    logs.use("debug", stream, json_lines=True)
    logging.getLogger().setLevel(logging.DEBUG)
    yield stream
    structlog.configure(**configured)
    masking._known.forms, masking._known.pattern = forms, pattern
    logging.getLogger().handlers = handlers
    logging.getLogger().setLevel(level)
    logging.captureWarnings(False)


def begin(watch: Begin, **settings: str) -> Watch:
    monitor = watch(**settings)
    logs.hide(config.secret_values(monitor.settings))
    return monitor


def kept(monitor: Watch) -> str:
    """Return every text the database holds about messages and channels."""
    errors = monitor.rows("select last_error from deliveries union all select last_error from channels")
    facts = monitor.rows("select facts from alerts")
    return " ".join(str(value) for row in [*errors, *facts] for value in row)


def reset(handler: BaseHTTPRequestHandler) -> bool:
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    handler.connection.close()
    handler.close_connection = True
    return True


def repeats(handler: BaseHTTPRequestHandler) -> bool:
    handler.send_response(400, f"bad path {handler.path}")
    body = f"cannot POST {handler.path}: invalid_token".encode()
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)
    return True


def redirects(handler: BaseHTTPRequestHandler) -> bool:
    handler.send_response(302)
    handler.send_header("Location", f"http://other.example{handler.path}?token={HOOK}")
    handler.send_header("Content-Length", "0")
    handler.end_headers()
    return True


@pytest.mark.parametrize("behave", [reset, repeats, redirects], ids=lambda behave: behave.__name__)
def test_a_slack_that_fails_does_not_give_the_hook_away(
    behave: Callable[[BaseHTTPRequestHandler], bool], town: Town, watch: Begin, written: io.StringIO
) -> None:
    town.site.shows("quay", review(1))
    monitor = begin(watch, channels=("slack",))
    town.slack.behave = behave

    monitor.look()

    assert "not delivered" in written.getvalue()
    assert not any(form in written.getvalue() + kept(monitor) for form in FORMS)


def server_that_repeats(lines: list[bytes]) -> socket.socket:
    """Return a mail server that refuses the log-in and repeats all that was said."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        line, _ = listening.accept()
        with line, line.makefile("rb") as said:
            line.sendall(b"220 mail.example ESMTP\r\n")
            for row in said:
                lines.append(row.strip())
                if row.upper().startswith(b"EHLO"):
                    line.sendall(b"250-mail.example\r\n250 AUTH PLAIN LOGIN\r\n")
                elif row.upper().startswith(b"QUIT"):
                    return
                else:
                    line.sendall(b"535 5.7.8 refused: " + b" ".join(lines) + f" {PASSWORD}\r\n".encode())

    threading.Thread(target=serve, daemon=True).start()
    return listening


def test_a_mail_server_that_repeats_the_password_does_not_give_it_away(
    town: Town, watch: Begin, written: io.StringIO
) -> None:
    town.site.shows("quay", review(1))
    lines: list[bytes] = []
    with server_that_repeats(lines) as server:
        secret = town.folder / "mail-password"
        secret.write_text(PASSWORD)
        secret.chmod(0o600)
        port = server.getsockname()[1]
        extra = (
            f'[[channels]]\nname = "box"\nnotifier = "email"\nhost = "127.0.0.1"\nport = {port}\nsecurity = "none"\n'
            f'from = "m@town.example"\nto = ["mara@town.example"]\n'
            'username = "mara"\npassword = { file = "mail-password" }\n'
        )
        monitor = begin(watch, channels=("slack",), extra=extra)
        monitor.look()

    assert any(line.startswith(b"AUTH") for line in lines)
    assert "not delivered" in written.getvalue()
    assert not any(form in written.getvalue() + kept(monitor) for form in FORMS)


def test_a_fault_of_a_notifier_shows_frames_and_no_variables(town: Town, watch: Begin, written: io.StringIO) -> None:
    town.site.shows("quay", review(1, text="Lovely unmistakable flat white."))
    monitor = begin(watch, channels=("slack",))
    kind = type(monitor.settings.channels[0].build())

    def fails(self: object, message: object, fetch: object) -> None:
        raise RuntimeError(f"cannot open https://hooks.slack.com/services/T000/B000/{HOOK} for {message}")

    sending, kind.send = kind.send, fails  # type: ignore[method-assign]
    try:
        monitor.look()
    finally:
        kind.send = sending  # type: ignore[method-assign]

    assert "notifier failed" in written.getvalue()
    assert "RuntimeError" in written.getvalue()
    assert HOOK not in written.getvalue()


COMMANDS = [
    pytest.param(["send-test", "slack"], id="send-test"),
    pytest.param(["run", "--once"], id="run", marks=pytest.mark.slow),
    pytest.param(["check", "--live"], id="check", marks=pytest.mark.slow),
    pytest.param(["poll"], id="poll", marks=pytest.mark.slow),
]


@pytest.mark.parametrize("arguments", COMMANDS)
def test_no_command_prints_the_variables_of_a_failure(arguments: list[str], town: Town) -> None:
    path = town.configure(channels=("slack",))
    code = (
        "import sys; from monitor.notifiers.slack import Slack\n"
        "def send(self, message, fetch):\n"
        "    a_local_text = 'unmistakable ' + 'variable'\n"
        "    raise RuntimeError('broken')\n"
        "Slack.send = send\n"
        f"sys.argv = ['monitor', *sys.argv[1:], '--config', {str(path)!r}]\n"
        "from monitor.cli import main; main()"
    )

    ended = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=ROOT, env={**os.environ, **town.env},
        capture_output=True, text=True,
    )  # fmt: skip

    assert ended.returncode == 1
    assert "unmistakable variable" not in ended.stdout + ended.stderr
    assert "locals" not in ended.stdout + ended.stderr
