"""Sign-off by hash: a signature holds for the words as they were, and for nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from content import library, signing
from content.library import Head
from content.signing import Item
from db.database import Database
from db.ids import Ids
from db.keys import Keyring
from db.models import Service, SignOff
from db.work import Work
from handlers.services import sign_offs
from handlers.services.sign_offs import Standing, signed_names
from tests.bot.cli import Cli

TEXT = 'safety = true\nsources = ["phs-2023"]\n+++\n{% block ask %}\nTea?\n{% endblock %}\n'
LEAD = ("--reviewer", "Dr Test", "--role", "clinical lead")
TODAY = date(2026, 11, 22)
NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
IDS = Ids()


def forget() -> None:
    """What was read of the content is read anew."""
    for cached in (
        *(library.flows, library.text_file, library._template, library._words_file),
        *(library.option, signing.items, signing.fingerprint, signing.pictures),
    ):
        cached.cache_clear()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Content of the test's own: one safety text in English and Polish, one drawing."""
    top = tmp_path / "content"
    for name, text in (
        ("en/tea.txt", TEXT),
        ("en/menu.txt", "sources = []\n+++\n{% block main %}\nMenu\n{% endblock %}\n"),
        ("en/words.toml", '[options."tea.ask".milk]\nlabel = "Milk"\nwords = ["m"]\n'),
        ("pl/tea.txt", "# Draft\n+++\n{% block ask %}\nHerbata?\n{% endblock %}\n"),
        ("pl/words.toml", '[options."tea.ask".milk]\nlabel = "Mleko"\n'),
        ("pictures/step.svg", "<svg/>"),
        ("pictures/pictures.toml", '[step]\nalt = "A step"\nclinical = true\nsources = []\n'),
    ):
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text(text)
    monkeypatch.setattr(library, "LOCALES", top)
    monkeypatch.setattr(signing, "PICTURES", top / "pictures")
    forget()
    yield top
    monkeypatch.undo()
    forget()


def sign_off(
    name: str,
    fingerprint: str,
    until: date = TODAY,
    locale: str = "en",
    service_id: int | None = None,
) -> SignOff:
    values = (locale, name, fingerprint, "Dr Test", "clinical lead", until, service_id)
    return SignOff(IDS.new(NOW), NOW, *values)


# --- the fingerprint ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("en/tea.txt", "Tea?", "Tea!"),
        ("en/tea.txt", "Tea?\n", "Tea?\n{% endblock %}\n{% block ask__sms %}\nT?\n"),
        ("en/tea.txt", "phs-2023", "phs-2024"),
        ("en/words.toml", '"Milk"', '"Cream"'),
    ],
)
def test_any_edit_breaks_the_signature(folder: Path, file: str, old: str, new: str) -> None:
    before = signing.fingerprint("en", "tea.ask"), signing.fingerprint("pl", "tea.ask")
    path = folder / file
    path.write_text(path.read_text().replace(old, new))
    forget()
    assert signing.fingerprint("en", "tea.ask") != before[0]
    assert signing.fingerprint("pl", "tea.ask") != before[1]  # it was compared with the English


def test_what_people_type_and_what_it_may_cost_is_not_signed(folder: Path) -> None:
    before = signing.fingerprint("en", "tea.ask")
    words, text = folder / "en/words.toml", folder / "en/tea.txt"
    words.write_text(words.read_text().replace('"m"', '"m", "moo"'))
    text.write_text(text.read_text().replace("+++", "segments = {ask = 3}\n+++"))
    forget()
    assert signing.fingerprint("en", "tea.ask") == before


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [("step.svg", "<svg/>", "<svg></svg>"), ("pictures.toml", "A step", "Another")],
)
def test_a_drawing_is_signed_with_its_words(folder: Path, file: str, old: str, new: str) -> None:
    before = signing.fingerprint("en", "step")
    path = folder / "pictures" / file
    path.write_text(path.read_text().replace(old, new))
    forget()
    assert signing.fingerprint("en", "step") not in ("", before)


def test_no_text_has_no_fingerprint(folder: Path) -> None:
    assert signing.fingerprint("en", "tea.nosuch") == signing.fingerprint("pl", "menu.main") == ""


# --- who may sign what -------------------------------------------------------------------------


def test_a_translation_takes_its_head_from_the_english_file(folder: Path) -> None:
    file = library.text_file("pl", "tea")
    assert file
    assert (file.head.safety, file.head.sources, file.head.signer) == (
        True,
        ("phs-2023",),
        "clinical lead",
    )


@pytest.mark.parametrize(
    ("head", "signer"),
    [
        (Head(), "coordinator"),
        (Head(safety=True), "clinical lead"),
        (Head(review="clinical lead"), "clinical lead"),
    ],
)
def test_whose_signature_is_needed(head: Head, signer: str) -> None:
    assert head.signer == signer
    item = Item("en", "tea.ask", signer, "f")
    assert signing.may_sign("clinical lead", item)
    assert signing.may_sign("coordinator", item) == (signer == "coordinator")


