"""NEAR: pharmacies and other outlets near a place. No account and no consent needed."""

from __future__ import annotations

from content.library import Listed, saying
from handlers.consent import service_for
from handlers.engine.flow import END, Again, Enter, Flow, Next, leads_to
from handlers.engine.turn import Turn
from handlers.services.contacts import all_services
from handlers.services.dispatch import Need
from handlers.services.geo import distance_words
from handlers.services.outlets import outlets_near
from handlers.services.places import DidYouMean, PlaceFound, find_place, place_from_pin
from handlers.services.rules import rules_of

SHOWN = 3


@leads_to(END)
async def ask(turn: Turn, text: str) -> Next:
    """Where they are → what is near."""
    message, gazetteer = turn.message, turn.world.gazetteer
    if message and message.lat is not None and message.lon is not None:
        found: object = place_from_pin(message.lat, message.lon, gazetteer)
    else:
        near = (turn.service.lat, turn.service.lon) if turn.service else None
        found = find_place(text, gazetteer, near=near)
    if isinstance(found, DidYouMean):
        found = found.options[0]
    if not isinstance(found, PlaceFound):
        return Again("unknown")
    await say_near(turn, found)
    return END


async def say_near(turn: Turn, place: PlaceFound) -> None:
    """List the nearest outlets with a kit, from whichever service covers the place."""
    service = service_for(place.district, await all_services(turn.work)) or turn.service
    need = Need("either", 1, place.lat, place.lon, turn.id)
    found = []
    if service:
        rules = rules_of(service)
        found = await outlets_near(turn.work, service.id, need, rules, service.nation)
    if not found:
        turn.say("menu.near_none", place=place.label)
        return
    lines = tuple(
        saying(
            "saying.near_line",
            name=n.outlet.name,
            address=n.outlet.address,
            distance=distance_words(n.distance_km, place.error_km),
            hours=n.opening.words,
        )
        for n in found[:SHOWN]
    )
    turn.say("menu.near_list", place=place.label, list=Listed(lines, "; ", "."))


NEAR = Flow("near", (Enter("ask", ask, ask_location=True),))
