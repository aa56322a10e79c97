"""An outlet's own terms on the command line."""

from __future__ import annotations

from tests.bot.cli import Cli

TERMS = ("pharmacies", "terms", "Marsh", "--service", "grimsby")


def test_terms_are_shown_and_set(sampled: Cli) -> None:
    assert "no terms of its own" in sampled(*TERMS).out
    assert "--source is needed" in sampled.fails(*TERMS, "--min-age", 21)
    assert "longer than 200" in sampled.fails(*TERMS, "--min-age", 21, "--source", "x" * 201)
    wrong = sampled.fails(*TERMS, "--serves", "cats", "--source", "x")
    assert "cats is none of" in wrong
    odd_day = ("--min-age", 16, "--source", "a scheme", "--from", "soon")
    assert "not a date" in sampled.fails(*TERMS, *odd_day)
    said = sampled(
        *(*TERMS, "--min-age", 18, "--serves", "self"),
        *("--source", "agreement of May", "--from", "2026-05-01"),
    ).out
    assert "18 and over, self; from 2026-05-01, as agreement of May says" in said
    early = ("--min-age", 16, "--source", "new one", "--from", "2099-01-01")
    assert "would have none until 2099-01-01" in sampled.fails(*TERMS, *early)
    wide = sampled(*TERMS, "--serves", "all", "--source", "new one").out
    assert "18 and over, everybody; from " in wide


def test_near_says_who_does_not_serve_whom(sampled: Cli) -> None:
    own = ("--serves", "self", "--source", "agreement of May", "--from", "2026-05-01")
    sampled(*TERMS, *own)
    at = ("near", "DN31 1AA", "--service", "grimsby", "--at", "2026-11-23 14:00")
    for recipient, left_out in (("self", False), ("friend_family", True)):
        lines = sampled(*at, "--recipient", recipient).out.splitlines()
        shop = next(line for line in lines if "Marsh" in line)
        assert ("does not serve this kind" in shop) is left_out
    assert "--recipient is one of" in sampled.fails(*at, "--recipient", "cats", code=2)
