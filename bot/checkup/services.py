"""Each service: staff on call, peers on duty, outlets with hours and kits."""

from __future__ import annotations

from datetime import timedelta

from bot.bootstrap import App
from bot.checkup.finding import Finding, fail, ok, warn
from bot.commands.people import can_be_written_to, line_of
from bot.commands.stock import holders_of, option_of
from db.models import Contact, LocalHelp, Outlet, Peer, Service, Staff
from db.stock import is_stale, stock_of
from db.work import Work
from handlers.services import cover
from handlers.services.contacts import all_services
from handlers.services.dispatch import available, by_holder, on_duty
from handlers.services.hours import are_old, check_hours
from handlers.services.local_help import phone_of
from handlers.services.oncall_rota import is_on_duty
from handlers.services.recalls import open_recalls
from handlers.services.rules import is_night, rules_of, uk_day
from handlers.services.standing import run_out
from handlers.services.supplies import lines_of, peer_holder
from handlers.stock_lines import in_short, is_low

SOON = timedelta(days=30)


async def services(app: App, work: Work) -> list[Finding]:
    """What every service lacks."""
    found = []
    for home in await all_services(work):
        mine = [
            *_line(app, home),
            *await _staff(work, home),
            *await _peers(work, home),
            *await _outlets(work, home),
            *await _stock(work, home),
            *await _cover(app, work, home),
            *await _local_help(work, home),
            *await _recalls(work, home),
        ]
        found += mine or [ok(f"{home.slug}: staff, peers, outlets and stock")]
    return found or [fail("there is no service", "kitline services add --help")]


def _line(app: App, home: Service) -> list[Finding]:
    if app.settings.has_sms and not line_of(app, home, "sms"):
        do = f"kitline services set {home.slug} --number +44..."
        return [fail(f"{home.slug}: has no number of its own, and TWILIO_FROM is not set", do)]
    return []


async def _staff(work: Work, home: Service) -> list[Finding]:
    active = await work.find(Staff, service_id=home.id, status="active")
    reached = [s for s in active if await _hears(work, s.contact_id)]
    on_list = [s for s in reached if s.call_order > 0]
    add = f"kitline staff add NAME --phone 07... --order 1 --service {home.slug}"
    found = []
    if not on_list:
        found.append(fail(f"{home.slug}: no coordinator on call can be reached", add))
    elif not any(is_on_duty(s, work.now, home.nation) for s in on_list):
        what = f"{home.slug}: nobody is on call just now; requesters read when somebody will be"
        found.append(warn(what, "kitline staff set NAME --hours ..."))
    silent = [s.name for s in active if s.call_order > 0 and s not in reached]
    if on_list and silent:
        what = f"{home.slug}: on call, but cannot be reached: {', '.join(silent)}"
        found.append(warn(what, "Ring them: after STOP only their own START helps."))
    if not any(s.role == "safeguarding" for s in reached):
        do = add.replace("--order 1", "--role safeguarding")
        found.append(warn(f"{home.slug}: nobody is safeguarding lead", do))
    return found


async def _hears(work: Work, contact_id: int | None) -> bool:
    contact = await work.get(Contact, contact_id)
    return contact is not None and not can_be_written_to(contact)


async def _peers(work: Work, home: Service) -> list[Finding]:
    active = await work.find(Peer, service_id=home.id, status="active")
    if not active:
        do = f"kitline peers add NAME --phone 07... --place ... --service {home.slug}"
        return [warn(f"{home.slug}: has no peer", do)]
    found, today = [], uk_day(work.now)
    night = is_night(work.now, rules_of(home))
    able = [p for p in active if await _hears(work, p.contact_id)]
    if not any(on_duty(p, work.now, night, home.nation) for p in able):
        found.append(warn(f"{home.slug}: no peer is on duty just now", "They text ON."))
    for what, said, option in (
        ("training", "training is", "--trained-until"),
        ("check", "checks are", "--checked-until"),
    ):
        if over := [p.name for p in active if run_out(p, today) == what]:
            do = f"They are not asked. Once renewed: kitline peers set NAME {option} DAY"
            found.append(warn(f"{home.slug}: {said} over for {', '.join(over)}", do))
    silent = [p.name for p in active if p not in able]
    if silent:
        what = f"{home.slug}: cannot be reached: {', '.join(silent)}"
        found.append(warn(what, "Ring them: after STOP only their own START helps."))
    return found


