"""Each check of the texts must catch a planted breach, and pass what is in order."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import pytest
from typer.testing import CliRunner

from bot.__main__ import cli
from bot.commands.checks import draw, raw_texts, shelf, text_findings, toml
from content import checks, library, review
from content.findings import Finding
from content.library import Head, TextFile
from content.readability import reading_age, syllables
from content.samples import drafts
from content.uses import Use, hints_in, label_groups_in, mentions_in, uses_in

TODAY = date(2026, 11, 21)
SAMPLES: dict[str, Any] = {"values": {"team": "Kit Line", "n": 12, "ref": "K7FP"}, "texts": {}}
RULES = checks.rules_from(toml("do_not_use.toml"))


def one(head: Head | None = None, **blocks: str) -> dict[str, TextFile]:
    return {"tea": TextFile(head or Head(), blocks)}


def use(name: str, *values: str) -> Use:
    return Use(name, frozenset(values), "here:1")


def found(findings: Iterable[Finding]) -> list[tuple[str, str]]:
    return [(finding.kind, finding.where) for finding in findings]


# --- what the program says, read from its source -----------------------------------------------


def said(source: str) -> set[tuple[str, frozenset[str] | None]]:
    return {(use.name, use.values) for use in uses_in(source, "here")}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('turn.say("tea.milk", kind="notice", ref=1)', {("tea.milk", frozenset(("ref",)))}),
        ('x = peer.text("tea.milk")', {("tea.milk", frozenset())}),
        ('library.text("en", "tea.milk", channel)', {("tea.milk", frozenset())}),
        ('turn.say("tea.milk", **values)', {("tea.milk", None)}),
        ('turn.say(f"cards/{topic}.short")', {("cards/*.short", frozenset())}),
        ('turn.say(f"{flow.name}.{step.name}", **values)', set()),
        ("turn.say(text)", set()),
        ('reading.text(0, 4); sa.text("done_at is null")', set()),
    ],
)
def test_calls_that_say_a_text(
    source: str, expected: set[tuple[str, frozenset[str] | None]]
) -> None:
    assert said(source) == expected


@pytest.mark.parametrize(
    "source",
    [
        'turn.say("tea.milk" if hot else "tea.lemon")',
        'def f():\n    name = "tea.milk" if hot else "tea.lemon"\n    turn.say(name)',
        'KINDS = {1: "milk", 2: "lemon"}\ndef f():\n    turn.say(f"tea.{KINDS[n]}")',
        'KINDS = {1: "milk"}\ndef f():\n    x = KINDS.get(n, "lemon")\n    turn.say(f"tea.{x}")',
        'def f():\n    x = {1: "milk"}.get(n, "lemon")\n    turn.say(f"tea.{x}")',
    ],
)
def test_names_put_together_while_running(source: str) -> None:
    assert {name for name, _ in said(source)} == {"tea.milk", "tea.lemon"}


def test_a_parameter_can_be_anything() -> None:
    source = 'topic = "milk"\ndef f(topic):\n    turn.say(f"tea.{topic}")'
    assert {name for name, _ in said(source)} == {"tea.*"}


def test_hints_with_their_values() -> None:
    (hint,) = hints_in('return Again("too_hot", {"n": 3})', "here", "handlers.tea")
    assert (hint.name, hint.values, hint.module) == ("too_hot", {"n"}, "handlers.tea")


def test_names_handed_on_to_be_said() -> None:
    source = 'give(turn, "tea.milk", "nosuch.file", f"tea.{x}")'
    assert [use.name for use in mentions_in(source, "here", ["tea"])] == ["tea.milk"]


def test_label_groups() -> None:
    assert label_groups_in('library.label(turn.locale, "product", p)') == {"product"}


# --- used and there ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["tea.lemon", "coffee.milk", "coffee.*"])
def test_a_missing_text(name: str) -> None:
    assert found(checks.missing(one(milk="Milk?"), [use(name)])) == [("missing text", name)]


def test_a_text_that_is_there() -> None:
    assert found(checks.missing(one(milk="Milk?"), [use("tea.milk"), use("tea.*")])) == []


@pytest.mark.parametrize(
    ("blocks", "where"),
    [
        ({"milk": "Milk, {{ ref }}?"}, "tea.milk"),
        ({"milk": "{% if ref %}Milk?{% endif %}"}, "tea.milk"),
        ({"milk": "Milk?", "milk__telegram": "Milk, {{ ref }}?"}, "tea.milk__telegram"),
    ],
)
def test_an_undefined_value(blocks: dict[str, str], where: str) -> None:
    assert found(checks.undefined(one(**blocks), [use("tea.milk", "team")])) == [
        ("undefined value", where)
    ]


def test_a_value_that_is_given_or_cannot_be_seen() -> None:
    shelf = one(milk="Milk, {{ ref }}?")
    assert found(checks.undefined(shelf, [use("tea.milk", "ref")])) == []
    assert found(checks.undefined(shelf, [Use("tea.milk", None, "here:1")])) == []


def test_a_dead_text() -> None:
    shelf = one(milk="Milk?", milk__telegram="Milk!", lemon="Lemon?")
    assert found(checks.unused(shelf, [use("tea.milk")])) == [("dead text", "tea.lemon")]


def test_another_locale_has_what_the_default_has() -> None:
    other = one(milk="Mleko, {{ ref }}?", lemon="Cytryna?")
    assert found(checks.not_in_default(other, one(milk="Milk?"))) == [
        ("undefined value", "tea.milk"),
        ("dead text", "tea.lemon"),
    ]


# --- how they are written ----------------------------------------------------------------------

GOOD_FILE = "sources = []\n+++\n{% block milk %}\nMilk?\n{% endblock %}\n"


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (GOOD_FILE.partition("+++\n")[2], "no head"),
        (GOOD_FILE + "{% block milk %}\nAgain?\n{% endblock %}\n", "broken text"),
        (GOOD_FILE + "Words astray\n", "broken text"),
        (GOOD_FILE.replace("Milk?", "Milk, {{ ref?"), "broken text"),
        (GOOD_FILE.replace("Milk?", "{% if ref %}Milk?"), "broken text"),
    ],
)
def test_a_file_that_cannot_be_read_as_meant(raw: str, kind: str) -> None:
    assert [finding.kind for finding in checks.broken("tea", raw)] == [kind]


def test_a_file_in_order() -> None:
    assert found(checks.broken("tea", GOOD_FILE)) == []


def test_a_safety_text_without_a_source() -> None:
    shelf = one(Head(safety=True), milk="Milk?")
    assert found(checks.unsourced(shelf, ["phs"])) == [("no source", "tea")]


@pytest.mark.parametrize("number", ["116 123", "0800 1111", "0300 123 6600"])
def test_a_help_line_without_a_source(number: str) -> None:
    shelf = one(milk=f"Ring {number} any time.")
    assert found(checks.unsourced(shelf, ["phs"])) == [("no source", "tea.milk")]
    assert found(checks.unsourced(one(Head(sources=("phs",)), milk=number), ["phs"])) == []


def test_an_unknown_source() -> None:
    shelf = one(Head(sources=("phs", "my uncle")), milk="Milk?")
    assert found(checks.unsourced(shelf, ["phs"])) == [("unknown source", "tea")]


@pytest.mark.parametrize(
    "words",
    [
        "Are you an addict?",
        "For USERS of this line",
        "Stop the abuse",
        "Is the needle clean?",
        "Ask the chemist",
        "It is a wonder drug",
        "They will be fine",
        "Has the kit failed?",
    ],
)
def test_a_do_not_use_word(words: str) -> None:
    assert found(checks.ill_worded([("tea.milk", words)], RULES)) == [
        ("do-not-use word", "tea.milk")
    ]


@pytest.mark.parametrize(
    "words",
    [
        "The Misuse of Drugs Act",
        "Domestic abuse help",
        "Clean the wound",
        "We used it",
        "a cleaner",
    ],
)
def test_official_names_and_fixed_phrases_may_stay(words: str) -> None:
    assert found(checks.ill_worded([("tea.milk", words)], RULES)) == []


def test_every_do_not_use_word_has_its_reason() -> None:
    assert all(rule.reason and rule.instead and rule.words for rule in RULES)


@pytest.mark.parametrize("words", ["Don’t", "2 – 3 minutes", "Mleko, proszę"])
def test_a_text_that_is_not_gsm7(words: str) -> None:
    assert found(checks.outside_alphabet([("tea.milk", words)])) == [("not GSM-7", "tea.milk")]


# --- what they cost ----------------------------------------------------------------------------


def costs(shelf: dict[str, TextFile], *options: str) -> list[tuple[str, str]]:
    return found(checks.over_budget(shelf, {"tea.milk": options}, SAMPLES, draw))


def test_a_text_over_two_segments() -> None:
    assert costs(one(milk="x" * 306)) == []
    assert costs(one(milk="x" * 307)) == [("over its segments", "tea.milk")]


def test_values_and_options_count() -> None:
    assert costs(one(milk="x" * 298 + "{{ team }}")) == []
    assert costs(one(milk="x" * 299 + "{{ team }}")) == [("over its segments", "tea.milk")]
    assert costs(one(milk="x" * 300), "Yes") == []
    assert costs(one(milk="x" * 300), "Yes", "No") == [("over its segments", "tea.milk")]


def test_the_way_without_an_optional_value_counts_too() -> None:
    source = "{% if ref %}short{% else %}" + "x" * 307 + "{% endif %}"
    assert costs(one(milk=source)) == [("over its segments", "tea.milk")]
    assert len(drafts(one(milk=source), "tea.milk", SAMPLES)) == 2


def test_the_variant_for_sms_is_what_counts() -> None:
    assert costs(one(milk="x" * 400, milk__sms="Milk?")) == []


def test_a_head_may_ask_for_more_or_less() -> None:
    assert costs(one(Head(segments={"milk": 3}), milk="x" * 400)) == []
    assert costs(one(Head(segments={"milk": 1}), milk="x" * 200)) == [
        ("over its segments", "tea.milk")
    ]
    assert costs(one(Head(segments={"sugar": 3}), milk="Milk?")) == [
        ("over its segments", "tea.sugar")
    ]


def test_the_emergency_card_is_one_segment_whatever_its_head_says() -> None:
    card = {"overdose": TextFile(Head(segments={"card": 3}), {"card": "x" * 161})}
    assert found(checks.over_budget(card, {}, SAMPLES, draw)) == [
        ("over its segments", "overdose.card")
    ]


def test_a_value_needs_a_sample() -> None:
    assert costs(one(milk="{{ sugar }}")) == [("no sample value", "tea.milk")]


def test_texts_made_of_texts() -> None:
    shelf = one(milk="{{ news }}", hot="hot", cold="quite cold")
    either = {"values": {"news": {"longest": ["tea.hot", "tea.cold"]}}}
    both = {"values": {"news": {"joined": ["tea.hot", "tea.cold"]}}}
    assert drafts(shelf, "tea.milk", either) == ["quite cold"]
    assert drafts(shelf, "tea.milk", both) == ["hot quite cold"]


# --- warnings ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "count"), [("cat", 1), ("kettle", 2), ("made", 1), ("needed", 2), ("naloxone", 2)]
)
def test_syllables(word: str, count: int) -> None:
    assert syllables(word) == count


def test_reading_age() -> None:
    easy = "Put the phone on speaker. Do what they say. Push hard on the chest. Stay with them."
    hard = (
        "Administration of supplementary medication necessitates continuous observation of "
        "respiratory function until professional practitioners have arrived at your location."
    )
    assert (reading_age(easy) or 99) < 9 < 16 < (reading_age(hard) or 0)
    assert reading_age("Too short.") is None
    (warning,) = checks.hard_to_read(one(milk=hard, lemon=easy), SAMPLES)
    assert (warning.warning, warning.where) == (True, "tea.milk")


def test_review() -> None:
    never = one(milk="Milk?")
    assert [str(f) for f in checks.unreviewed(never, TODAY)] == [
        "texts: not signed off: 1 of 1 files have no reviewer and date"
    ]
    signed = Head(reviewed="2025-11-01", reviewer="clinical lead", review_by="2026-11-20")
    (late,) = checks.unreviewed(one(signed, milk="Milk?"), TODAY)
    assert (late.kind, late.warning) == ("review is due", True)
    assert list(checks.unreviewed(one(signed, milk="Milk?"), date(2026, 11, 20))) == []


# --- ours --------------------------------------------------------------------------------------


def test_our_texts_are_in_order() -> None:
    assert [str(finding) for finding in text_findings(TODAY) if not finding.warning] == []


@pytest.mark.parametrize("locale", library.locales())
def test_every_text_file_has_its_head(locale: str) -> None:
    for name, raw in raw_texts(locale).items():
        assert "\n+++\n" in raw, name
    assert set(shelf(locale)) == set(raw_texts(locale))


# --- the commands ------------------------------------------------------------------------------


@pytest.mark.parametrize("what", [[], ["flows"], ["texts"]])
def test_check_passes_on_ours(what: list[str]) -> None:
    result = CliRunner().invoke(cli, ["check", *what])
    assert result.exit_code == 0, result.output
    assert result.output.splitlines()[-1].startswith("0 wrong")


def test_check_fails_when_something_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "FIXED", {"overdose.card": 0})
    result = CliRunner().invoke(cli, ["check"])
    assert result.exit_code == 1
    assert "overdose.card: over its segments" in result.output


def test_check_of_something_else_is_wrong_use() -> None:
    assert CliRunner().invoke(cli, ["check", "spelling"]).exit_code == 2


def test_texts_is_a_document_for_a_clinical_lead() -> None:
    result = CliRunner().invoke(cli, ["texts", "--flow", "overdose"])
    assert result.exit_code == 0
    assert "## overdose (safety texts)\n\n**Not signed off.**" in result.output
    assert "- Public Health Scotland, 2023: Recognising" in result.output
    assert "### overdose.card, 1 SMS\n\n> CALL 999" in result.output


def test_texts_of_a_flow_or_locale_that_is_not_there() -> None:
    for wrong in (["--flow", "teatime"], ["--locale", "xx"]):
        assert CliRunner().invoke(cli, ["texts", *wrong]).exit_code == 1


def test_a_signed_text_says_who_and_when() -> None:
    head = Head(reviewed="2026-01-02", reviewer="clinical lead", review_by="2027-01-02")
    assert review.signed(head) == (
        "Signed off by clinical lead on 2026-01-02, to be looked at again by 2027-01-02."
    )
