"""VADER and its usual cut-off, for those who ask for nothing else: no phrases, no words of danger.

Stars still come first and other languages are still not read: its numbers mean nothing there.
"""

from __future__ import annotations

from monitor.scoring.phrases import Phrases
from monitor.scoring.stars_vader import StarsVader, _Read

CUT = -0.05  # compound; https://github.com/cjhutto/vaderSentiment#about-the-scoring
STEEPNESS = 15.0  # so that a text without a word of feeling is quiet


class PlainVader(StarsVader):
    """VADER's compound at its usual cut-off."""

    name = "vader"
    version = 2

    def __init__(self) -> None:
        super().__init__(Phrases({}))

    def _evidence(self, read: _Read) -> float | None:
        return None if read.vader is None else STEEPNESS * (CUT - read.compound)
