"""Words are cheap: a flood of messages is written faster than any channel takes it."""

from __future__ import annotations

from time import thread_time

from monitor.models import Reason
from monitor.render import message
from tests.render.scenes import MARA, OFFERS, a_flood, a_scene, a_told


def test_a_thousand_messages_take_less_than_a_second():
    scene = a_scene(Reason.NEW, a_told(), reader=MARA, offers=OFFERS)
    message(scene)

    def timed() -> float:
        began = thread_time()
        for _ in range(250):
            message(scene)
        return thread_time() - began

    assert min(timed() for _ in range(3)) * 4 < 1.0


def test_ten_thousand_are_folded_into_one_within_two_seconds():
    scene = a_scene(Reason.NEW, *a_flood(10_000), batch_command="monitor mentions --batch d-0001", attach=True)
    began = thread_time()

    done = message(scene)

    assert thread_time() - began < 2
    assert "10,000 bad reviews" in done.headline
    assert done.attachments[0].content.count(b"\r\n") == 10_001
