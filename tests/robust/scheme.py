"""A local scheme, set up with the command line and lived by text message, day after day.

Everybody only ever texts; what the scheme says of itself afterwards is compared with what its
people were told on the way, which is counted here apart from the database.
"""

from __future__ import annotations

import csv
import random
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from bot import sample
from tests.bot.cli import Cli
from tests.harness import seed_rounds
from tests.robust.people import requester_says
from tests.robust.world import World

NUMBERS = "+447700900{:03d}"
_OFFER = re.compile(r"ACCEPT (\d+) or DECLINE")
_REF = re.compile(r"Your request is (\w{4})")
_LOGGED = re.compile(r"(?:Logged|Issued): (\d+) x ")
_HAVE = re.compile(r"(\d+) x ")


@dataclass(frozen=True)
class Place:
    """Somebody, or some shop, and where: a district and a postcode in it."""

    name: str
    number: str
    postcode: str

    @property
    def district(self) -> str:
        return self.postcode.split()[0]


@dataclass
class Scheme:
    """A service with its peers and outlets. ``issued``: what each was told is logged, by number."""

    world: World
    peers: tuple[Place, ...]
    outlets: tuple[Place, ...]
    chance: random.Random
    issued: Counter[str] = field(default_factory=Counter)
    trained: Counter[str] = field(default_factory=Counter)
    received: Counter[str] = field(default_factory=Counter)
    requesters: int = 0

    # --- talking -------------------------------------------------------------------------------

    def say(self, number: str, text: str) -> list[str]:
        """A text comes in; what that number then reads."""
        texts = self.world.phones.texts[number]
        before = len(texts)
        self.world.say(number, text)
        return texts[before:]

    def hands_out(self, peer: Place, kits: int) -> None:
        """A kit, or a few, given in the street, and somebody shown what to do."""
        who = self.chance.choice(("me", "friend", "friend"))
        where = self.chance.choice(self.peers).district
        heard = self._says_issued(peer, kits, f"{who} {where}")
        self._logged(peer, kits, heard)
        self._shown(peer, heard)

    def _says_issued(self, peer: Place, kits: int, rest: str) -> list[str]:
        """One line; with several batches in the bag, which one it was is asked."""
        heard = self.say(peer.number, f"ISSUED {kits} {rest}")
        if any("Which batch" in text for text in heard):
            heard = self.say(peer.number, "1")
        return heard

    def _logged(self, by: Place, kits: int, heard: list[str]) -> None:
        said = _LOGGED.search("\n".join(heard))
        assert said, heard
        assert int(said.group(1)) == kits, heard
        self.issued[by.number] += kits

    def _shown(self, peer: Place, heard: list[str]) -> None:
        assert any("Did you show them" in text for text in heard), heard
        self.say(peer.number, "1")
        self.trained[peer.number] += 1

    def takes_it_back(self, peer: Place, kits: int) -> None:
        """A slip of the thumb, logged and undone."""
        self._logged(peer, kits, self._says_issued(peer, kits, f"friend {peer.district}"))
        heard = self.say(peer.number, "UNDO")
        assert any("ndone" in text for text in heard), heard
        self.issued[peer.number] -= kits

    def somebody_asks(self, near: Place) -> int:
        """A new requester asks, a peer meets them; returns how many kits came of it (0 or 1)."""
        self.requesters += 1
        number = NUMBERS.format(99 + self.requesters)
        self._asks(number, near)
        return self._peers_go(number)

    def _asks(self, number: str, near: Place) -> None:
        heard = self.say(number, "KIT")
        for _ in range(14):
            if _REF.search("\n".join(heard)):
                return
            answers = (
                near.postcode if "Where are you?" in text else self._requester(number, text)
                for text in reversed(heard)
            )
            answer = next((answer for answer in answers if answer), None)
            assert answer, heard
            heard = self.say(number, answer)
        raise AssertionError(heard)

    def _requester(self, number: str, text: str) -> str | None:
        if "How would you like to get it" in text:
            return "1"
        return requester_says(text, self.chance)

    def _peers_go(self, number: str) -> int:
        """Whoever is asked accepts and hands over, until the requester has it or nobody can."""
        for peer in self.peers:
            offer = _OFFER.search("\n".join(self.world.phones.texts[peer.number][-3:]))
            if not offer:
                continue
            heard = "\n".join(self.say(peer.number, f"ACCEPT {offer.group(1)}"))
            yours = re.search(r"Thank you, (\w{4}) is yours", heard)
            if not yours:
                continue
            self.world.wait(timedelta(minutes=12))
            self.say(peer.number, "HERE")
            told = self.say(peer.number, f"ISSUED {yours.group(1)}")
            self._logged(peer, 1, told)
            self._shown(peer, told)
            self._agrees(number)
            return 1
        return 0

    def _agrees(self, number: str) -> None:
        """The requester says that it arrived, and answers what is asked then."""
        heard = self.world.phones.texts[number][-3:]
        for _ in range(8):
            answers = (self._requester(number, text) for text in reversed(heard))
            answer = next((answer for answer in answers if answer), None)
            if not answer:
                return
            heard = self.say(number, answer)

    def reports_use(self, number: str) -> None:
        """USED: nobody is unwell, they came round, one dose, an ambulance; the rest is skipped."""
        heard = self.say(number, "USED")
        if any("Did you text" in text for text in heard):  # half a year since: is it still them?
            heard = self.say(number, "1")
        for answer in ("NO", "1", "1", "YES", "SKIP", "SKIP", "SKIP", "SKIP", "NO", "NO", "NO"):
            if not any("?" in text or "SKIP" in text for text in heard):
                return
            heard = self.say(number, answer)

    def restocks(self, peer: Place, kits: int, batch: str) -> None:
        """New kits from the store, noted by the peer."""
        heard = self.say(peer.number, f"STOCK ADD {kits} nasal {batch} 06/2029")
        assert any(batch in text for text in heard), heard
        self.received[peer.number] += kits

    def has(self, holder: Place) -> int:
        """How many kits STOCK says somebody has."""
        lines = "\n".join(self.say(holder.number, "STOCK"))
        return sum(int(n) for n in _HAVE.findall(lines))

    def shop_gives(self, outlet: Place, kits: int, who: str) -> None:
        """A walk-in: no code, one line."""
        heard = self.say(outlet.number, f"ISSUED {kits} {who} {outlet.district}")
        self._logged(outlet, kits, heard)


