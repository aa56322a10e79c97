"""Each check of the flows must catch a planted breach, and pass what is in order."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from bot.commands.checks import DRAWING, flow_findings, stale_page
from content.findings import Finding
from content.library import OptionWords
from content.uses import Hint, Use
from handlers.contents import FLOWS
from handlers.engine import checks
from handlers.engine.drawing import draw, drawing
from handlers.engine.flow import END, Choose, Do, Enter, Flow, Next, Say, leads_to
from handlers.engine.turn import Turn


@leads_to("thanks", END)
async def declared(turn: Turn, answer: str) -> Next:
    return "thanks"


async def silent(turn: Turn, answer: str) -> Next:
    return "thanks"


@leads_to("attic")
async def to_the_attic(turn: Turn, answer: str) -> Next:
    return "attic"


async def team_value(turn: Turn) -> dict[str, str]:
    return {"team": "Kit Line", "ref": "K7FP"}


async def either_value(turn: Turn) -> dict[str, str]:
    if turn.id:
        return {"team": "Kit Line", "ref": "K7FP"}
    return {"team": "Kit Line"}


async def hidden_value(turn: Turn) -> dict[str, str]:
    found = {"team": "Kit Line"}
    return found  # noqa: RET504


def flows(*steps: Any, name: str = "tea") -> dict[str, Flow]:
    return {name: Flow(name, steps)}


GOOD = flows(Choose("milk", ("yes", "no"), declared), Say("thanks"))
WORDS = {
    ("tea.milk", "yes"): OptionWords("Yes", ("yes", "y")),
    ("tea.milk", "no"): OptionWords("No", ("no", "n")),
}


def kinds(findings: Iterable[Finding]) -> list[tuple[str, str]]:
    return [(finding.kind, finding.where) for finding in findings]


# --- where steps lead --------------------------------------------------------------------------


def test_a_flow_in_order_passes_every_check() -> None:
    for check in (checks.undeclared, checks.nowhere, checks.unreachable, checks.twice):
        assert kinds(check(GOOD)) == []
    assert kinds(checks.fat_buttons(GOOD)) == []
    assert kinds(checks.unlabelled(GOOD, WORDS)) == []
    assert kinds(checks.shared_words(GOOD, WORDS)) == []
    assert kinds(checks.hidden_words(GOOD, WORDS, {"stop": "stop"}, {})) == []


@pytest.mark.parametrize(
    "broken",
    [
        flows(Say("milk", "sugar")),
        flows(Say("milk", "flow:coffee")),
        flows(Do("milk", to_the_attic)),
        flows(Choose("milk", ("yes", "no"), {"yes": END, "no": "sugar"})),
    ],
)
def test_a_step_that_leads_nowhere(broken: dict[str, Flow]) -> None:
    assert kinds(checks.nowhere(broken)) == [("leads nowhere", "tea.milk")]


def test_a_step_may_lead_to_another_flow() -> None:
    both = {**flows(Say("milk", "flow:coffee")), **flows(Say("cup"), name="coffee")}
    assert kinds(checks.nowhere(both)) == []


@pytest.mark.parametrize("then", [silent, leads_to()(silent)])
def test_a_function_must_say_where_it_leads(then: Any) -> None:
    broken = flows(Enter("milk", then), Say("thanks"))
    assert kinds(checks.undeclared(broken)) == [("no leads_to", "tea.milk")]


def test_every_option_must_lead_somewhere() -> None:
    broken = flows(Choose("milk", ("yes", "no"), {"yes": END, "maybe": END}))
    assert kinds(checks.undeclared(broken)) == [("option leads nowhere", "tea.milk")] * 2


def test_an_unreachable_step() -> None:
    broken = flows(Say("milk", END), Say("sugar", "spoon"), Say("spoon", "sugar"))
    found = [("unreachable step", "tea.sugar"), ("unreachable step", "tea.spoon")]
    assert kinds(checks.unreachable(broken)) == found


def test_two_steps_of_one_name() -> None:
    assert kinds(checks.twice(flows(Say("milk", "milk"), Say("milk")))) == [("step twice", "tea")]


# --- options and words -------------------------------------------------------------------------


def test_a_missing_label() -> None:
    words = {("tea.milk", "yes"): WORDS["tea.milk", "yes"]}
    assert kinds(checks.unlabelled(GOOD, words)) == [("missing label", "tea.milk.no")]


@pytest.mark.parametrize("word", ["Yes!", "y", "yes"])
def test_two_options_that_share_a_word(word: str) -> None:
    words = {**WORDS, ("tea.milk", "no"): OptionWords("No", ("no", word))}
    assert kinds(checks.shared_words(GOOD, words)) == [("shared word", "tea.milk")]


def test_an_options_own_name_can_be_typed_too() -> None:
    words = {**WORDS, ("tea.milk", "no"): OptionWords("Black", ("black",))}
    words["tea.milk", "yes"] = OptionWords("Yes", ("yes", "no"))
    assert kinds(checks.shared_words(GOOD, words)) == [("shared word", "tea.milk")]


def test_a_word_that_hides_a_global_one() -> None:
    words = {**WORDS, ("tea.milk", "no"): OptionWords("No", ("no", "Stop."))}
    found = checks.hidden_words(GOOD, words, {"stop": "stop"}, {})
    assert kinds(found) == [("hides a word", "tea.milk.no")]


def test_a_word_may_hide_a_global_one_for_a_reason() -> None:
    words = {**WORDS, ("tea.milk", "no"): OptionWords("No", ("no", "stop"))}
    with_reason = {"tea.milk.no": {"stop": "It means the same."}}
    assert kinds(checks.hidden_words(GOOD, words, {"stop": "stop"}, with_reason)) == []
    without = {"tea.milk.no": {"stop": ""}}
    assert kinds(checks.hidden_words(GOOD, words, {"stop": "stop"}, without))


def test_a_leave_that_is_no_longer_needed() -> None:
    stale = {"tea.milk.no": {"stop": "It means the same."}}
    found = checks.hidden_words(GOOD, WORDS, {"stop": "stop"}, stale)
    assert kinds(found) == [("hides a word", "tea.milk.no")]


def test_words_that_nothing_asks_for() -> None:
    file = {
        "options": {"tea.milk": {"oat": {}}, "tea.cup": {"big": {}}},
        "shared": {"yes": {}, "maybe": {}},
        "labels": {"size": {}, "colour": {}},
        "global": {"stop": [], "dance": []},
    }
    found = checks.dead_words(GOOD, file, {"stop"}, {"size"})
    assert {where for _, where in kinds(found)} == {
        *("tea.milk.oat", "tea.cup.big", "shared.maybe", "labels.colour", "global.dance"),
    }


def test_button_data_that_telegram_would_refuse() -> None:
    long = flows(Choose("how_would_you_like_the_milk_in_your_tea_today", ("just_a_drop",), END))
    assert [kind for kind, _ in kinds(checks.fat_buttons(long))] == ["button data too long"]


# --- what steps say ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "known"),
    [
        (None, frozenset()),
        (team_value, frozenset(("team", "ref"))),
        (either_value, frozenset(("team",))),
        (hidden_value, None),
    ],
)
def test_a_steps_values_are_read_from_its_function(
    values: Any, known: frozenset[str] | None
) -> None:
    steps = flows(Do("start", declared), Say("thanks", values=values))
    assert checks.step_uses(steps) == [Use("tea.thanks", known, "step tea.thanks")]


def test_a_hint_is_the_flows_own_text_or_a_common_one() -> None:
    hints = [Hint("too_hot", frozenset(), __name__, "here:1")]
    own = checks.hint_uses(GOOD, hints, ["tea.too_hot"])
    common = checks.hint_uses(GOOD, hints, [])
    assert [use.name for use in own + common] == ["tea.too_hot", "common.too_hot"]


def test_numbered_options_are_known_for_drawing() -> None:
    made = {"options": {"tea.milk": ["Oat"]}}
    assert checks.numbered(GOOD, WORDS, made) == {"tea.milk": ("Oat", "Yes", "No")}
    said = flows(Choose("milk", ("yes", "no"), END, "words"))
    assert checks.numbered(said, WORDS, {}) == {}


# --- drawing -----------------------------------------------------------------------------------


def test_the_drawing_shows_every_step_and_way() -> None:
    both = flows(
        Do("start", leads_to("milk")(silent)),
        Choose("milk", ("yes", "no"), {"yes": "how_much", "no": "flow:coffee"}),
        Enter("how_much", declared),
        Say("thanks"),
    )
    assert draw(both["tea"]).splitlines()[2:] == [
        "```mermaid",
        "flowchart TD",
        '    s_start{"start"}',
        '    s_milk("milk<br/>yes / no")',
        '    s_how_much[/"how_much"/]',
        '    s_thanks["thanks"]',
        '    flow_coffee[["coffee"]]',
        '    the_end(("end"))',
        "    s_start --> s_milk",
        "    s_milk -- yes --> s_how_much",
        "    s_milk -- no --> flow_coffee",
        "    s_how_much --> s_thanks",
        "    s_how_much --> the_end",
        "    s_thanks --> the_end",
        "```",
    ]


def test_a_stale_page(tmp_path: Path) -> None:
    path = tmp_path / "flows.md"
    assert kinds(stale_page(path, "new")) == [("stale page", "docs/flows.md")]
    path.write_text("old")
    assert kinds(stale_page(path, "new")) == [("stale page", "docs/flows.md")]
    path.write_text("new")
    assert kinds(stale_page(path, "new")) == []


def test_an_installed_copy_has_no_drawing_to_check(tmp_path: Path) -> None:
    assert kinds(stale_page(tmp_path / "docs" / "flows.md", "new")) == []


# --- ours --------------------------------------------------------------------------------------


def test_our_flows_are_in_order() -> None:
    assert [str(finding) for finding in flow_findings()] == []


def test_our_flows_are_drawn() -> None:
    assert DRAWING.read_text("utf-8") == drawing(FLOWS)
