"""py3langid, loaded when this module is: once, whoever asks first. It takes a second, and 70 MB with numpy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from monitor.scoring.language import words


class Detector(Protocol):
    """What tells languages apart."""

    def classify(self, text: str) -> tuple[str, float]:
        """Return the likeliest language and how likely."""


def _load(languages: Sequence[str]) -> Detector:
    loaded = LanguageIdentifier.from_model_file(MODEL_FILE)
    loaded.set_languages(languages)
    # What belongs together must lie together: a look-up of features was scattered over the whole table.
    loaded.nb_ptc = np.ascontiguousarray(loaded.nb_ptc)
    # It keeps the tables of the languages that were taken away, for taking them in again: 27 MB.
    loaded._full_model = (loaded.nb_ptc, loaded.nb_pc, loaded.nb_classes)  # noqa: SLF001
    detector: Detector = loaded
    return detector


DETECTOR = _load(words().detector)
