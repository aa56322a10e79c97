"""Which phone numbers we text: mobiles, and nothing that costs or deceives."""

import re

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberType, ValidationResult

# 071 to 079 without 070 (personal numbers, premium) and 076 (pagers), save 07624, the Isle of Man.
# Ofcom's drama numbers (07700 900xxx) are among them; phonenumbers calls those invalid.
UK_MOBILE = re.compile(r"\+447(?:[1-57-9]\d{8}|624\d{6})")

FOREIGN_MOBILE = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)


def normalised(number: str) -> str | None:
    """The number as +44…, read as a British one if it has no country code; None if it is none."""
    try:
        parsed = phonenumbers.parse(number, "GB")
    except NumberParseException:
        return None
    if phonenumbers.is_possible_number_with_reason(parsed) != ValidationResult.IS_POSSIBLE:
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def is_uk_mobile(number: str) -> bool:
    """A British mobile: the only kind that is written to first, such as after a missed call."""
    return bool(UK_MOBILE.fullmatch(number))


def is_a_phone(address: str) -> bool:
    """A whole number, as a phone has: short codes and names in letters are machines."""
    return address.startswith("+")


def can_be_answered(address: str) -> bool:
    """A reply may go there: no landline, premium number, short code or alphanumeric sender.

    Whoever writes from a foreign mobile is answered; a foreign number of another kind is not, since
    texts pumped to costly numbers are how lines like this are robbed.
    """
    if not address.startswith("+") or address.startswith("+44"):
        return is_uk_mobile(address)
    try:
        parsed = phonenumbers.parse(address)
    except NumberParseException:
        return False
    return phonenumbers.number_type(parsed) in FOREIGN_MOBILE
