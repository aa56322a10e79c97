"""Asking for a kit: age, who for, where, which kind, what is near, and on its way."""

from __future__ import annotations

from collections.abc import Mapping

from content import library
from db.models import KitRequest, RequestStatus, Service
from handlers import ladder, news, open_request, used_report
from handlers.consent import place_data, service_for
from handlers.engine.flow import END, Again, Choose, Do, Enter, Flow, Go, Next, Say, leads_to
from handlers.engine.turn import Turn
from handlers.flags import raise_flag, team_name
from handlers.services import dispatch, help_lines, outlets, requests
from handlers.services.contacts import all_services, has_consent
from handlers.services.dispatch import Need, Ranked
from handlers.services.geo import distance_words
from handlers.services.outlets import NearOutlet
from handlers.services.places import (
    DidYouMean,
    NotInUk,
    PlaceFound,
    PlaceUnknown,
    find_place,
    place_from_pin,
)
from handlers.services.products import form_of
from handlers.services.rules import rules_of
from handlers.services.supply_terms import Wanted, age_of

MOST_KITS = 10


# --- who may ask -------------------------------------------------------------------------------


@leads_to("flow:consent", "again", "age", "under_18_open", "who_or_where")
async def start(turn: Turn, _: str) -> Next:
    """Consent first; then what is not known yet."""
    if turn.service is None or not await has_consent(turn.work, turn.contact, "service"):
        return Go("consent", data={"then": "request_kit", **turn.data})
    if turn.contact.adult is False:
        return "under_18_open"
    if "reason" not in turn.data and await used_report.new_kit_is_for(turn):
        turn.data["reason"] = "used"
    open_now = await requests.open_request_of(turn.work, turn.id)
    if open_now and not turn.data.get("second"):
        turn.data["ref"] = open_now[-1].ref
        return "again"
    if turn.contact.adult is None:
        return "age"
    return "who_or_where"


@leads_to("who_or_where", "under_18_open")
async def age(turn: Turn, answer: str) -> Next:
    """18 or over? Asked once."""
    turn.change(adult=answer == "yes")
    return "who_or_where" if answer == "yes" else "under_18_open"


@leads_to("under_18")
async def under_18(turn: Turn, _: str) -> Next:
    """No automatic supply: the safeguarding lead owns the request, with a due time."""
    if not await requests.open_request_of(turn.work, turn.id):
        request = await requests.place(
            turn.work, service_id=turn.home().id, contact_id=turn.id, route="direct"
        )
        turn.journal("RequestPlaced", request_id=request.id, under_18=True)
        asked = (
            await raise_flag(
                turn.scene, turn.home(), "under_18", request=request, contact_id=turn.id
            )
        )[1]
        owner = ("coordinator", asked.staff.id if asked.staff else 0)
        requests.hold(turn.work, request, RequestStatus.WITH_COORDINATOR, owner, asked.until)
    return "under_18"


@leads_to("who_or_where", "age", END)
async def again(turn: Turn, answer: str) -> Next:
    """They have an open request: a second kit is fine, news too."""
    if answer == "second":
        turn.data["second"] = True
        return "age" if turn.contact.adult is None else "who_or_where"
    await open_request.say_status(turn)
    return END


async def again_values(turn: Turn) -> dict[str, str]:
    """The open request's reference and state."""
    found = await turn.work.find(KitRequest, ref=turn.data["ref"])
    status = library.label(turn.locale, "status", found[0].status) if found else ""
    return {"ref": turn.data["ref"], "status": status}


# --- who for, where ----------------------------------------------------------------------------


@leads_to("who", "how_many", "where_or_on")
async def who_or_where(turn: Turn, _: str) -> Next:
    """What was already said is not asked again."""
    if turn.data.get("who") == "professional" and not turn.data.get("quantity"):
        return "how_many"
    return "where_or_on" if turn.data.get("who") else "who"


@leads_to("how_many", "where_or_on")
async def who(turn: Turn, answer: str) -> Next:
    """Who the kit is for, as a category."""
    turn.data["who"] = answer
    return "how_many" if answer == "professional" else "where_or_on"


@leads_to("where_or_on", "how_many")
async def how_many(turn: Turn, text: str) -> Next:
    """Kits for a workplace."""
    digits = "".join(c for c in text if c.isdecimal())[:4]
    if not digits or not 1 <= int(digits) <= MOST_KITS:
        return Again("how_many_wrong")
    turn.data["quantity"] = int(digits)
    return "where_or_on"


@leads_to("where", "covered")
async def where_or_on(turn: Turn, _: str) -> Next:
    """A place already given is used."""
    return "covered" if turn.data.get("place") else "where"


