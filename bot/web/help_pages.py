"""The help pages and the card to print: public, from files, and readable while all else is down."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from markdown_it import MarkdownIt
from markupsafe import Markup, escape
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import Route

from bot.bootstrap import App
from bot.web.pages import page, qr, spaced
from content import library, pictures
from content.languages import languages
from content.sources import Source, source
from content.topics import find_topics, groups, topics
from db.models import Service
from db.work import Work
from handlers.flags import team_name
from handlers.services.contacts import all_services
from handlers.services.rules import rules_of
from handlers.services.sign_offs import signed_names

log = logging.getLogger(__name__)
_LONGEST_SEARCH = 100
_CITATION = re.compile(r"\s?\[([a-z0-9-]+)\]")
_markdown = MarkdownIt("commonmark", {"html": False})


@dataclass(frozen=True, slots=True)
class Known:
    """What only the database knows; empty while it is away."""

    services: tuple[Service, ...] = ()
    signed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Article:
    """A page's text as HTML, and the sources it names in order."""

    html: Markup
    cited: list[Source] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Reader:
    """The language somebody reads a page in."""

    locale: str

    def text(self, name: str, /, **values: Any) -> str:
        """A text of content/."""
        return library.text(self.locale, name, "web", **values)

    def bar(self) -> str:
        """The emergency line in their language, beside the English one that is always there."""
        return self.text("help_pages.bar") if self.locale != library.DEFAULT else ""


