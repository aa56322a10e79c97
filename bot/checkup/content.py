"""The texts, drawings and help lines: what nobody has signed, or checked, or lately."""

from __future__ import annotations

from collections import Counter, defaultdict

from bot.checkup.finding import Finding, fail, ok, warn
from content import library, signing
from content.library import CLINICAL_LEAD
from content.signing import Item
from db.work import Work
from handlers.services import help_lines, sign_offs
from handlers.services.contacts import all_services
from handlers.services.sign_offs import Standing

SIGN = "`kitline texts` for whoever signs them, then `kitline sign FLOW`."
SAYING = {
    Standing.NEVER: "texts not signed off",
    Standing.CHANGED: "texts changed since they were signed",
    Standing.REVIEW_DUE: "texts due to be read again",
}


async def texts(work: Work) -> list[Finding]:
    """Unsigned, changed and overdue texts; an unsigned emergency text is sent all the same."""
    standings: dict[Standing, list[Item]] = defaultdict(list)
    totals: Counter[str] = Counter()
    for locale in library.locales():
        try:
            items = signing.items(locale)
        except (library.MissingText, ValueError, TypeError) as wrong:
            return [fail(f"the texts in {locale} cannot be read: {wrong}", "kitline check texts")]
        newest = await sign_offs.newest(work, locale)
        totals[locale] = len(items)
        for item in items:
            signed = newest.get((item.locale, item.name))
            standings[sign_offs.standing(item, signed, work.now.date())].append(item)
    found = [
        warn(f"{said}: {_by_locale(standings[how], totals)}", SIGN)
        for how, said in SAYING.items()
        if standings[how]
    ]
    return found or [ok("every text and drawing is signed and in date")]


def _by_locale(items: list[Item], totals: Counter[str]) -> str:
    counts = Counter(item.locale for item in items)
    safety = sum(item.signer == CLINICAL_LEAD for item in items)
    said = ", ".join(f"{locale} {n} of {totals[locale]}" for locale, n in counts.items())
    return f"{said}; {safety} of them about safety"


async def lines(work: Work) -> list[Finding]:
    """Help lines whose numbers are held back, because nobody has checked them lately."""
    found = []
    for home in await all_services(work):
        if held := help_lines.stale(home, work.now.date()):
            named = ", ".join(f"{line.name} {line.number}" for line in held)
            do = f"Ring or text each, then: kitline services set {home.slug} --line-checked "
            example = f"{held[0].key}={work.now:%Y-%m-%d}"
            found.append(warn(f"{home.slug}: not sent, as not checked: {named}", do + example))
    return found
