"""Each check of the texts must catch a planted breach, and pass what is in order."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bot.__main__ import cli
from bot.commands.checks import labels_in
from bot.commands.shelves import draw, raw_texts, shelf, toml, words_file
from content import checks, library, lines, translations
from content.findings import Finding
from content.library import Head, TextFile
from content.readability import reading_age, syllables
from content.samples import drafts
from content.uses import Use, hints_in, label_groups_in, mentions_in, uses_in

SAMPLES: dict[str, Any] = {"values": {"team": "Kit Line", "n": 12, "ref": "K7FP"}, "texts": {}}
ALWAYS = ("999", "111", "116 123", "0800 1111")
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
        ('saying("tea.milk", n=2)', {("tea.milk", frozenset(("n",)))}),
        ('hearing("tea.milk", n=2)', set()),
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
    assert found(checks.unsourced(shelf, ["phs"], ALWAYS)) == [("no source", "tea")]


@pytest.mark.parametrize("number", ["116 123", "0800 1111"])
def test_a_help_line_without_a_source(number: str) -> None:
    shelf = one(milk=f"Ring {number} any time.")
    assert found(checks.unsourced(shelf, ["phs"], ALWAYS)) == [("no source", "tea.milk")]
    sourced = one(Head(sources=("phs",)), milk=number)
    assert found(checks.unsourced(sourced, ["phs"], ALWAYS)) == []


def test_an_unknown_source() -> None:
    shelf = one(Head(sources=("phs", "my uncle")), milk="Milk?")
    assert found(checks.unsourced(shelf, ["phs"], ALWAYS)) == [("unknown source", "tea")]


def test_a_page_cites_what_its_head_names() -> None:
    words = "So it is [phs]. And so [uncle]. See [this](/help), {{ days[ref] }}."
    shelf = one(Head(sources=("phs",)), page=words)
    assert found(checks.miscited(shelf)) == [("unknown source", "tea.page")]


@pytest.mark.parametrize(
    "number",
    [
        *("0300 123 6600", "0808 808 2234", "08080 10 10 11", "0800 068 4141", "020 7324 2989"),
        *("+44 300 123 6600", "03001236600", "0300-123-6600", "85258", "81066", "101 101"),
        "0800 11112",
    ],
)
def test_a_number_that_may_go_out_of_date_in_a_text(number: str) -> None:
    pieces = [("tea.milk", f"Ring FRANK on {number}.")]
    assert set(found(checks.stray_numbers(pieces, ALWAYS))) == {("phone number", "tea.milk")}


@pytest.mark.parametrize(
    "words",
    [
        *("Call 999, or 111, or Samaritans 116 123 free", "Childline 0800 1111.", "0.4 ml"),
        *("05/2027", "N2402", "DN31 2", "30 pushes and 2 breaths", "2 to 3 minutes", "K7F-3QX"),
    ],
)
def test_figures_that_are_no_stray_numbers(words: str) -> None:
    assert found(checks.stray_numbers([("tea.milk", words)], ALWAYS)) == []


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


@pytest.mark.parametrize("block", ["title", "page", "milk__telegram", "milk__web"])
def test_a_page_costs_nothing_by_sms(block: str) -> None:
    words = "Mleko, proszę. " * 40
    assert found(checks.outside_alphabet([(f"tea.{block}", words)])) == []
    assert costs(one(**{"milk": "Milk?", block: words})) == []


def test_a_page_keeps_all_other_rules() -> None:
    shelf = one(page="Ask the chemist", page__web="Milk, {{ ref }}?")
    assert found(checks.ill_worded(checks.texts(shelf), RULES)) == [("do-not-use word", "tea.page")]
    assert found(checks.undefined(shelf, [use("tea.page")])) == [
        ("undefined value", "tea.page__web")
    ]


# --- what they cost ----------------------------------------------------------------------------


def costs(shelf: dict[str, TextFile], *options: str) -> list[tuple[str, str]]:
    given = {"tea.milk": options}
    return found(checks.over_budget("en", shelf, shelf, given, SAMPLES, draw))


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
    for locale in ("en", "sco"):
        assert found(checks.over_budget(locale, card, card, {}, SAMPLES, draw)) == [
            ("over its segments", "overdose.card")
        ]


@pytest.mark.parametrize(
    ("head", "english", "allowed"),
    [
        (Head(), Head(), 5),
        (Head(), Head(segments={"milk": 3}), 8),
        (Head(segments={"milk": 4}), Head(), 4),
    ],
)
def test_letters_that_cost_more_may_cost_more(head: Head, english: Head, allowed: int) -> None:
    default = one(english, milk="Milk?")
    for segments, over in ((allowed, False), (allowed + 1, True)):
        polish = one(head, milk="ę" * 67 * segments)
        findings = checks.over_budget("pl", polish, default, {}, SAMPLES, draw)
        assert bool(found(findings)) is over


def test_what_a_translation_lacks_is_measured_in_english() -> None:
    default = one(milk="{{ news }}", hot="ho" * 400)
    given = {"values": {"news": {"longest": ["tea.hot"]}}}
    over = checks.over_budget("pl", one(milk="{{ news }}"), default, {}, given, draw)
    assert found(over) == [("over its segments", "tea.milk")]


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


def test_a_pages_sources_are_not_read_aloud() -> None:
    cited = "Put the phone on speaker and do what they say till they come [prenoxad-prescribing]."
    assert (reading_age(cited) or 0) > checks.READS_WELL
    assert list(checks.hard_to_read(one(page=cited), SAMPLES)) == []


# --- translations ------------------------------------------------------------------------------

ENGLISH = one(
    Head(), milk="Milk, {{ ref }}? Wait 2 to 3 minutes, then ring 116 123. Reply YES or NO"
)
WORDS = {
    "shared": {"yes": {"label": "Yes", "words": ["yes"]}, "no": {"label": "No", "words": ["no"]}},
    "global": {"kit": ["kit"]},
}
POLISH = {"shared": {"yes": {"label": "Tak"}, "no": {"label": "Nie", "words": ["nie"]}}}
GOOD = "Mleko, {{ ref }}? 2-3 minuty, potem 116 123. Odpowiedz TAK lub NIE"


def lost(words: str, *, safety: bool = False, english: str = "") -> list[tuple[str, bool]]:
    """The kinds of findings about a translation, and whether they are warnings."""
    default = one(Head(), milk=english) if english else ENGLISH
    own = one(Head(safety=safety), milk=words)
    en, both = translations.meanings(WORDS), translations.meanings(WORDS, POLISH)
    return [
        (finding.kind, finding.warning)
        for findings in (
            translations.other_values(own, default),
            translations.other_figures(own, default),
            translations.other_words(own, default, en, both),
        )
        for finding in findings
    ]


def test_a_translation_in_order() -> None:
    assert lost(GOOD) == []
    assert lost(GOOD.replace("TAK lub NIE", "YES lub NO")) == []


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        ("{{ ref }}", "{{ team }}", "undefined value"),
        ("{{ ref }}", "", "value left out"),
        ("116 123", "116 132", "number left out"),
        ("116 123", "999", "number left out"),
        ("TAK lub ", "", "word left out"),
    ],
)
def test_what_got_lost_in_translation(old: str, new: str, kind: str) -> None:
    assert (kind, False) in lost(GOOD.replace(old, new))


@pytest.mark.parametrize(("safety", "warning"), [(True, False), (False, True)])
def test_another_figure_fails_where_it_is_a_dose(safety: bool, warning: bool) -> None:
    wrong = GOOD.replace("2-3", "2-4")
    assert lost(wrong, safety=safety) == [("other figures", warning)]


@pytest.mark.parametrize(
    ("english", "words"),
    [
        ("Give 0.4 ml. Ring 999.", "Podaj 0,4 ml. 999."),
        ("Wait 2 to 3 minutes. Ring 999.", "انتظر ٢-٣ دقائق. 999"),
    ],
)
def test_the_same_figures_written_otherwise(english: str, words: str) -> None:
    assert lost(words, safety=True, english=english) == []


def test_a_statement_that_lost_its_source() -> None:
    default = one(page="So it is [phs]. And so [sdf].")
    assert found(translations.other_citations(one(page="Tak [phs]."), default)) == [
        ("other sources", "tea.page")
    ]
    assert found(translations.other_citations(one(page="Tak [sdf], [phs]."), default)) == []


def test_a_word_counts_in_its_own_conversation_alone() -> None:
    file = {"options": {"coffee.ask": {"sip": {"label": "Sip"}}}}
    words = translations.meanings(file)
    for flow, kinds in (("coffee", ["word left out"]), ("tea", [])):
        own, default = ({flow: TextFile(Head(), {"milk": w})} for w in ("Pij", "SIP a bit"))
        found_ = translations.other_words(own, default, words, words)
        assert [finding.kind for finding in found_] == kinds


def test_a_word_that_nothing_understands() -> None:
    assert lost("Napisz ZESTAW", english="Text for a kit") == [("word to type", True)]
    assert lost("UWAGA, mleko", english="NOTE the milk") == []  # loud there as here


def test_a_translation_has_no_head_of_its_own() -> None:
    raw = {"tea": "safety = true\n+++\n{% block milk %}\nMleko?\n{% endblock %}\n"}
    assert found(translations.heads(raw)) == [("head", "tea")]
    good = "# Draft\nsegments = {milk = 3}\n+++\n{% block milk %}\nMleko?\n{% endblock %}\n"
    assert found(translations.heads({"tea": good})) == []


def test_a_text_that_english_does_not_have() -> None:
    other = one(milk="Mleko?", lemon="Cytryna?")
    assert found(translations.not_in_default(other, ENGLISH)) == [("dead text", "tea.lemon")]


def test_what_is_still_to_be_translated() -> None:
    default = {
        **one(milk="Milk?"),
        "overdose": TextFile(Head(), {"card": "999", "kit": "Kit?"}),
        "consent": TextFile(Head(), {"stopped": "Stopped.", "notice": "We keep"}),
    }
    assert len(translations.missing_in("pl", {}, default)) == 5
    vital = ["overdose.card", "consent.stopped"]
    assert translations.missing_in("ro", {}, default) == vital
    assert translations.missing_in("sco", {}, default) == []
    (warning,) = translations.incomplete("ro", {"overdose": default["overdose"]}, default)
    assert (warning.warning, warning.what) == (True, "1 of 2 texts: consent")
    assert list(translations.incomplete("pl", default, default)) == []


def test_labels_that_are_still_to_be_translated() -> None:
    (warning,) = translations.unlabelled("pl", ["a"], ["a", "b"])
    assert (warning.warning, warning.what) == (True, "1 labels: b")
    assert list(translations.unlabelled("ro", [], ["a"])) == []


# --- ours --------------------------------------------------------------------------------------


def test_no_other_number_can_be_sent() -> None:
    """Texts and labels name the four that are always right; all others come from lines.toml."""
    assert lines.always() == ("999", "116 123", "111", "0800 1111")
    sources = [*Path("handlers").rglob("*.py")]
    pieces = [(path.name, path.read_text("utf-8")) for path in sources]
    for locale in library.locales():
        pieces += list(checks.texts(shelf(locale)))
        pieces += [(locale, str(label)) for label in dict(labels_in(words_file(locale))).values()]
    others = [line.number for line in lines.lines().values() if not line.always]
    assert len(pieces) > 300
    assert [
        (name, number)
        for name, words in pieces
        for number in others
        if number.replace(" ", "") in words.replace(" ", "")
    ] == []


@pytest.mark.parametrize("locale", library.locales())
def test_every_text_file_has_its_head(locale: str) -> None:
    for name, raw in raw_texts(locale).items():
        assert "\n+++\n" in raw, name
    assert set(shelf(locale)) == set(raw_texts(locale))


# --- the commands ------------------------------------------------------------------------------


@pytest.mark.parametrize("what", [[], ["flows"]])
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


def test_texts_is_a_document_for_a_clinical_lead(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'none.db'}")
    result = CliRunner().invoke(cli, ["texts", "--flow", "overdose"])
    assert result.exit_code == 0
    assert "## overdose (safety texts)\n\nTo be signed by a clinical lead." in result.output
    assert "- Public Health Scotland, 2023: Recognising" in result.output
    assert "### overdose.card, 1 SMS, reading age about " in result.output
    assert "\n\nSignatures are unknown: no database.\n\n> CALL 999" in result.output


def test_texts_of_a_flow_or_locale_that_is_not_there() -> None:
    for wrong in (["--flow", "teatime"], ["--locale", "xx"]):
        assert CliRunner().invoke(cli, ["texts", *wrong]).exit_code == 1
