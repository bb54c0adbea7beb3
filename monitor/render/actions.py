"""What one can do about a message: links to where one answers, and the words to type where there is no button."""

from __future__ import annotations

from monitor.models import CaseState, Reason
from monitor.notifier import Action
from monitor.render.facts import Facts
from monitor.render.values import Scene
from monitor.render.views import View
from monitor.text import safe_link

WORK = {
    Reason.NEW, Reason.EDITED_WORSE, Reason.REMINDER, Reason.ESCALATION, Reason.REPLY_GONE, Reason.REOPENED,
    Reason.TEST,
}  # fmt: skip
"""Reasons that ask for an answer."""


def actions(scene: Scene, views: list[View], facts: Facts) -> tuple[Action, ...]:
    """Return what the reader can do, the answer first where there is one place to answer."""
    if scene.reason in (Reason.DIGEST, Reason.SUMMARY, Reason.CAUGHT_UP):
        return _links(views, facts)
    if len(views) > 1:
        return (Action(f"All {len(views):,}", command=scene.batch_command),) if scene.batch_command else ()
    if not views:
        page = safe_link(facts.text("url", 2000))
        return (Action("The page", url=page),) if page else ()
    found = _work(scene, views[0]) if scene.reason in WORK else _thanks(scene, views[0])
    return tuple(action for action in found if action is not None)


def _work(scene: Scene, view: View) -> list[Action | None]:
    case = view.told.case
    ref = case.ref if case and case.state is not CaseState.CLOSED else None

    def offer(word: str, label: str, command: str, *, needs_case: bool = True) -> Action | None:
        if word not in scene.offers or (needs_case and ref is None):
            return None
        return Action(label, command=command)

    free = case is None or case.assignee is None
    return [
        offer("claim", "I'll take it", f"monitor claim {ref}") if free else None,
        _seen(view) if view.answered_after else _answer(view),
        offer("draft", "Draft", f"monitor draft {view.ref}", needs_case=False),
        _history(view) if scene.reason is Reason.EDITED_WORSE else None,
        offer("snooze", "Tomorrow 9:00", f'monitor snooze {ref} --until "tomorrow 09:00"'),
        offer("answer", "Answered elsewhere", f"monitor answer {ref}") if view.told.sees_answers == "no" else None,
        offer("close", "No answer needed", f'monitor close {ref} --why "none needed"'),
        offer("mark", "False alarm", f"monitor mark {view.ref} false_alarm", needs_case=False),
    ]


def _thanks(scene: Scene, view: View) -> list[Action | None]:
    draft = Action("Draft", command=f"monitor draft {view.ref}") if "draft" in scene.offers else None
    return [_answer(view), draft]


def _answer(view: View) -> Action | None:
    there = safe_link(view.told.answer_url) or safe_link(view.told.url)
    if there is None:
        return None
    verb = "Answer on" if safe_link(view.told.answer_url) or view.told.sees_answers != "no" else "Open on"
    return Action(f"{verb} {view.site}", url=there)


def _seen(view: View) -> Action | None:
    there = safe_link(view.told.url) or safe_link(view.told.answer_url)
    return Action(f"See it on {view.site}", url=there) if there else None


def _history(view: View) -> Action:
    return Action("History", command=f"monitor show {view.ref}")


def _links(views: list[View], facts: Facts) -> tuple[Action, ...]:
    links: list[Action] = []
    for view in views[:10]:
        if there := safe_link(view.told.answer_url) or safe_link(view.told.url):
            label = ", ".join(part for part in (view.where or view.site, view.stars or view.kind) if part)
            known = any(link.label == label for link in links)
            links.append(Action(f"{label} ({view.ref})" if known else label, url=there))
    page = safe_link(facts.text("url", 2000))
    return (*links, *([Action("The page", url=page)] if page else []))
