"""A used kit as it is reported: kept answer by answer, with no person in it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from db.models import Administration, AdministrationFact
from db.work import Work

OUTCOMES = ("better", "hospital", "died", "unknown", "self", "skip")
DOSES = ("one", "two", "three", "more", "skip")
AMBULANCE = ("yes", "no", "skip")
PRODUCTS = ("nasal", "injectable", "skip")
USED_ON = ("today", "yesterday", "week", "earlier", "skip")
RELATIONS = ("friend", "family", "stranger", "client", "skip")

PLACES = ("own_home", "other_home", "hostel", "outdoors", "service", "vehicle", "other", "skip")
WHO_GAVE = ("holder", "peer", "staff", "police", "other", "skip")
YES_NO = ("yes", "no", "unsure", "skip")
DRUGS = (
    *("heroin", "methadone", "opioid", "benzos", "alcohol", "pregabalin", "cocaine"),
    *("new", "other"),
)

FACTS: dict[str, tuple[str, ...]] = {
    "place": PLACES,
    "who_gave": WHO_GAVE,
    "cpr": YES_NO,
    "ambulance_came": YES_NO,
    "police_came": YES_NO,
    "crew_naloxone": YES_NO,
    "hospital": YES_NO,
    "drug": DRUGS,
    "kit_replaced": ("asked", "no"),
}
"""The further facts of a report, and what each may say. An answer given again counts anew: the
newest holds. A skipped one has no row."""

NOT_SAID = "not_said"


def begin_report(work: Work, service_id: int, by_kind: str) -> Administration:
    """A report, with nothing said yet."""
    return work.save(
        Administration(
            id=work.new_id(), service_id=service_id, reported_at=work.now, by_kind=by_kind
        )
    )


async def note(work: Work, report_id: int, **answers: str) -> None:
    """Keep what was answered; a skipped question is kept as not said."""
    row = await work.need(Administration, report_id)
    said: dict[str, Any] = {n: NOT_SAID if v == "skip" else v for n, v in answers.items()}
    work.save(replace(row, **said))


def note_fact(work: Work, report_id: int, name: str, value: str) -> None:
    """Keep a further fact."""
    if value not in FACTS[name]:
        raise ValueError(f"{name} cannot be {value}")
    work.save(
        AdministrationFact(
            id=work.new_id(), administration_id=report_id, name=name, value=value, at=work.now
        )
    )
