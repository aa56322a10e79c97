"""Long random stories: whatever people text, whenever, and wherever the program dies, every open
request keeps one owner and one timer, and stock is never promised or handed out twice."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from bot import sample
from bot.channels.base import SendError
from tests.robust.invariants import broken
from tests.robust.people import REF, requester_says
from tests.robust.world import REQUESTERS, World

PEERS = tuple(peer.number.replace("tg:", "+447700") for peer in sample.GRIMSBY_PEERS)
SHOPS = tuple(shop.number for shop in sample.GRIMSBY_OUTLETS)
STAFF = ("+447700900051", "+447700900052")
ANYBODY = st.sampled_from(REQUESTERS + PEERS)
CRASH = st.sampled_from(("", "", "", "", "", "stored", "turn", "sent"))
BACK = st.integers(0, 2)  # which of the last codes somebody saw
WISHES = (
    "kit for me near dn31 3eq",
    "spray for me near DN35",
    "injection for me near dn33",
    "kit for my mate near DN37",
    "KIT",
)
REQUESTER_WORDS = (
    "STOP START CANCEL YES NO STATUS BACK MENU 1 2 CAME NEXT help_is_here hes_not_breathing "
    "running_late they_never_came USED LOST TALK"
).replace("_", " ")
WAITS = (0.5, 4, 11, 31, 70, 24 * 60, 3 * 24 * 60)


def some(words: str) -> st.SearchStrategy[str]:
    return st.sampled_from(words.split())


class Story(RuleBasedStateMachine):
    """Three requesters, four peers, two pharmacies, two coordinators, one clock."""

    @initialize(wave_size=st.sampled_from((1, 2)))
    def start(self, wave_size: int) -> None:
        self.world = World(wave_size)

    def seen(self, number: str, pattern: str, back: int) -> str:
        """A code out of the texts somebody got, the last or one before."""
        found = re.findall(pattern, "\n".join(self.world.phones.texts[number]))
        return str(found[-1 - min(back, len(found) - 1)]) if found else "K7FP"

    @rule(who=ANYBODY, wish=st.sampled_from(WISHES), crash=CRASH)
    def asks_for_a_kit(self, who: str, wish: str, crash: str) -> None:
        texts = self.world.phones.texts[who]
        said: str | None = wish
        for _ in range(10):
            before = len(texts)
            if said is None:
                return
            self.world.say(who, said, crash=crash)
            if REF.search("\n".join(texts[before:])):
                return
            answers = [requester_says(text, self.world.chance()) for text in texts[before:]]
            said = next((answer for answer in reversed(answers) if answer), None)

    @rule(who=ANYBODY, text=st.sampled_from(REQUESTER_WORDS.split(" ")), crash=CRASH)
    def says(self, who: str, text: str, crash: str) -> None:
        self.world.say(who, text, crash=crash)

    @rule(who=st.sampled_from(PEERS), word=some("ACCEPT ACCEPT DECLINE YES"), back=BACK, crash=CRASH)
    def answers_an_offer(self, who: str, word: str, back: int, crash: str) -> None:
        code = self.seen(who, r"ACCEPT (\d+)", back)
        self.world.say(who, f"{word} {code}", crash=crash)

    @rule(
        who=st.sampled_from(PEERS),
        word=some("ONWAY HERE ISSUED ISSUED ISSUED CANT HANDOVER"),
        back=BACK,
        crash=CRASH,
    )
    def is_on_a_meeting(self, who: str, word: str, back: int, crash: str) -> None:
        self.world.say(who, f"{word} {self.seen(who, 'Thank you, (....) is', back)}", crash=crash)

    @rule(
        who=st.sampled_from(PEERS),
        word=some("ACCEPT ISSUED OFF ON UNDO OK SAFE SOS PAUSE STOCK 1 STOP START ISSUED_1_me_dn35"),
        crash=CRASH,
    )
    def peer_says(self, who: str, word: str, crash: str) -> None:
        self.world.say(who, word.replace("_", " "), crash=crash)

    @rule(who=st.sampled_from(PEERS))
    def gets_kits(self, who: str) -> None:
        self.world.say(who, "STOCK ADD 2 nasal N2402 06/2028")

    @rule(shop=st.sampled_from(SHOPS), who=ANYBODY, back=BACK, crash=CRASH)
    def collects(self, shop: str, who: str, back: int, crash: str) -> None:
        code = self.seen(who, r"\b[A-Z0-9]{3}-[A-Z0-9]{3}\b", back)
        self.world.say(shop, f"ISSUED {code}", crash=crash)

    @rule(shop=st.sampled_from(SHOPS), word=some("NONE STOCK"))
    def shop_says(self, shop: str, word: str) -> None:
        self.world.say(shop, word)

    @rule(
        who=st.sampled_from(STAFF),
        word=some("TAKE ASSIGN DONE SHOW"),
        whose=ANYBODY,
        peer=some("Sam Jo Lee Ash"),
        outcome=some("1 2 3 MENU"),
        crash=CRASH,
    )
    def coordinates(
        self, who: str, word: str, whose: str, peer: str, outcome: str, crash: str
    ) -> None:
        ref = self.seen(whose, r"(?:request is|request|for) ([A-Z0-9]{4})\b", 0)
        self.world.say(who, f"{word} {ref} {peer}" if word == "ASSIGN" else f"{word} {ref}")
        if word != "SHOW":
            self.world.say(who, self.seen(who, r"reply (\d{4})\b", 0), crash=crash)
        if word == "DONE":
            self.world.say(who, outcome, crash=crash)

    @rule(minutes=st.sampled_from(WAITS), crash=CRASH)
    def time_passes(self, minutes: float, crash: str) -> None:
        self.world.wait(timedelta(minutes=minutes), crash)

    @rule(minutes=st.sampled_from(WAITS), crash=CRASH)
    def time_passes_step_by_step(self, minutes: float, crash: str) -> None:
        for _ in range(4):
            self.world.wait(timedelta(minutes=minutes / 4), crash)

    @rule()
    def the_last_message_comes_again(self) -> None:
        if self.world.last:
            before = sum(map(len, self.world.phones.texts.values()))
            self.world.deliver(self.world.last)
            assert sum(map(len, self.world.phones.texts.values())) == before

    @rule(stops=st.booleans())
    def the_next_send_fails(self, stops: bool) -> None:
        self.world.phones.refuse = SendError("30003", retryable=not stops, stops=stops)

    @invariant()
    def holds(self) -> None:
        if hasattr(self, "world"):
            assert not broken(self.world.database)

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.world.close()


def tell(stories: int, steps: int, *, again_the_same: bool) -> None:
    run_state_machine_as_test(
        Story,
        settings=settings(
            max_examples=stories,
            stateful_step_count=steps,
            derandomize=again_the_same,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_stories() -> None:
    tell(60, 40, again_the_same=True)


@pytest.mark.slow
def test_many_stories() -> None:
    tell(600, 60, again_the_same=False)
