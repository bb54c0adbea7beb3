"""The parts of the demo by themselves: its folder, its day, its screen."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.demo import folder as place
from monitor.demo.screen import Screen
from monitor.demo.watch import Day
from monitor.errors import UsageError

# --- the folder ----------------------------------------------------------------------------------


def left_by_a_demo(folder: Path) -> Path:
    """Return a folder as a demo leaves it."""
    with place.prepared(folder):
        (folder / place.CONFIG).write_text("[monitor]\n")
        (folder / place.DATABASE).write_bytes(b"rows")
        (folder / place.PAGES).write_text("cards")
    return folder


def test_a_missing_folder_is_made(tmp_path):
    with place.prepared(tmp_path / "a" / "b") as folder:
        assert [path.name for path in folder.iterdir()] == [place.MARK]


def test_what_an_earlier_demo_wrote_is_taken_away(tmp_path):
    folder = left_by_a_demo(tmp_path / "demo")

    with place.prepared(folder):
        assert [path.name for path in folder.iterdir()] == [place.MARK]


def test_a_demo_that_was_killed_leaves_a_folder_for_the_next_one(tmp_path):
    folder = left_by_a_demo(tmp_path / "demo")
    (folder / place.MARK).write_text(f"{place.RUNNING}\n")

    with place.prepared(folder):
        pass


@pytest.mark.parametrize(
    "name", ["monitor.toml", "monitor.db", "reviews.csv", "notes.txt", ".hidden", "review-monitor.service"]
)
def test_a_folder_with_anything_of_somebody_elses_is_left_alone(tmp_path, name):
    (tmp_path / name).write_text("mine")

    with (
        pytest.raises(UsageError, match=rf"holds what no demo wrote \({name}\), so it is left alone"),
        place.prepared(tmp_path),
    ):
        pytest.fail("it was used")

    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "mine"


def test_a_file_put_beside_those_of_a_demo_keeps_all_of_them(tmp_path):
    folder = left_by_a_demo(tmp_path / "demo")
    (folder / "mine.txt").write_text("mine")
    before = sorted(path.name for path in folder.iterdir())

    with pytest.raises(UsageError, match="mine.txt"), place.prepared(folder):
        pytest.fail("it was used")

    assert sorted(path.name for path in folder.iterdir()) == before


def test_whoever_changes_the_configuration_makes_the_folder_their_own(tmp_path):
    folder = left_by_a_demo(tmp_path / "demo")
    (folder / place.CONFIG).write_text("[monitor]\ntimezone = 'Europe/Berlin'\n")

    with pytest.raises(UsageError, match="a changed monitor.toml"), place.prepared(folder):
        pytest.fail("it was used")


def test_two_demos_do_not_share_a_folder(tmp_path):
    with (
        place.prepared(tmp_path / "demo"),
        pytest.raises(UsageError, match="another demo is running"),
        place.prepared(tmp_path / "demo"),
    ):
        pytest.fail("it was used")


def test_a_file_in_its_place_is_said_and_left_as_it_is(tmp_path):
    (tmp_path / "demo").write_text("mine")

    with (
        pytest.raises(UsageError, match=r"cannot be used for the demo \(file exists\)"),
        place.prepared(tmp_path / "demo"),
    ):
        pytest.fail("it was used")

    assert (tmp_path / "demo").read_text() == "mine"


def test_a_link_among_its_files_is_taken_away_and_what_it_leads_to_stays(tmp_path):
    folder = left_by_a_demo(tmp_path / "demo")
    (tmp_path / "mine.csv").write_text("mine")
    (folder / place.TABLE).symlink_to(tmp_path / "mine.csv")

    with place.prepared(folder):
        pass

    assert (tmp_path / "mine.csv").read_text() == "mine"


# --- the day -------------------------------------------------------------------------------------


@pytest.mark.parametrize("days", range(14))
def test_the_day_is_a_tuesday_that_is_over(days):
    now = datetime(2026, 11, 20, 12, 0, tzinfo=UTC) + timedelta(days=days)

    day = Day("Europe/London", now)

    assert day.date.weekday() == 1
    assert day.at("16:00") <= now
    assert now - day.at("16:00") < timedelta(days=7, hours=1)


def test_its_times_are_those_of_the_zone():
    day = Day("Europe/London", datetime(2026, 7, 30, 12, 0, tzinfo=UTC))

    assert day.at("09:00") == datetime(2026, 7, 28, 8, 0, tzinfo=UTC)


# --- the screen ----------------------------------------------------------------------------------


class Narrow(Screen):
    """A screen of a given width."""

    def __init__(self, width: int) -> None:
        self.stream = io.StringIO()
        super().__init__(self.stream)
        self.width = width

    @property
    def lines(self) -> list[str]:
        return self.stream.getvalue().splitlines()


WORDS = (
    ("when", "where", "what", "what the monitor did"),
    ("14:25", "Bean shop", "2 of 5, in German", "told; c4, answer by 18:25"),
    ("16:00", "Harbour Forum", "works again", "one all-clear, the gap read; told; c5, answer by 17:00"),
)


@pytest.mark.parametrize("width", [50, 60, 80, 100])
def test_a_table_keeps_its_columns_and_its_width(width):
    screen = Narrow(width)

    screen.table(WORDS[0], WORDS[1:])

    assert max(map(len, screen.lines)) <= width
    [row] = [line for line in screen.lines if line.startswith("14:25")]
    assert screen.lines[0].index("where") == row.index("Bean shop")
    assert " ".join(" ".join(screen.lines).split()).count("told;") == 2


def test_a_command_is_never_broken_in_two():
    screen = Narrow(40)

    screen.exact("  python3 /a/very/long/way/to/make.py monitor init")

    assert len(screen.lines) == 1


def test_sentences_of_a_list_hang_behind_their_marks():
    screen = Narrow(40)

    screen.item("A bad review goes to Slack within an hour, whatever the hour is.")

    assert screen.lines == ["- A bad review goes to Slack within an", "  hour, whatever the hour is."]
