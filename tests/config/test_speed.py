"""Loading is quick: a command that only lists something must not wait for libraries it does not need."""

from __future__ import annotations

import json
import subprocess
import sys
from time import thread_time

import pytest

from monitor.config import load
from tests.config.conftest import Town

HEAVY = ("pandas", "numpy", "sqlalchemy", "alembic", "vaderSentiment", "holidays", "matplotlib", "py3langid")
USUAL_MS = 150
MANY = 10_000
MANY_SECONDS = 5.0


def test_a_usual_file_loads_quickly_and_without_heavy_libraries(town: Town) -> None:
    path = town.write('[[sources]]\nname = "a"\nconnector = "town_shop"\napp_id = "1"\n')
    path.write_text(path.read_text().replace('notifier = "paper"', 'notifier = "console"'))
    code = f"""
import json, sys, time
from pathlib import Path
from monitor.config import load
start = time.process_time()
load(Path({str(path)!r}), {{}})
print(json.dumps([(time.process_time() - start) * 1000, [name for name in {HEAVY!r} if name in sys.modules]]))
"""

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    took, heavy = json.loads(done.stdout)
    assert heavy == []
    assert took < USUAL_MS


@pytest.mark.slow
def test_ten_thousand_sources_load_in_a_few_seconds(town: Town) -> None:
    entry = '[[sources]]\nname = "app-{n}"\nconnector = "town_shop"\napp_id = "{n}"\n'
    town.write("".join(entry.format(n=n) for n in range(MANY)))

    start = thread_time()
    settings = load(town.path, {})
    took = thread_time() - start

    assert len(settings.sources) == MANY
    assert took < MANY_SECONDS


@pytest.mark.slow
def test_thousands_of_mistakes_are_told_in_a_few_seconds(town: Town) -> None:
    entry = '[[sources]]\nname = "app-{n}"\nconnector = "town_shop"\napp_id = "{n}"\ncontry = 1\n'
    names = ", ".join(f'"ap-{n}"' for n in range(1000))
    rule = f'[[rules]]\nname = "x"\nchannels = "paper"\nsources = [{names}]\n'
    text = "".join(entry.format(n=n) for n in range(2000)) + rule

    start = thread_time()
    problems = town.problems(text)
    took = thread_time() - start

    assert len(problems) == 3000
    assert took < MANY_SECONDS
