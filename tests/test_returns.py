"""Every value that a supply or a report of use can hold is labelled, and in docs/returns.md."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from content import library
from db.models import Administration
from handlers.contents import FLOWS
from handlers.engine.flow import Choose
from handlers.resupply import WHY
from handlers.services import uses

PAGE = (Path(__file__).parents[1] / "docs" / "returns.md").read_text("utf-8")
ROWS = [line for line in PAGE.splitlines() if line.startswith("| ")]

ANSWERS = {
    "outcome": uses.OUTCOMES,
    "doses": uses.DOSES,
    "ambulance": uses.AMBULANCE,
    "product": uses.PRODUCTS,
    "used_on": uses.USED_ON,
    "relation": uses.RELATIONS,
}


def row_of(field: str) -> str:
    found = [row for row in ROWS if f"`{field}`" in row or f"`.{field.partition('.')[2]}`" in row]
    assert len(found) == 1, f"{field} is in {len(found)} rows of docs/returns.md"
    return found[0]


@pytest.mark.parametrize(("name", "values"), ANSWERS.items())
def test_what_a_report_may_say_is_in_the_page(name: str, values: tuple[str, ...]) -> None:
    row = row_of(f"Administration.{name}")
    for value in set(values) - {"skip"}:
        assert f"`{value}`" in row, f"{name}: {value}"


@pytest.mark.parametrize(("name", "values"), uses.FACTS.items())
def test_what_a_further_fact_may_say_is_in_the_page(name: str, values: tuple[str, ...]) -> None:
    found = [row for row in ROWS if f"`AdministrationFact` `{name}`" in row]
    assert len(found) == 1, name
    for value in set(values) - {"skip"}:
        assert f"`{value}`" in found[0], f"{name}: {value}"


def test_every_column_of_a_report_is_in_the_page() -> None:
    kept = {f.name for f in fields(Administration)} - {"id", "service_id", "version"}
    missing = {name for name in kept if not any(f".{name}`" in row for row in ROWS)}
    assert not missing


def test_every_reason_for_a_kit_is_in_the_page() -> None:
    (row,) = [row for row in ROWS if row.startswith("| reason for a repeat")]
    for reason in ("first", *WHY):
        assert f"`{reason}`" in row


@pytest.mark.parametrize("locale", ["en", "cy", "pl"])
def test_every_value_has_a_label(locale: str) -> None:
    """Asked with options: each is labelled. The drugs are a list to tick."""
    for flow, names in (("used", ANSWERS), ("used_more", uses.FACTS)):
        for name, values in names.items():
            step = FLOWS[flow].by_name.get(name)
            if isinstance(step, Choose):
                assert step.options == values
                for value in values:
                    assert library.option(locale, f"{flow}.{name}", value).label
    for drug in uses.DRUGS:
        assert library.label(locale, "drug", drug)
    for reason in WHY:
        assert library.option(locale, "resupply.why", reason).label
