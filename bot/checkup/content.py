"""The texts: how many nobody has signed off, or should be looked at again."""

from __future__ import annotations

from datetime import date

from bot.checkup.finding import Finding, fail, ok, warn
from content import library


def texts(today: date) -> list[Finding]:
    """Unsigned and overdue texts; an unsigned emergency text is sent all the same."""
    unsigned = unsigned_safety = overdue = total = 0
    for locale in library.locales():
        for path in sorted((library.LOCALES / locale).rglob("*.txt")):
            name = path.relative_to(library.LOCALES / locale).with_suffix("").as_posix()
            try:
                found = library.text_file(locale, name)
            except (library.MissingText, ValueError, TypeError):
                return [fail(f"{locale}/{name}.txt cannot be read", "kitline check texts")]
            if found is None:
                continue
            total += 1
            signed = bool(found.head.reviewed and found.head.reviewer)
            unsigned += not signed
            unsigned_safety += found.head.safety and not signed
            until = found.head.review_by
            overdue += bool(signed and until and until < today.isoformat())
    report = []
    if unsigned:
        what = f"{unsigned} of {total} text files are unsigned, {unsigned_safety} about safety"
        report.append(warn(what, "A clinical lead reads `kitline texts` and signs in their heads."))
    if overdue:
        what = f"{overdue} text files are past their review date"
        report.append(warn(what, "A clinical lead reads them again: `kitline texts`."))
    return report or [ok(f"all {total} text files are signed and in date")]
