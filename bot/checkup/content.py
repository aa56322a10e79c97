"""The texts, drawings and help lines: what nobody has signed, or checked, or lately."""

from __future__ import annotations

from collections import Counter

from bot.checkup.finding import Finding, fail, ok, warn
from bot.commands.output import plural
from content import library, signing
from content.library import CLINICAL_LEAD
from db.work import Work
from handlers.services import help_lines, sign_offs
from handlers.services.contacts import all_services
from handlers.services.sign_offs import Standing

SIGN = "`kitline texts` for whoever signs them, then `kitline sign FLOW`."
SAYING = {
    Standing.NEVER: ("not signed off", SIGN),
    Standing.CHANGED: ("changed since they were signed", SIGN),
    Standing.REVIEW_DUE: ("due to be read again", SIGN),
}


async def texts(work: Work) -> list[Finding]:
    """Unsigned, changed and overdue texts; an unsigned emergency text is sent all the same."""
    found = []
    for locale in library.locales():
        try:
            items = signing.items(locale)
        except (library.MissingText, ValueError, TypeError) as wrong:
            return [fail(f"the texts in {locale} cannot be read: {wrong}", "kitline check texts")]
        newest = await sign_offs.newest(work, locale)
        counts: Counter[Standing] = Counter()
        clinical: Counter[Standing] = Counter()
        for item in items:
            how = sign_offs.standing(item, newest.get((item.locale, item.name)), work.now.date())
            counts[how] += 1
            clinical[how] += item.signer == CLINICAL_LEAD
        for how, (said, do) in SAYING.items():
            if counts[how]:
                what = f"{locale}: {counts[how]} of {plural(len(items), 'text')} {said}"
                found.append(warn(f"{what}, {clinical[how]} of them about safety", do))
    return found or [ok("every text and drawing is signed and in date")]


async def lines(work: Work) -> list[Finding]:
    """Help lines whose numbers are held back, because nobody has checked them lately."""
    found = []
    for home in await all_services(work):
        if held := help_lines.stale(home, work.now.date()):
            named = ", ".join(f"{line.name} {line.number}" for line in held)
            do = f"Ring each, then: kitline services set {home.slug} --line-checked "
            example = f"{held[0].key}={work.now:%Y-%m-%d}"
            found.append(warn(f"{home.slug}: not sent, as not checked: {named}", do + example))
    return found
