"""Plug-ins: found by file name, by entry point, in a folder of one's own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from monitor.config.schema import ChannelTable, SourceTable
from monitor.connector import Connector
from monitor.errors import UsageError
from monitor.notifier import Notifier
from monitor.plugins import (
    RESERVED_CHANNEL_KEYS,
    RESERVED_SOURCE_KEYS,
    connector,
    connector_names,
    connectors,
    notifier,
    notifier_names,
    own_module,
)

SITE = """
from monitor.connector import Connector, ConnectorConfig

class {name}Config(ConnectorConfig):
    place: str

class {name}(Connector[{name}Config]):
    Config = {name}Config
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "my_connectors"
    folder.mkdir()
    (folder / "village_board.py").write_text(SITE.format(name="VillageBoard"))
    return folder


def add(folder: Path, name: str, code: str) -> Path:
    path = folder / f"{name}.py"
    path.write_text(dedent(code).lstrip())
    return path


def test_a_file_in_the_own_folder_is_a_connector(own: Path) -> None:
    found = connector("village_board", own)

    assert issubclass(found, Connector)
    assert found.__name__ == "VillageBoard"
    assert found.Config.model_fields.keys() == {"place"}
    assert connectors(own).origin("village_board") == "own"


def test_names_are_listed_without_running_any_file(own: Path) -> None:
    add(own, "loud", "raise SystemExit('ran')")
    add(own, "_shared", "raise SystemExit('ran')")
    add(own, "not-a-name", "raise SystemExit('ran')")

    names = connector_names(own)

    assert {"loud", "village_board"} <= set(names)
    assert not {"_shared", "not-a-name", "__init__"} & set(names)
    assert names == sorted(names)


def test_the_nearest_name_is_offered_for_an_unknown_one(own: Path) -> None:
    with pytest.raises(UsageError) as refused:
        connector("vilage_board", own)

    assert str(refused.value).startswith("there is no connector `vilage_board`. Did you mean `village_board`? Known: ")


@pytest.mark.parametrize(
    ("code", "line", "what"),
    [
        ("import monitor.connector\n\nx = nothing\n", 3, "NameError: name 'nothing' is not defined"),
        ("x = 1\ndef f(:\n", 2, "SyntaxError: invalid syntax"),
        ("import no_such_package\n", 1, "ModuleNotFoundError: No module named 'no_such_package'"),
        ("def f():\n    raise ValueError\n\nf()\n", 2, "ValueError"),
    ],
)
def test_a_broken_file_is_named_with_its_line_and_hides_no_other(own: Path, code: str, line: int, what: str) -> None:
    path = add(own, "broken", code)

    with pytest.raises(UsageError) as refused:
        connector("broken", own)

    assert str(refused.value) == f"connector `broken` cannot be loaded: {path}:{line}: {what}"
    assert connectors(own)["village_board"].__name__ == "VillageBoard"


def test_a_file_that_was_mended_loads_at_the_next_try(own: Path) -> None:
    add(own, "broken", "1 / 0")
    with pytest.raises(UsageError):
        connector("broken", own)

    add(own, "broken", SITE.format(name="Mended"))

    assert connector("broken", own).__name__ == "Mended"


def test_a_file_without_a_connector_says_so(own: Path) -> None:
    path = add(own, "empty", "from monitor.connector import Connector")

    with pytest.raises(UsageError, match=f"connector `empty`: {path} has no class that is a Connector"):
        connector("empty", own)


def test_two_connectors_in_one_file_are_refused(own: Path) -> None:
    add(own, "twins", SITE.format(name="One") + SITE.format(name="Two"))

    with pytest.raises(UsageError, match="has more than one Connector: One, Two"):
        connector("twins", own)


def test_a_connector_may_not_take_a_key_that_all_have(own: Path) -> None:
    add(own, "greedy", SITE.format(name="Greedy").replace("place", "every"))

    with pytest.raises(UsageError, match="`greedy`: its Config has `every`, which every connector has already"):
        connector("greedy", own)


def test_the_keys_that_all_have_are_those_of_the_file(own: Path) -> None:
    assert SourceTable.model_fields.keys() == RESERVED_SOURCE_KEYS
    assert ChannelTable.model_fields.keys() == RESERVED_CHANNEL_KEYS


def test_two_folders_may_have_a_file_of_one_name(own: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "village_board.py").write_text(SITE.format(name="OtherBoard"))

    assert connector("village_board", own).__name__ == "VillageBoard"
    assert connector("village_board", other).__name__ == "OtherBoard"


def test_a_module_of_the_own_folder_is_the_same_when_loaded_again(own: Path) -> None:
    assert own_module(own / "village_board.py") is own_module(own / "village_board.py")
    assert connector("village_board", own) is connector("village_board", own)


def test_a_folder_that_is_not_there_has_no_connectors(tmp_path: Path) -> None:
    assert connector_names(tmp_path / "nowhere") == connector_names()


def test_an_installed_package_brings_a_notifier_and_a_connector(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(tmp_path, "far_away", SITE.format(name="FarAway"))
    add(
        tmp_path,
        "drums",
        """
        from monitor.notifier import Notifier, NotifierConfig
        class Drum(Notifier[NotifierConfig]): pass
        text = "no notifier"
        """,
    )
    info = tmp_path / "drums-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: drums\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[review_monitor.notifiers]\ndrum = drums:Drum\nwrong = drums:text\ngone = drums:Gone\n"
        "[review_monitor.connectors]\nfar_away = far_away\n"
    )
    monkeypatch.syspath_prepend(tmp_path)

    assert issubclass(notifier("drum"), Notifier)
    assert connector("far_away").__name__ == "FarAway"
    assert connectors().origin("far_away") == "package"
    assert {"drum", "wrong", "gone"} <= set(notifier_names())
    with pytest.raises(UsageError, match="notifier `wrong`: drums:text is no Notifier"):
        notifier("wrong")
    with pytest.raises(UsageError, match="notifier `gone` of the package drums cannot be loaded: AttributeError"):
        notifier("gone")


@pytest.mark.parametrize("name", connector_names())
def test_every_built_in_connector_loads_and_says_what_it_sees(name: str) -> None:
    found = connector(name)

    assert issubclass(found, Connector)
    assert found.sees
    assert found.default_every >= found.fastest


@pytest.mark.parametrize("name", notifier_names())
def test_every_built_in_notifier_loads_and_says_what_it_is(name: str) -> None:
    found = notifier(name)

    assert issubclass(found, Notifier)
    assert found.says


def test_looking_for_plugins_imports_none() -> None:
    code = (
        "import sys, monitor.plugins as p; p.connector_names(); p.notifier_names(); "
        "print([m for m in sys.modules if m.startswith(('connectors.', 'monitor.notifiers.'))])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