class HelpPages:
    """Everything under /help/."""

    def __init__(self, app: App) -> None:
        self.app = app

    def routes(self) -> list[Route]:
        """The list first, for no topic is called that."""
        return [
            Route("/help", lambda _: RedirectResponse("/help/")),
            Route("/help/", self.index),
            Route("/help/card", self.card),
            Route("/help/pictures/{name}.svg", self.picture),
            Route("/help/{topic}", self.topic),
        ]

    async def index(self, request: Request) -> Response:
        """GET /help/: all topics by group, and a search by anybody's words."""
        asked = request.query_params.get("lang", library.DEFAULT)
        reader = await self._reader(asked, "help_pages.lead")
        words = request.query_params.get("q", "").strip()[:_LONGEST_SEARCH]
        found = find_topics(words, reader.locale) if words else []
        heading = ""
        if words:
            name = "help_pages.found" if found else "help_pages.nothing"
            heading = reader.text(name, words=words)
        return page(
            self.app,
            "help.html",
            locale=reader.locale,
            bar=reader.bar(),
            query=_query(reader.locale),
            words=words,
            heading=heading,
            found=[_link(reader, topic) for topic in found],
            groups=[
                {
                    "label": library.option(reader.locale, "advice.group", group).label,
                    "topics": [_link(reader, topic) for topic in names],
                }
                for group, names in groups().items()
            ],
            say={
                "name": reader.text("help_pages.name"),
                "lead": reader.text("help_pages.lead"),
                "search": reader.text("help_pages.search"),
                "hint": reader.text("help_pages.search_hint"),
                "button": reader.text("help_pages.search_button"),
                "all": reader.text("help_pages.all_pages"),
                "card": reader.text("help_pages.card"),
                "card_hint": reader.text("help_pages.card_hint"),
            },
        )

    async def topic(self, request: Request) -> Response:
        """GET /help/<topic>: the long page, each statement with its source."""
        topic = request.path_params["topic"]
        if topic not in topics():
            raise HTTPException(404)
        asked = request.query_params.get("lang", library.DEFAULT)
        reader = await self._reader(asked, f"advice/{topic}.page")
        known = await self._known(reader.locale)
        text = library.text(reader.locale, f"advice/{topic}.page")
        article = as_html(text, reader.text("help_pages.source"))
        drawing = pictures.picture(topics()[topic].picture)
        shows = drawing is not None and pictures.may_show(drawing.name, known.signed)
        return page(
            self.app,
            "help_topic.html",
            locale=reader.locale,
            bar=reader.bar(),
            query=_query(reader.locale),
            title=library.text(reader.locale, f"advice/{topic}.title"),
            article=article,
            picture=drawing if shows else None,
            signed=f"advice/{topic}.page" in known.signed,
            in_english=reader.locale != asked and asked in library.locales(),
            others=await self._other_languages(topic, reader.locale),
            related=[_link(reader, name) for name in _related(topic)],
            numbers=self._numbers(known.services),
            say={
                "name": reader.text("help_pages.name"),
                "unsigned": reader.text("help_pages.unsigned"),
                "only_english": reader.text("help_pages.only_english"),
                "sources": reader.text("help_pages.sources"),
                "read_on": reader.text("help_pages.read_on"),
                "more": reader.text("help_pages.more_pages"),
                "text_us": reader.text("help_pages.text_us"),
                "card": reader.text("help_pages.card"),
            },
        )

    async def card(self, request: Request) -> Response:
        """GET /help/card: what to do on one page of A6, with the number big and as a code."""
        asked = request.query_params.get("lang", library.DEFAULT)
        reader = await self._reader(asked, "help_pages.card_steps")
        known = await self._known(reader.locale)
        services = known.services
        wanted = request.query_params.get("service", "")
        service = next((s for s in services if s.slug == wanted), None)
        if wanted and services and service is None:
            raise HTTPException(404)
        service = service or next(iter(services), None)
        number = self._number(service)
        scan = f"sms:{number.replace(' ', '')}?&body=KIT" if number else self._help_address()
        return page(
            self.app,
            "help_card.html",
            locale=reader.locale,
            bar=reader.bar(),
            query=_query(reader.locale),
            team=team_name(service) if service else "",
            teams={one.slug: team_name(one) for one in services},
            number=number,
            signed="help_pages.card_steps" in known.signed,
            code=qr(scan),
            steps=as_html(reader.text("help_pages.card_steps")).html,
            say={
                "name": reader.text("help_pages.name"),
                "card": reader.text("help_pages.card"),
                "hint": reader.text("help_pages.card_hint"),
                "unsigned": reader.text("help_pages.unsigned"),
                "title": reader.text("help_pages.card_title"),
                "call": reader.text("help_pages.card_call"),
                "kit": reader.text("help_pages.card_kit"),
                "scan": reader.text("help_pages.card_scan")
                if number
                else reader.text("help_pages.card_scan_help"),
            },
        )

    async def picture(self, request: Request) -> Response:
        """GET /help/pictures/<name>.svg: a drawing, if it may be shown."""
        name = request.path_params["name"]
        drawing = pictures.picture(name)
        signed = (await self._known(library.DEFAULT)).signed
        if drawing is None or not pictures.may_show(name, signed):
            raise HTTPException(404)
        return FileResponse(drawing.svg, media_type="image/svg+xml")

    # --- what the database knows ---------------------------------------------------------------

    async def _known(self, locale: str) -> Known:
        """Services and sign-offs; nothing while the database is away: the pages must still show."""
        try:
            async with self.app.db.read() as tx:
                work = Work(self.app.db, tx, self.app.engine.ids, self.app.clock.now())
                services = tuple(await all_services(work))
                return Known(services, await signed_names(work, locale))
        except Exception:
            log.exception("the help pages are shown without what the database knows")
            return Known()

    async def _reader(self, asked: str, name: str) -> Reader:
        """The language asked for, if it has the text and may show it; else English."""
        if asked not in library.locales() or not library.has_text(asked, name):
            return Reader(library.DEFAULT)
        may = asked == library.DEFAULT or await self._may_read(asked, name)
        return Reader(asked if may else library.DEFAULT)

    async def _may_read(self, locale: str, name: str) -> bool:
        """A draft is shown in the demo, or where a service has switched its language on."""
        if self.app.settings.is_demo:
            return True
        known = await self._known(locale)
        switched_on = {code for s in known.services for code in rules_of(s).draft_languages.split()}
        return name in known.signed or locale in switched_on

    async def _other_languages(self, topic: str, locale: str) -> list[dict[str, str]]:
        name = f"advice/{topic}.page"
        return [
            {"name": languages()[code].name, "code": code, "href": f"/help/{topic}{_query(code)}"}
            for code in library.locales()
            if code != locale
            and code in languages()
            and library.has_text(code, name)
            and (code == library.DEFAULT or await self._may_read(code, name))
        ]

    def _number(self, service: Service | None) -> str:
        line = service.sms_line if service else ""
        return spaced(line or self.app.settings.twilio_from)

    def _numbers(self, services: Sequence[Service]) -> dict[str, str]:
        """Each number with whose it is; the one of the settings while no service is known."""
        found = {self._number(one): team_name(one) for one in services} or {self._number(None): ""}
        return {number: name for number, name in found.items() if number}

    def _help_address(self) -> str:
        return f"{self.app.settings.url}/help/"


def _query(locale: str) -> str:
    return "" if locale == library.DEFAULT else f"?lang={locale}"


def _link(reader: Reader, topic: str) -> dict[str, str]:
    label = library.text(reader.locale, f"advice/{topic}.title")
    return {"href": f"/help/{topic}{_query(reader.locale)}", "label": label}


def _related(topic: str) -> Sequence[str]:
    """The other topics of the groups it is in."""
    together = [name for names in groups().values() if topic in names for name in names]
    return [name for name in dict.fromkeys(together) if name != topic]


@cache
def as_html(text: str, source_word: str = "") -> Article:
    """Markdown as HTML; "[phs-2023]" becomes a small link to that source, numbered as cited."""
    cited: dict[str, Source] = {}

    def link(found: re.Match[str]) -> str:
        one = source(found.group(1))
        if one is None:
            return found.group(0)
        cited[one.id] = one
        number = list(cited).index(one.id) + 1
        title = escape(f"{one.publisher}: {one.title}")
        words = f'<span class="vh">{escape(source_word)} </span>{number}'
        return (
            f'<sup><a href="{escape(one.url)}" title="{title}" rel="noreferrer">{words}</a></sup>'
        )

    html = _CITATION.sub(link, _markdown.render(text))
    return Article(Markup(html), list(cited.values()))
