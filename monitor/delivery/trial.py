"""The test message: the owner's own newest bad review, marked TEST, through the real channel."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from monitor import intake, render
from monitor.config import ChannelSettings
from monitor.delivery.outbox import Parcel
from monitor.delivery.scene import told
from monitor.models import Reason
from monitor.store import Connection, alerts, mentions


def trials(conn: Connection, channel: ChannelSettings, routing: intake.Routing, now: datetime) -> list[Parcel]:
    """Return one test message a recipient of a channel. Nothing of it is stored."""
    newest = mentions.listed(conn, label="bad", limit=1)
    about = told(conn, newest, routing, now)
    parcels = []
    for target in routing.targets[channel.name]:
        delivery = alerts.unstored(
            alerts.hashed("test", channel.name, target, now.isoformat()), channel.name, target, now
        )
        scene = render.Scene(
            id=delivery.id,
            reason=Reason.TEST,
            now=now,
            zone=routing.settings.zone,
            told=about,
            facts={"channel": channel.name},
            test=True,
        )
        message = replace(render.message(scene), to=target or None)
        parcels.append(Parcel(delivery, channel, message))
    return parcels
