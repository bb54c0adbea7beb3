"""A key that has a new name works on under the old one, with a warning, for one major version."""

from __future__ import annotations

import pytest

from monitor.config import RENAMED, Renamed, load
from monitor.errors import ConfigError
from tests.config.conftest import Town

MADE_UP = (
    Renamed("sources", "interval", "every", until="2.0"),
    Renamed("sources", "id", "app_id", until="2.0", only="town_shop"),
    Renamed("monitor.digest", "time", "at", until="3.0"),
    Renamed("hours", "zone", "timezone", until="2.0"),
)
SHOP = '[[sources]]\nname = "shop-us"\nconnector = "town_shop"\n'


def test_the_old_name_of_a_key_works_with_a_warning(town: Town) -> None:
    town.write(SHOP + 'id = "7"\ninterval = "2h"\n')

    settings = load(town.path, {}, renamed=MADE_UP)

    assert settings.sources[0].options.model_dump() == {"app_id": "7", "countries": ["us"]}
    assert settings.sources[0].every.total_seconds() == 7200
    assert [str(warning) for warning in settings.warnings] == [
        'monitor.toml:13: sources[0] "shop-us": `id` is now called `app_id`. The old name works until version 2.0',
        'monitor.toml:14: sources[0] "shop-us": `interval` is now called `every`. The old name works until version 2.0',
    ]


def test_a_wrong_value_under_the_old_name_is_told_at_its_line(town: Town) -> None:
    town.write(SHOP + 'app_id = "7"\n\ninterval = "soon"\n')

    with pytest.raises(ConfigError) as refused:
        load(town.path, {}, renamed=MADE_UP)

    assert refused.value.problems[0].where == 'monitor.toml:15: sources[0] "shop-us"'


def test_old_and_new_name_together_are_refused(town: Town) -> None:
    town.write(SHOP + 'app_id = "7"\nevery = "2h"\ninterval = "2h"\n')

    with pytest.raises(ConfigError) as refused:
        load(town.path, {}, renamed=MADE_UP)

    [problem] = refused.value.problems
    assert problem.where == 'monitor.toml:15: sources[0] "shop-us"'
    assert problem.what == "`interval` is the old name of `every`, and both are there. Keep one"


def test_a_rename_of_one_connector_leaves_the_others_alone(town: Town) -> None:
    town.write('[[brands]]\nname = "a"\nterms = "A"\n[[sources]]\nname = "t"\nconnector = "town_talk"\nid = "7"\n')

    with pytest.raises(ConfigError, match="unknown key `id`"):
        load(town.path, {}, renamed=MADE_UP)


def test_keys_of_inner_tables_and_of_hours_are_renamed_too(town: Town) -> None:
    text = (
        '[monitor]\ndigest = { time = "07:00" }\n[hours.shop]\nopen = { mon = "09:00-17:00" }\nzone = "Europe/Berlin"\n'
    )
    town.write(text + '[[channels]]\nname = "p"\nnotifier = "paper"\n', base="")

    settings = load(town.path, {}, renamed=MADE_UP)

    assert settings.digest.at.hour == 7
    assert settings.hours["shop"].zone == "Europe/Berlin"


@pytest.mark.parametrize(
    "text", ["sources = 5", "[sources]\nid = 1", "monitor = [1]", "[monitor]\ndigest = 5", "hours = 1"]
)
def test_a_file_of_another_shape_does_not_disturb_the_renaming(town: Town, text: str) -> None:
    town.write(text, base="")

    with pytest.raises(ConfigError):
        load(town.path, {}, renamed=MADE_UP)


def test_every_rename_says_until_which_version(town: Town) -> None:
    assert all(renamed.old != renamed.new and renamed.until for renamed in RENAMED)
