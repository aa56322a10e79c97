"""Long random stories: whatever people text, whenever, and wherever the program dies, every open
request keeps one owner and one timer, and stock is never promised or handed out twice."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
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
WISHES = (
    "kit for me near dn31 3eq",
    "spray for me near DN35",
    "injection for me near dn33",
    "kit for my mate near DN37",
    "KIT",
)
ANYTHING = (
    *"STOP START CANCEL YES NO STATUS BACK MENU 1 2 NEXT USED LOST TALK KIT DELETE".split(),
    *"ACCEPT DECLINE ISSUED OFF ON UNDO OK SAFE SOS PAUSE STOCK NONE".split(),
    *("he's not breathing", "help is here", "running late", "they never came", "got it"),
    *("ISSUED 1 me dn35", "STOCK ADD 2 nasal N2402 06/2028", "REQUESTS", "8888"),
)
BATCHES = ("N2402", "N2403", "N2405", "P2311", "P2312")
STOCK = (
    "STOCK ADD {n} {kind} {batch} 06/2028",
    "STOCK COUNT {n} {batch}",
    "STOCK LOST {n} {batch}",
    "STOCK EXPIRED {n} {batch}",
    "STOCK RECALLED {n} {batch}",
    "STOCK RETURNED {n} {kind} {batch} 06/2028",
    "STOCK GIVE {n} {batch} Jo",
    "STOCK GIVE {n} {batch} Sam",
    "STOCK RIGHT",
    "UNDO",
)
WAITS = (0.5, 0.5, 4, 4, 11, 31, 70, 24 * 60, 3 * 24 * 60)
ANYBODY = st.sampled_from(REQUESTERS + PEERS)
CRASH = st.sampled_from(("", "", "", "", "", "stored", "turn", "sent"))
NTH = st.integers(0, 7)


def some(words: str) -> st.SearchStrategy[str]:
    return st.sampled_from(words.split())


def while_open(kind: str) -> Any:
    """Only when somebody could act on such a thing."""
    return precondition(lambda story: getattr(story.world.open, kind))


class Story(RuleBasedStateMachine):
    """Three requesters, four peers, two pharmacies, two coordinators, one clock."""

    @initialize(
        wave_size=st.sampled_from((1, 2)),
        wishes=st.tuples(*[st.sampled_from(WISHES)] * 2),
        accepted=st.booleans(),
    )
    def start(self, wave_size: int, wishes: tuple[str, ...], accepted: bool) -> None:
        self.world = World(wave_size)
        for who, wish in zip(REQUESTERS, wishes, strict=False):
            self.asks_for_a_kit(who, wish, "")
        self.world.look()
        if accepted:
            self.all_goes_well(0, "")

    def nth(self, kind: str, n: int) -> tuple[str, str]:
        """Whose turn it is, and the code they would type."""
        found = getattr(self.world.open, kind)
        number, code = found[n % len(found)]
        return number, code

    @rule(who=ANYBODY, wish=st.sampled_from(WISHES), crash=CRASH)
    def asks_for_a_kit(self, who: str, wish: str, crash: str) -> None:
        texts = self.world.phones.texts[who]
        said: str | None = wish
        for _ in range(10):
            before = len(texts)
            if said is None:
                return
            self.world.say(who, said, crash=crash)
            crash = ""
            if REF.search("\n".join(texts[before:])):
                return
            answers = [requester_says(text, self.world.chance()) for text in texts[before:]]
            said = next((answer for answer in reversed(answers) if answer), None)

    @rule(who=st.one_of(ANYBODY, st.sampled_from(SHOPS + STAFF)), n=NTH, crash=CRASH)
    def says_anything(self, who: str, n: int, crash: str) -> None:
        text = ANYTHING[(n * 7 + self.world.sent) % len(ANYTHING)]
        self.world.say(who, text, crash=crash)

    @while_open("offers")
    @rule(n=NTH, word=some("ACCEPT ACCEPT ACCEPT YES DECLINE OFF STOP"), crash=CRASH)
    def answers_an_offer(self, n: int, word: str, crash: str) -> None:
        who, code = self.nth("offers", n)
        self.world.say(who, word if word in ("OFF", "STOP") else f"{word} {code}", crash=crash)

    @while_open("meetings")
    @rule(n=NTH, word=some("ONWAY HERE ISSUED CANT CANT HANDOVER PAUSE STOP OK SOS"), crash=CRASH)
    def meets(self, n: int, word: str, crash: str) -> None:
        who, ref = self.nth("meetings", n)
        self.world.say(who, f"{word} {ref}" if word[0] in "ICH" else word, crash=crash)

    @while_open("claims")
    @rule(n=NTH, crash=CRASH)
    def collects(self, n: int, crash: str) -> None:
        shop, code = self.nth("claims", n)
        self.world.say(shop, f"ISSUED {code}", crash=crash)

    @while_open("codes")
    @rule(n=NTH, shop=st.sampled_from(SHOPS), crash=CRASH)
    def types_a_code(self, n: int, shop: str, crash: str) -> None:
        """Any shop, any code: its own or another's, used, over, or still good."""
        _, code = self.nth("codes", n)
        self.world.say(shop, f"ISSUED {code}", crash=crash)

    @rule(
        who=st.sampled_from(PEERS + SHOPS),
        word=st.sampled_from(STOCK),
        batch=st.sampled_from(BATCHES),
        kits=st.integers(0, 3),
        crash=CRASH,
    )
    def keeps_stock(self, who: str, word: str, batch: str, kits: int, crash: str) -> None:
        said = word.format(n=kits, batch=batch, kind="nasal" if batch[0] == "N" else "injectable")
        self.world.say(who, said, crash=crash)

    @rule(batch=st.sampled_from(BATCHES))
    def a_batch_is_recalled_or_cleared(self, batch: str) -> None:
        self.world.recall("nasal" if batch[0] == "N" else "injectable", batch)

    @while_open("meetings")
    @rule(n=NTH, to=some("Sam Jo Lee Ash"), yes=st.booleans(), crash=CRASH)
    def hands_it_to(self, n: int, to: str, yes: bool, crash: str) -> None:
        """A meeting is passed to a peer by name, who takes it or does not."""
        who, _ = self.nth("meetings", n)
        self.world.say(who, f"HANDOVER {to}", crash=crash)
        self.world.look()
        if yes and self.world.open.offers:
            asked, code = self.world.open.offers[-1]
            self.world.say(asked, f"ACCEPT {code}")

    @rule(n=NTH, crash=CRASH)
    def all_goes_well(self, n: int, crash: str) -> None:
        """The next thing that brings a kit nearer to somebody."""
        opened = self.world.open
        good = [(who, f"ACCEPT {code}") for who, code in opened.offers]
        good += [(who, f"ISSUED {code}") for who, code in opened.meetings + opened.claims]
        if good:
            self.world.say(*good[n % len(good)], crash=crash)
        else:
            self.asks_for_a_kit(REQUESTERS[n % 3], WISHES[n % 5], crash)

    @while_open("requests")
    @rule(
        n=NTH, words=some("STATUS CANCEL,YES CANCEL,NO STOP hes_not_breathing YES NO"), crash=CRASH
    )
    def thinks_again(self, n: int, words: str, crash: str) -> None:
        who, _ = self.nth("requests", n)
        for word in words.split(","):
            self.world.say(who, word.replace("_", " "), crash=crash)

    @while_open("supplies")
    @rule(n=NTH, word=some("YES NO UNDO"), crash=CRASH)
    def looks_back(self, n: int, word: str, crash: str) -> None:
        who, _ = self.nth("supplies", n)
        self.world.say(PEERS[n % len(PEERS)] if word == "UNDO" else who, word, crash=crash)

    @while_open("requests")
    @rule(
        n=NTH,
        who=st.sampled_from(STAFF),
        word=some("TAKE ASSIGN ASSIGN DONE"),
        peer=some("Sam Jo Lee Ash"),
        outcome=some("1 2 3"),
        crash=CRASH,
    )
    def coordinates(self, n: int, who: str, word: str, peer: str, outcome: str, crash: str) -> None:
        _, ref = self.nth("requests", n)
        self.world.say(who, f"{word} {ref} {peer}" if word == "ASSIGN" else f"{word} {ref}")
        asked = re.findall(r"reply (\d{4})\b", "\n".join(self.world.phones.texts[who][-2:]))
        for code in asked[-1:]:
            self.world.say(who, code, crash=crash)
            if word == "DONE":
                self.world.say(who, outcome, crash=crash)

    @rule(minutes=st.sampled_from(WAITS), steps=st.sampled_from((1, 1, 4)), crash=CRASH)
    def time_passes(self, minutes: float, steps: int, crash: str) -> None:
        for _ in range(steps):
            self.world.wait(timedelta(minutes=minutes / steps), crash)

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
            self.world.look()

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
    tell(30, 40, again_the_same=True)


@pytest.mark.slow
def test_many_stories() -> None:
    tell(600, 60, again_the_same=False)