def test_what_is_meant_by_a_name(folder: Path) -> None:
    names = {what: [i.name for i in signing.chosen("en", what)] for what in ("tea", "tea.ask")}
    assert names == {"tea": ["tea.ask"], "tea.ask": ["tea.ask"]}
    assert [i.name for i in signing.chosen("en", "pictures")] == ["step"]
    assert [i.signer for i in signing.chosen("en", "step")] == ["clinical lead"]
    assert signing.chosen("pl", "step") == signing.chosen("en", "te") == ()


# --- standing ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("print_", "until", "expected"),
    [
        ("f", TODAY, Standing.SIGNED),
        ("f", TODAY - timedelta(days=1), Standing.REVIEW_DUE),
        ("other", TODAY, Standing.CHANGED),
        ("other", TODAY - timedelta(days=1), Standing.CHANGED),
    ],
)
def test_how_an_item_stands(print_: str, until: date, expected: Standing) -> None:
    one = sign_off("tea.ask", print_, until)
    item = Item("en", "tea.ask", "clinical lead", "f")
    assert sign_offs.standing(item, one, TODAY) is expected
    assert sign_offs.standing(item, None, TODAY) is Standing.NEVER


@pytest.fixture
async def db(database_url: str, secret_key: str) -> AsyncIterator[Database]:
    db = Database.open(database_url, Keyring([secret_key]))
    yield db
    await db.close()


async def names(db: Database, locale: str, *saved: SignOff, service: int | None = None) -> set[str]:
    """What counts as signed, once these are saved beside those before."""
    async with db.transaction() as tx:
        work = Work(db, tx, Ids(), NOW)
        for one in saved:
            work.save(one)
        await work.flush()
    async with db.read() as tx:
        return set(await signed_names(Work(db, tx, Ids(), NOW), locale, service))


async def test_only_a_present_signature_in_date_counts(folder: Path, db: Database) -> None:
    english, polish = (signing.fingerprint(one, "tea.ask") for one in ("en", "pl"))
    drawn = signing.fingerprint("en", "step")
    assert await names(db, "en") == set()
    assert await names(db, "en", sign_off("tea.ask", "an older wording")) == set()
    assert await names(db, "en", sign_off("tea.ask", english)) == {"tea.ask"}
    assert await names(db, "pl") == set()
    assert await names(db, "pl", sign_off("tea.ask", polish, locale="pl")) == {"tea.ask"}
    assert await names(db, "pl", sign_off("step", drawn)) == {"tea.ask", "step"}
    lapsed = sign_off("tea.ask", english, TODAY - timedelta(days=1))
    assert await names(db, "en", lapsed) == {"step"}  # the newest word counts
    gone = sign_off("tea.gone", "f")
    assert await names(db, "en", gone) == {"step"}


async def test_one_services_signature_is_not_anothers(folder: Path, db: Database) -> None:
    async with db.transaction() as tx:
        work = Work(db, tx, Ids(), NOW)
        home = work.save(Service(1, "home", "Home", "England", (), 0.0, 0.0, NOW))
        await work.flush()
    english = signing.fingerprint("en", "tea.ask")
    own = sign_off("tea.ask", english, service_id=home.id)
    assert await names(db, "en", own) == set()
    assert await names(db, "en", service=home.id) == {"tea.ask"}
    assert await names(db, "en", service=2) == set()


# --- the commands ------------------------------------------------------------------------------


def test_nothing_is_signed_without_yes(kitline: Cli, folder: Path) -> None:
    said = kitline("sign", "tea", *LEAD).out
    assert "tea.ask: new, " in said
    assert "\ntea.ask:\nTea?\n" in said  # the very words
    assert "Nothing is signed yet. Read them with their sources (kitline texts --flow tea)" in said
    assert kitline.rows(SignOff) == []


def test_signing_signing_again_and_signing_anew(kitline: Cli, folder: Path) -> None:
    assert "Signed: 1 text by Dr Test (clinical lead)" in kitline("sign", "tea", *LEAD, "--yes").out
    (one,) = kitline.rows(SignOff)
    assert (one.name, one.reviewer, one.role) == ("tea.ask", "Dr Test", "clinical lead")
    assert one.review_by == one.at.date() + timedelta(days=365)
    again = kitline("sign", "tea", *LEAD, "--yes").out
    assert "unchanged since" in again
    assert "signed already, unchanged" in again
    assert len(kitline.rows(SignOff)) == 1
    text = folder / "en/tea.txt"
    text.write_text(text.read_text().replace("Tea?", "Green tea?"))
    forget()
    old, new = one.fingerprint[:8], signing.fingerprint("en", "tea.ask")[:8]
    changed = kitline("sign", "tea", *LEAD, "--review-by", "2099-01-01", "--yes").out
    assert f"signed {old} on " in changed
    assert f"changed since, now {new}" in changed
    assert [str(one.review_by) for one in kitline.rows(SignOff)][1:] == ["2099-01-01"]


