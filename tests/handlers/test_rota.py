"""Weekly hours as peers write them."""

from __future__ import annotations

import pytest

from handlers.services.rota import lacks_half, read_rota
from handlers.services.rules import Rules

ROTAS = {
    "Mo-Fr 18-22": "Mo-Fr 18:00-22:00",
    "Mo-Fr 18:00-22:00; Sa 10:00-12:00": "Mo-Fr 18:00-22:00; Sa 10:00-12:00",
    "mon to fri 6pm-10pm, sat all day": "Mo-Fr 18:00-22:00; Sa 08:00-22:00",
    "Monday to Friday from 6 till 10pm": "Mo-Fr 18:00-22:00",
    "weekdays 6-10pm": "Mo-Fr 18:00-22:00",
    "mon-fri 9-5": "Mo-Fr 09:00-17:00",
    "weekdays 10-2pm": "Mo-Fr 10:00-14:00",
    "weekends": "Sa-Su 08:00-22:00",
    "sat and sun 12-4pm": "Sa-Su 12:00-16:00",
    "tues, thurs evenings": "Tu 18:00-22:00; Th 18:00-22:00",
    "Wednesday mornings and Saturday afternoons": "We 09:00-12:00; Sa 12:00-17:00",
    "every day 9am to 5.30pm": "Mo-Su 09:00-17:30",
    "6pm to midnight": "Mo-Su 18:00-24:00",
    "fri 10pm - 2am": "Fr 22:00-02:00",
    "fri to mon noon-5pm": "Mo 12:00-17:00; Fr-Su 12:00-17:00",
    "mon-fri 6pm til 10pm and all day sat n sun": "Mo-Fr 18:00-22:00; Sa-Su 08:00-22:00",
    "mon all day tue 6-10pm": "Mo 08:00-22:00; Tu 18:00-22:00",
    "mon 9-12 and 6pm-9pm": "Mo 09:00-12:00,18:00-21:00",
}
NOT_ROTAS = (
    "",
    "when I can",
    "mon 25-26",
    "6pm",
    "mon 6pm",
    "mon 10-10",
    "to fri",
    "mon 9:75-10",
    "13pm-2pm",
    "weekdays 6-10",
    "mon-fri 6 til 10 and all day sat n sun",
    "weekdays 10-2",
)


@pytest.mark.parametrize(("text", "hours"), ROTAS.items())
def test_hours_as_people_write_them(text: str, hours: str) -> None:
    assert read_rota(text, Rules()) == hours


@pytest.mark.parametrize("text", NOT_ROTAS)
def test_what_is_not_clear_is_not_guessed(text: str) -> None:
    assert read_rota(text, Rules()) is None


@pytest.mark.parametrize(
    ("text", "lacks"),
    [
        ("weekdays 6-10", True),
        ("mon 10 to 2", True),
        ("mon 9 to 5", False),
        ("mon 6-10pm", False),
        ("when I can", False),
    ],
)
def test_morning_or_evening_is_asked_where_it_may_be_either(text: str, lacks: bool) -> None:
    assert lacks_half(text, Rules()) is lacks