@leads_to("where", "which_place", "covered", "not_uk")
async def where(turn: Turn, text: str) -> Next:
    """A postcode in any form, part of one, a town, a pin."""
    message = turn.message
    gazetteer = turn.world.gazetteer
    service = turn.home()
    found: PlaceFound | DidYouMean | NotInUk | PlaceUnknown
    if message and message.lat is not None and message.lon is not None:
        found = place_from_pin(message.lat, message.lon, gazetteer)
    else:
        found = find_place(text, gazetteer, near=(service.lat, service.lon))
    if isinstance(found, PlaceFound):
        turn.data["place"] = place_data(found)
        return "covered"
    if isinstance(found, DidYouMean):
        turn.data["maybe"] = [place_data(option) for option in found.options[:3]]
        return "which_place"
    if isinstance(found, NotInUk):
        return "not_uk"
    return Again("where_unknown")


async def example(turn: Turn) -> dict[str, str]:
    """A part of a postcode as people here would write it."""
    return {"example": f"{turn.home().districts[0]} 2"}


async def place_value(turn: Turn) -> dict[str, str]:
    """The place, read back in words."""
    return {"place": turn.data["place"]["label"]}


async def place_options(turn: Turn) -> Mapping[str, str | None]:
    """The places somebody may have meant."""
    maybe = turn.data.get("maybe", [])
    return {**{f"p{n}": place["label"] for n, place in enumerate(maybe)}, "none": None}


@leads_to("covered", "where")
async def which_place(turn: Turn, answer: str) -> Next:
    """Did you mean."""
    maybe = turn.data.pop("maybe", [])
    if answer == "none":
        return "where"
    turn.data["place"] = maybe[int(answer[1:])]
    return "covered"


@leads_to("outside", "kit_or_on", "flow:consent")
async def covered(turn: Turn, _: str) -> Next:
    """In this service's area, another's, or nobody's."""
    place = turn.data["place"]
    if turn.service and place["district"] in turn.service.districts:
        return "kit_or_on"
    other = service_for(place["district"], await all_services(turn.work))
    if other is None:
        turn.journal("OutsideEveryArea", country=place["country"])
        return "outside"
    turn.say("request_kit.passed_on", place=place["label"], team=team_name(other))
    turn.join(other)
    return Go("request_kit", data=turn.data)


NATIONAL = {
    "Scotland": "national_scotland",
    "Wales": "national_wales",
    "Northern Ireland": "national_northern_ireland",
}


async def outside_values(turn: Turn) -> dict[str, str]:
    """Where else to go, by nation."""
    place = turn.data["place"]
    nation = place["country"]
    name = NATIONAL.get(nation, "national_england")
    line = "dan247" if nation == "Wales" else "frank"
    number = help_lines.number_of(line, turn.service, turn.now.date(), nation)
    national = turn.text(f"request_kit.{name}", number=number)
    return {"place": place["label"], "national": national}


# --- what is near ------------------------------------------------------------------------------


def need(turn: Turn) -> Need:
    """What this conversation asks for so far."""
    place = turn.data["place"]
    return Need(
        turn.data.get("kit", "either"),
        turn.data.get("quantity", 1),
        place["lat"],
        place["lon"],
        turn.id,
        turn.home().nation,
        Wanted(turn.data.get("who", ""), age_of(turn.contact)),
    )


async def near(turn: Turn) -> tuple[list[Ranked], list[NearOutlet]]:
    """The peers who can be asked now, and the outlets with a kit, nearest first.

    Whether there is something to choose, and the question itself, need the same look: it is kept
    until something changes.
    """
    service, memo = turn.home(), turn.work.memo
    wanted = need(turn)
    memo_key = ("near", service.id, wanted)
    seen = turn.work.edition(Service, *dispatch.SEEN, *outlets.SEEN)
    if memo_key not in memo or memo[memo_key][0] != seen:
        rules = rules_of(service)
        everybody = await dispatch.candidates_for(turn.work, service.id, None)
        peers = [r for r in dispatch.rank(everybody, wanted, turn.now, rules) if not r.why_not]
        shops = await outlets.outlets_near(turn.work, service.id, wanted, rules, service.nation)
        memo[memo_key] = (seen, (peers, shops))
    found: tuple[list[Ranked], list[NearOutlet]] = memo[memo_key][1]
    return found


@leads_to("kit", "route_or_on")
async def kit_or_on(turn: Turn, _: str) -> Next:
    """Only where two kinds are near is there something to choose."""
    if turn.data.get("kit"):
        return "route_or_on"
    peers, shops = await near(turn)
    rules = rules_of(turn.home())
    stocks = [r.candidate.available for r in peers] + [o.available for o in shops]
    kinds = {form_of(product, rules) for stock in stocks for product in stock}
    return "kit" if {"nasal", "injectable"} <= kinds else "route_or_on"


