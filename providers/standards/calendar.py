"""The ends of consents as a calendar (RFC 5545), so that a person sees them where they plan."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from providers.connectors import consent_life
from providers.connectors.contract.facts import UNKNOWN_LIFE, warning

if TYPE_CHECKING:  # else loaded with the first calendar: most installations make none, and it takes 3 MB
    from icalendar import Event

TYPE = "text/calendar; charset=utf-8"


def calendar(connections: Iterable[Mapping[str, Any]], *, site: str, now: datetime) -> bytes:
    """An event at the end of each consent that has one, with an alarm when it is time to renew it.

    `site` is the address of this installation, without a slash at its end.
    """
    from icalendar import Calendar

    found = Calendar()
    found.add("prodid", "-//Dashtam//Consents//EN")
    found.add("version", "2.0")
    found.add("x-wr-calname", "Dashtam: permissions that end")
    found.add("refresh-interval", timedelta(days=1), parameters={"VALUE": "DURATION"})
    for connection in connections:
        if connection["consent_expires_at"] is not None:
            found.add_component(_event(connection, site, now))
    return bytes(found.to_ical())


def _event(connection: Mapping[str, Any], site: str, now: datetime) -> "Event":
    from icalendar import Alarm, Event

    name = connection["institution"] or connection["provider_name"]
    ends_at = connection["consent_expires_at"]
    event = Event()
    event.add("uid", f"consent-{connection['id']}@dashtam")
    event.add("dtstamp", now)
    event.add("dtstart", ends_at)
    event.add("duration", timedelta(0))
    event.add("summary", f"Permission at {name} ends")
    event.add("description", f"Renew it before then, so that the numbers of {name} stay up to date.")
    event.add("url", f"{site}/connections/{connection['id']}")
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", f"Renew your permission at {name}")
    alarm.add("trigger", -warning(consent_life(connection["provider"]) or UNKNOWN_LIFE))
    event.add_component(alarm)
    return event
