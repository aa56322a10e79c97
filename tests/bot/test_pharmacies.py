"""An outlet's link, phones, standing and list, from the command line."""

from __future__ import annotations

from dataclasses import replace

from bot.bootstrap import App
from db.models import Contact, Fact, Outlet, Refusal, Supply
from db.work import Work
from handlers.services.supplies import To, issue, outlet_holder, pick
from tests.bot.cli import Cli

MARSH = "marsh"


def outlet(kitline: Cli) -> Outlet:
    found: Outlet = kitline.rows(Outlet)[0]
    return found


def test_a_link_stays_until_a_new_one_is_made(sampled: Cli) -> None:
    first = sampled("pharmacies", "link", MARSH, "--service", "grimsby").out
    assert first == sampled("pharmacies", "link", MARSH, "--service", "grimsby").out
    assert f"/c/{outlet(sampled).id}-" in first
    new = sampled("pharmacies", "link", MARSH, "--service", "grimsby", "--new").out
    assert new != first
    assert "no outlet is called Tesco" in sampled.fails(
        "pharmacies", "link", "Tesco", "--service", "grimsby"
    )


def test_phones_are_added_and_removed(sampled: Cli) -> None:
    of_marsh = ("pharmacies", "phones", MARSH, "--service", "grimsby")
    assert sampled(*of_marsh).out.split() == ["+447700900021"]
    more = sampled(*of_marsh, "--add", "07700 900023", "--add", "tg:900024").out
    assert more.split() == ["+447700900021", "+447700900023", "tg:900024"]
    assert sampled(*of_marsh, "--remove", "07700900021").out.split() == more.split()[1:]
    assert "does not speak for" in sampled.fails(*of_marsh, "--remove", "07700900021")
    assert "speaks for another outlet" in sampled.fails(*of_marsh, "--add", "07700900022")
    assert "not a UK mobile" in sampled.fails(*of_marsh, "--add", "01472 000000")
    assert len(sampled.rows(Contact, outlet_id=outlet(sampled).id)) == 2


def test_trust_sends_people_there_again_and_forgives(sampled: Cli) -> None:
    async def doubted(app: App, work: Work) -> None:
        shop = await work.need(Outlet, outlet_id)
        work.save(replace(shop, status="doubted"))
        work.save(Refusal(work.new_id(), shop.service_id, shop.id, "refused", work.now))

    outlet_id = outlet(sampled).id
    sampled.change(doubted)
    sampled("pharmacies", "trust", MARSH, "--service", "grimsby")
    assert outlet(sampled).status == "active"
    assert outlet(sampled).trusted_at is not None
    assert [f.data for f in sampled.rows(Fact, fact="OutletTrusted")] == [{"outlet": outlet_id}]


def test_the_export_is_what_was_given_out(sampled: Cli) -> None:
    async def give(app: App, work: Work) -> None:
        shop = await work.need(Outlet, outlet_id)
        line = await pick(work, outlet_holder(shop), "nasal", 1)
        await issue(work, outlet_holder(shop), line, 1, To("self", "DN32", "lost", "yes"))

    outlet_id = outlet(sampled).id
    sampled.change(give)
    (supply,) = sampled.rows(Supply)
    said = sampled("pharmacies", "export", "--service", "grimsby").out.splitlines()
    assert said[0].split(",")[:3] == ["date", "time", "outlet"]
    assert said[1].split(",")[4:] == [
        *("nasal", "N2403", supply.expiry.isoformat(), "1", "self", "lost", "yes", "DN32", "", "")
    ]
    early = ("--from", "2020-01-01", "--to", "31/01/2020")
    assert len(sampled("pharmacies", "export", "--service", "grimsby", *early).out.split()) == 1
    file = sampled.folder / "out.csv"
    sampled("pharmacies", "export", "--service", "grimsby", "--outlet", MARSH, "--file", file)
    assert file.read_text("utf-8").splitlines() == said
