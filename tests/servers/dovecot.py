"""Start Dovecot on this machine, in a folder of its own, and run the tests against it.

python -m tests.servers.dovecot      installs it where it is missing and may be (Debian, as root)

One process with its children, on loopback, with a certificate made for it, made-up users and their mail in that
folder; nothing of the system's own Dovecot is touched. https://doc.dovecot.org/2.3/
"""

from __future__ import annotations

import contextlib
import imaplib
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PACKAGE = "dovecot-imapd"
MISSING = f"Dovecot is not installed here: as root, python -m tests.servers.dovecot (Debian's {PACKAGE})"
PASSWORD = "made-up-s3cret"
PATIENCE = 20  # seconds until it has to answer
TESTS = Path(__file__).with_name("test_dovecot.py")

CONFIG = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <{folder}/certificate.pem
ssl_key = <{folder}/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain login
mail_location = maildir:{folder}/mail/%u
default_internal_user = dovecot
default_login_user = dovenull
service imap-login {{
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {secure_port}
  }}
}}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/%u
}}
namespace inbox {{
  inbox = yes
  mailbox Sent {{
    auto = create
    special_use = \\Sent
  }}
}}
"""


@dataclass(frozen=True)
class Dovecot:
    """A server that runs: its ports, and the certificate that a client has to trust."""

    folder: Path
    port: int
    secure_port: int

    @property
    def certificate(self) -> Path:
        """The certificate, its own authority."""
        return self.folder / "certificate.pem"

    def deliver(self, user: str, raw: bytes, folder: str = "INBOX") -> None:
        """Put a message into somebody's folder."""
        with self.client(user) as client:
            status, said = client.append(folder, "", imaplib.Time2Internaldate(time.time()), raw)
            assert status == "OK", said

    @contextmanager
    def client(self, user: str) -> Iterator[imaplib.IMAP4]:
        """Log in as somebody, with Python's own client."""
        client = imaplib.IMAP4("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            client.login(user, PASSWORD)
            yield client
        finally:
            with contextlib.suppress(imaplib.IMAP4.error, OSError):
                client.logout()


def why_not() -> str | None:
    """Return the sentence that says why it cannot be started here, or None."""
    if shutil.which("dovecot") is None:
        return f"{MISSING}."
    if os.geteuid() != 0:
        return "Dovecot gives its processes users of their own, which only root can."
    return None


@contextmanager
def running() -> Iterator[Dovecot]:
    """Run a server for the time of a `with`."""
    with tempfile.TemporaryDirectory(prefix="dovecot-") as temporary:
        folder = Path(temporary)
        folder.chmod(0o755)
        nobody = pwd.getpwnam("nobody")
        (folder / "mail").mkdir()
        os.chown(folder / "mail", nobody.pw_uid, nobody.pw_gid)
        _certify(folder)
        server = Dovecot(folder, _free_port(), _free_port())
        config = folder / "dovecot.conf"
        config.write_text(
            CONFIG.format(
                folder=folder,
                port=server.port,
                secure_port=server.secure_port,
                password=PASSWORD,
                uid=nobody.pw_uid,
                gid=nobody.pw_gid,
            )
        )
        subprocess.run(["dovecot", "-c", str(config)], check=True)
        try:
            _wait_for(server)
            yield server
        finally:
            subprocess.run(["dovecot", "-c", str(config), "stop"], check=False)


def _certify(folder: Path) -> None:
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "certificate.pem")]
    subprocess.run(["openssl", "req", "-x509", *key, *subject, *files], check=True, capture_output=True)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def _wait_for(server: Dovecot) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", server.port), timeout=5).close()
        except OSError:
            time.sleep(0.1)  # another program starts
        else:
            return
    log = server.folder / "log"
    raise AssertionError(f"Dovecot did not answer: {log.read_text() if log.exists() else 'no log'}")


def main() -> int:
    """Install it where it is missing, and run the tests; returns what pytest does."""
    if shutil.which("dovecot") is None and os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run(["apt-get", "install", "--yes", "--no-install-recommends", PACKAGE], check=True)
    tests = [sys.executable, "-m", "pytest", "-q", "-m", "slow or server", str(TESTS)]
    return subprocess.run(tests, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
