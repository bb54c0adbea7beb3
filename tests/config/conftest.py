"""A folder with a configuration file, and made-up plug-ins: sites from an own folder, channels from a package."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from textwrap import dedent

import pytest

from monitor.config import Settings, load
from monitor.errors import ConfigError

CONNECTORS = {
    "town_shop": '''
        """A made-up shop of apps, asked by country."""
        from datetime import timedelta
        from monitor.connector import Connector, ConnectorConfig

        class TownShopConfig(ConnectorConfig):
            app_id: str
            countries: list[str] = ["us"]

        class TownShop(Connector[TownShopConfig]):
            Config = TownShopConfig
            title = "Town Shop"
            default_every = timedelta(hours=1)
            fastest = timedelta(minutes=10)
            sees = "The newest 500 reviews of each country; no answers."
    ''',
    "town_talk": '''
        """A made-up forum that is searched, with an account."""
        from typing import Literal
        from pydantic import BaseModel, SecretStr, field_validator
        from monitor.connector import Connector, ConnectorConfig

        class Page(BaseModel):
            path: str
            depth: int = 1

        class TownTalkConfig(ConnectorConfig):
            user: str | None = None
            token: SecretStr
            order: Literal["newest", "oldest"] = "newest"
            pages: list[Page] = []
            limit: int | str = 10

            @field_validator("token")
            @classmethod
            def looks_right(cls, value):
                if not value.get_secret_value().startswith("tt-"):
                    raise ValueError(f"{value.get_secret_value()} is no token of Town Talk: one begins with tt-")
                return value

        class TownTalk(Connector[TownTalkConfig]):
            Config = TownTalkConfig
            title = "Town Talk"
            searches = True
    ''',
    "broken_one": """
        import monitor.connector

        site = unknown_name
    """,
}
NOTIFIERS = '''
    """Made-up channels."""
    from pydantic import SecretStr
    from monitor.notifier import Notifier, NotifierConfig

    class BellConfig(NotifierConfig):
        rope: SecretStr
        place: str = "tower"
        helpers: list[str] = []

    class Bell(Notifier[BellConfig]):
        Config = BellConfig
        def describe(self):
            return f"the bell in the {self.config.place}"

    class Paper(Notifier[NotifierConfig]):
        def describe(self):
            return "a sheet of paper"
'''
ENTRY_POINTS = """
[review_monitor.notifiers]
bell = town_channels:Bell
paper = town_channels:Paper
torn = town_torn:Torn
"""
BASE = """\
[monitor]
operator = "paper"
contact = "ops@example.org"
own_connectors = "sites"

[[channels]]
name = "paper"
notifier = "paper"

"""


@pytest.fixture(scope="session", autouse=True)
def town_package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """An installed package that brings two notifiers and a broken one."""
    folder = tmp_path_factory.mktemp("site-packages")
    (folder / "town_channels.py").write_text(dedent(NOTIFIERS))
    (folder / "town_torn.py").write_text("raise RuntimeError('torn in two')\n")
    info = folder / "town_channels-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: town-channels\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(ENTRY_POINTS)
    sys.path.insert(0, str(folder))
    yield
    sys.path.remove(str(folder))


class Town:
    """A folder with sites and a file; `load` reads it, `problems` says what is wrong with it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "monitor.toml"

    def write(self, text: str, *, base: str = BASE) -> Path:
        """Write the file: a working base and what the test adds."""
        self.path.write_text(base + dedent(text))
        return self.path

    def load(self, text: str, env: Mapping[str, str] | None = None, *, base: str = BASE) -> Settings:
        """Return the settings that a text gives."""
        return load(self.write(text, base=base), env or {})

    def problems(self, text: str, env: Mapping[str, str] | None = None, *, base: str = BASE) -> list[str]:
        """Return what is wrong with a text, one line each."""
        with pytest.raises(ConfigError) as refused:
            self.load(text, env, base=base)
        return [str(problem) for problem in refused.value.problems]

    def warnings(self, text: str, env: Mapping[str, str] | None = None, *, base: str = BASE) -> list[str]:
        """Return what a text is warned of, one line each."""
        return [str(problem) for problem in self.load(text, env, base=base).warnings]


@pytest.fixture
def town(tmp_path: Path) -> Town:
    """A folder with three own connectors, one of them broken."""
    sites = tmp_path / "sites"
    sites.mkdir()
    for name, code in CONNECTORS.items():
        (sites / f"{name}.py").write_text(dedent(code).lstrip())
    return Town(tmp_path)


Write = Callable[[str], Path]