def test_a_role_too_low_signs_nothing(kitline: Cli, folder: Path) -> None:
    said = kitline.fails("sign", "tea", "--reviewer", "Ash", "--role", "coordinator", "--yes")
    assert "needs a clinical lead" in said
    kitline("sign", "menu", "--reviewer", "Ash", "--role", "coordinator", "--yes")
    assert [one.name for one in kitline.rows(SignOff)] == ["menu.main"]


@pytest.mark.parametrize(
    "wrong",
    [
        ("tea", "--role", "clinical lead"),
        ("tea", "--reviewer", " ", "--role", "clinical lead"),
        ("tea", "--reviewer", "Dr Test", "--role", "king"),
        ("tea", *LEAD, "--review-by", "soon"),
        ("tea", *LEAD, "--review-by", "2020-01-01"),
    ],
)
def test_wrong_use_of_sign(kitline: Cli, folder: Path, wrong: tuple[str, ...]) -> None:
    assert kitline("sign", *wrong, "--yes", code=2).err.count("\n") == 1
    assert kitline.rows(SignOff) == []


def test_there_is_no_such_text(kitline: Cli, folder: Path) -> None:
    assert "no text, flow or drawing" in kitline.fails("sign", "coffee", *LEAD)
    assert "no locale" in kitline.fails("sign", "tea", "--locale", "xx", *LEAD)


def test_the_review_document_says_how_each_text_stands(kitline: Cli, folder: Path) -> None:
    assert "0 of 3 texts and drawings are signed off as they are now" in kitline("texts").out
    kitline("sign", "tea.ask", *LEAD, "--yes")
    said = kitline("texts").out
    assert "1 of 3 texts and drawings are signed off as they are now" in said
    assert "### tea.ask, 1 SMS\n\nSigned off by Dr Test (clinical lead) on 20" in said
    assert "### menu.main, 1 SMS\n\nNot signed off." in said
    assert "content/pictures/step.svg`; a clinical step, shown nowhere until signed" in said
    text = folder / "en/tea.txt"
    text.write_text(text.read_text().replace("Tea?", "Green tea?"))
    forget()
    said = kitline("texts", "--flow", "tea").out
    assert "Changed since it was signed by Dr Test (clinical lead)" in said
    assert "Drawings" not in said


def test_unsigned_shows_what_is_not_signed_or_changed_since(kitline: Cli, folder: Path) -> None:
    kitline("sign", "tea.ask", *LEAD, "--yes")
    said = kitline("texts", "--unsigned").out
    assert "1 of 3 texts and drawings are signed off as they are now. Only the others" in said
    assert "### menu.main" in said
    assert "- step (" in said
    assert "tea" not in said.replace("team", "")
    text = folder / "en/tea.txt"
    text.write_text(text.read_text().replace("Tea?", "Green tea?"))
    forget()
    said = kitline("texts", "--unsigned").out
    assert "### tea.ask, 1 SMS\n\nChanged since it was signed by Dr Test" in said
    kitline("sign", "tea.ask", *LEAD, "--yes")
    kitline("sign", "step", *LEAD, "--yes")
    kitline("sign", "menu", *LEAD, "--yes")
    assert "##" not in kitline("texts", "--unsigned").out


def test_unsigned_says_that_it_needs_the_database(kitline: Cli, folder: Path) -> None:
    kitline.database.unlink()
    assert "--unsigned needs the database" in kitline.fails("texts", "--unsigned")


def test_safety_shows_safety_texts_and_clinical_drawings_alone(kitline: Cli, folder: Path) -> None:
    said = kitline("texts", "--safety").out
    assert "## tea (safety texts)" in said
    assert "- step (" in said
    assert "menu" not in said
    assert "0 of 2 texts and drawings" in said
    assert "no safety texts called menu" in kitline.fails("texts", "--safety", "--flow", "menu")


def test_what_one_service_signed_is_shown_for_it_alone(kitline: Cli, folder: Path) -> None:
    kitline("services", "add", "home", "--districts", "DN31")
    kitline("sign", "menu", *LEAD, "--service", "home", "--yes")
    assert "0 of 3 texts and drawings are signed" in kitline("texts").out
    assert "1 of 3 texts and drawings are signed" in kitline("texts", "--service", "home").out
    assert "there is no service" in kitline.fails("texts", "--service", "other")


def test_a_translation_stands_beside_the_english(kitline: Cli, folder: Path) -> None:
    said = kitline("texts", "--locale", "pl").out
    assert "> Herbata?\n\nIn English:\n\n> Tea?" in said
    assert "In English" not in kitline("texts").out


def test_the_review_document_needs_no_database(kitline: Cli, folder: Path) -> None:
    kitline.database.unlink()
    said = kitline("texts").out
    assert "Signatures are unknown: no database." in said
    assert "> Tea?" in said
    assert not kitline.database.exists()