@leads_to("route_or_on")
async def kit(turn: Turn, answer: str) -> Next:
    """Which kind."""
    turn.data["kit"] = answer
    return "route_or_on"


@leads_to("route", "confirm")
async def route_or_on(turn: Turn, _: str) -> Next:
    """Meet or collect, where both are there to choose from."""
    peers, shops = await near(turn)
    if peers and shops:
        return "route"
    turn.data["route"] = "peer" if peers else "outlet" if shops else "coordinator"
    return "confirm"


@leads_to("confirm")
async def route(turn: Turn, answer: str) -> Next:
    """Meet a peer or collect."""
    turn.data["route"] = answer
    return "confirm"


async def route_values(turn: Turn) -> dict[str, str]:
    """What is near, both ways."""
    peers, shops = await near(turn)
    lines = _peer_words(turn, peers[:1]) + _outlet_words(turn, shops[:1])
    return {"near": " ".join(lines)}


async def confirm_values(turn: Turn) -> dict[str, str]:
    """What will be done, and what is near for it."""
    peers, shops = await near(turn)
    way = turn.data["route"]
    lines = _peer_words(turn, peers[:1]) if way == "peer" else []
    lines += _outlet_words(turn, shops[:1]) if way == "outlet" else []
    if not lines:
        place = turn.data["place"]["label"]
        lines, way = [turn.text("request_kit.near_nobody", place=place)], "coordinator"
    return {"near": " ".join(lines), "doing": turn.text(f"request_kit.do_{way}")}


def _peer_words(turn: Turn, peers: list[Ranked]) -> list[str]:
    error = turn.data["place"]["error_km"]
    return [
        turn.text("request_kit.near_peer", distance=distance_words(r.distance_km, error))
        for r in peers
    ]


def _outlet_words(turn: Turn, shops: list[NearOutlet]) -> list[str]:
    error = turn.data["place"]["error_km"]
    return [
        turn.text(
            "request_kit.near_outlet",
            name=o.outlet.name,
            distance=distance_words(o.distance_km, error),
            hours=o.opening.words,
        )
        for o in shops
    ]


# --- placing -----------------------------------------------------------------------------------


@leads_to("confirm_no", "flow:awareness", "again")
async def confirm(turn: Turn, answer: str) -> Next:
    """Place the request; the ladder asks somebody in this very turn."""
    if answer == "no":
        return "confirm_no"
    if not turn.data.get("second") and await requests.open_request_of(turn.work, turn.id):
        return "again"  # pressed twice
    place = turn.data["place"]
    request = await requests.place(
        turn.work,
        service_id=turn.home().id,
        contact_id=turn.id,
        route="outlet" if turn.data["route"] == "outlet" else "peer",
        product=turn.data.get("kit", "either"),
        quantity=turn.data.get("quantity", 1),
        recipient=turn.data["who"],
        reason=turn.data.get("reason", "first"),
        place=place["label"],
        district=place["district"],
        lat=place["lat"],
        lon=place["lon"],
        error_km=place["error_km"],
    )
    turn.journal("RequestPlaced", request_id=request.id)
    request = await ladder.advance(turn.scene, request)
    turn.say("request_kit.placed", ref=request.ref, news=await news.of(turn, request))
    news.say_by_post(turn, request, turn.home())
    return Go("awareness")


REQUEST_KIT = Flow(
    "request_kit",
    (
        Do("start", start),
        Choose("age", ("yes", "no"), age, "words", careful=True),
        Do("under_18_open", under_18),
        Say("under_18", END),
        Choose("again", ("second", "status"), again, values=again_values),
        Do("who_or_where", who_or_where),
        Choose("who", ("self", "friend_family", "professional"), who),
        Enter("how_many", how_many),
        Do("where_or_on", where_or_on),
        Enter("where", where, values=example, ask_location=True),
        Choose("which_place", ("none",), which_place, options_now=place_options),
        Say("not_uk", END),
        Do("covered", covered),
        Say("outside", END, values=outside_values),
        Do("kit_or_on", kit_or_on),
        Choose("kit", ("nasal", "injectable", "either"), kit, values=place_value),
        Do("route_or_on", route_or_on),
        Choose("route", ("peer", "outlet"), route, values=route_values),
        Choose("confirm", ("yes", "no"), confirm, "words", values=confirm_values, careful=True),
        Say("confirm_no", END),
    ),
    nudge=True,
)