def founded(
    cli: Cli,
    *,
    districts: str,
    peers: tuple[Place, ...],
    outlets: dict[Place, str],
    kits: int,
    rules: tuple[str, ...] = (),
) -> Scheme:
    """Set a scheme up as a coordinator would, with commands. ``outlets``: place → kind."""
    line = sample.LINES["grimsby"]
    more = [part for rule in rules for part in ("--rule", rule)]
    cli("services", "add", "local", "--name", "Local Kits (invented)", "--districts", districts,
        "--number", line, *more)  # fmt: skip
    cli("staff", "add", "Robin", "--phone", NUMBERS.format(51), "--role", "coordinator",
        "--order", "1")  # fmt: skip
    heads = ("name", "phone", "place", "radius_miles", "trained_until", "limit", "products")
    rows = [
        (p.name, p.number, p.postcode, "12", "2028-12-31", "20", f"{kits} nasal N2402 06/2029")
        for p in peers
    ]
    cli("peers", "import", _file(cli, "peers.csv", heads, rows))
    shop_heads = ("name", "address", "postcode", "hours", "texts_from", "kind", "products")
    shops = [
        (o.name, "1 Sample Street", o.postcode, "Mo-Sa 09:00-18:00", o.number, kind,
         "20 nasal N2403 06/2029")
        for o, kind in outlets.items()
    ]  # fmt: skip
    cli("pharmacies", "import", _file(cli, "outlets.csv", shop_heads, shops))
    world = World(start=cli.database)
    world.run(seed_rounds(world.app))
    scheme = Scheme(world, peers, tuple(outlets), random.Random(49))
    scheme.received.update({p.number: kits for p in peers} | {o.number: 20 for o in outlets})
    for peer in peers:
        scheme.say(peer.number, "ON")
    return scheme


def _file(cli: Cli, name: str, heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> Path:
    path = cli.folder / name
    with path.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(heads)
        writer.writerows(rows)
    return path