async def _outlets(work: Work, home: Service) -> list[Finding]:
    active = await work.find(Outlet, service_id=home.id, status="active")
    if not active:
        do = f"kitline pharmacies import FILE --service {home.slug}"
        return [warn(f"{home.slug}: has no pharmacy or other outlet", do)]
    found = []
    no_hours = [o.name for o in active if not o.hours]
    bad_hours = [o.name for o in active if o.hours and check_hours(o.hours)]
    await work.preload(Contact, "outlet_id", [o.id for o in active])
    phones = {o.id: await work.find(Contact, outlet_id=o.id) for o in active}
    held, today = by_holder(await stock_of(work, home.id)), uk_day(work.now)
    kits = {o.id: available(held["outlet", o.id], today) for o in active}
    frozen = [o.name for o in active if any(n.frozen and n.quantity for n in held["outlet", o.id])]
    no_stock = [o.name for o in active if not kits[o.id] and o.name not in frozen]
    no_way = [o for o in active if not phones[o.id] and not o.counter_key]
    no_phone = [o.name for o in no_way if kits[o.id]]
    old_hours = [o.name for o in active if o.hours and are_old(o, work.now)]
    doubted = [o.name for o in await work.find(Outlet, service_id=home.id, status="doubted")]
    silent = [o.name for o in active if phones[o.id] and all(map(can_be_written_to, phones[o.id]))]
    again = "import the list again with its hours"
    add = f"kitline stock add ... --outlet NAME --service {home.slug}"
    for names, what, do in (
        (no_hours, "hours are not known", again),
        (bad_hours, "hours cannot be read", again),
        (no_stock, "no kit in date", add),
        (frozen, "kits frozen by a recall", "kitline recall list; swap them: kitline stock move"),
        (
            old_hours,
            "hours that nobody has confirmed for half a year",
            "ask them to, on their page",
        ),
        (no_phone, "no phone to text ISSUED from, and no page", "kitline pharmacies link NAME"),
        (silent, "every phone has stopped or is dead", "kitline pharmacies phones NAME --add"),
        (doubted, "turned people away too often", "ring them, then: kitline pharmacies trust NAME"),
    ):
        if names:
            found.append(warn(f"{home.slug}: {what}: {_some(names)}", do))
    return found


async def _cover(app: App, work: Work, home: Service) -> list[Finding]:
    """What the coming hours lack, as the coordinator is told twice a day."""
    found = await cover.gaps(work, home, app.engine.world.gazetteer)
    if not found:
        return []
    what = f"{home.slug}: soon nobody can give: {cover.gap_words('en', found)}"
    return [warn(what, "Ask peers to text ON or ROTA; give kits out: kitline stock add")]


async def _local_help(work: Work, home: Service) -> list[Finding]:
    active = await work.find(LocalHelp, service_id=home.id, status="active")
    old = [one.name for one in active if one.phone and not phone_of(one, uk_day(work.now))]
    if not old:
        return []
    what = f"{home.slug}: numbers nobody has checked lately, so not sent: {_some(old)}"
    return [warn(what, "Ring them; then kitline local-help set NAME --confirmed 2026-11-20")]


async def _recalls(work: Work, home: Service) -> list[Finding]:
    """Recalls in force, so that none is left open when it is over."""
    return [
        warn(
            f"{home.slug}: recall {one.ref} of {one.product} {_some(list(one.batches))} is in force"
            f" since {one.started_at:%Y-%m-%d}",
            f"kitline recall show {one.ref}; when it is over: kitline recall end {one.ref}",
        )
        for one in await open_recalls(work, home.id)
    ]


def _some(names: list[str]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(names[:5]) + more


async def _with_who_left(work: Work, home: Service) -> list[Finding]:
    """Kits that a peer has who is none any more."""
    found = []
    for peer in await work.find(Peer, service_id=home.id, status="left"):
        if kits := in_short(await lines_of(work, peer_holder(peer))):
            name = peer.name or "a peer who left"
            do = f'Once they are back: kitline stock move "{name}" store ...'
            found.append(warn(f"{home.slug}: {name} has left and still has {kits}", do))
    return found


async def _stock(work: Work, home: Service) -> list[Finding]:
    today = uk_day(work.now)
    over, soon, stale, low, free, off = [], [], [], [], 0, ""
    rules = rules_of(home)
    days = rules.stock_stale_days
    for holder, name in await holders_of(work, home):
        lines = await lines_of(work, holder)
        if is_stale(lines, work.now, days):
            stale.append(name)
        if lines and holder.kind == "peer" and is_low(lines, work.now, rules):
            low.append(name)
        for line in lines:
            said = f"{line.quantity} {line.product} {line.batch} ({name})"
            if line.is_over(today):
                over.append(said)
                off = off or (
                    f"kitline stock count {line.batch} 0 {option_of(holder, name)}"
                    f" --expiry {line.expiry} --service {home.slug}"
                )
            else:
                free += line.available
                if line.expiry and line.expiry < today + SOON:
                    soon.append(f"{said[:-1]}, {line.expiry})")
    found = await _with_who_left(work, home)
    if not free:
        do = f"kitline stock add ... --service {home.slug}"
        found.append(warn(f"{home.slug}: has no kit in date anywhere", do))
    if over:
        found.append(warn(f"{home.slug}: out of date: {_some(over)}", f"Off the list: {off}"))
    if soon:
        found.append(warn(f"{home.slug}: out of date within 30 days: {_some(soon)}", "Swap them."))
    if low:
        do = f"kitline stock add ... --peer NAME --service {home.slug}"
        found.append(warn(f"{home.slug}: runs low: {_some(low)}", do))
    if stale:
        what = f"{home.slug}: stock nobody checked for {days} days: {_some(stale)}"
        found.append(warn(what, "They text STOCK RIGHT, or you: kitline stock count"))
    return found
