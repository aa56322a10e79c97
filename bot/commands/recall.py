"""recall BATCH · recall list · recall show · recall end."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import typer

from bot.bootstrap import App
from bot.channels.sms import draw_sms
from bot.commands import recall_unreached
from bot.commands.csv_files import read_lines, with_heads
from bot.commands.group import OneLineGroup
from bot.commands.output import plural, table, when
from bot.commands.reading import read_batch, read_product
from bot.commands.session import change, look, service_named, services_named
from bot.commands.shared import UserError, failing
from bot.commands.stock import holders_of
from content import library
from content.segments import segment_count
from db.models import Address, Button, Contact, Fact, OutboundMessage, Recall, RecallNotice, Service
from db.work import Work
from handlers import recalled
from handlers import recalls as acts
from handlers.engine.turn import Scene
from handlers.flags import team_name
from handlers.services import recalls
from handlers.services.recalls import Standing
from handlers.services.supplies import lines_of

_service = typer.Option("", "--service", help="Which service.")
ADVICE_MOST = 160


class BatchOrWord(OneLineGroup):
    """`recall N2402` starts one; `recall list`, `show` and `end` are words of their own."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        """What is no word of ours is a batch."""
        if args and args[0] not in (*self.commands, "--help"):
            args = ["start", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(cls=BatchOrWord, help="A fault in a batch.", no_args_is_help=True)


@dataclass(frozen=True)
class Wanted:
    """What a recall is to be."""

    batches: tuple[str, ...]
    product: str
    action: str
    advice: dict[str, str]
    source: str


@app.command("start")
@failing
def start(
    batches: list[str] = typer.Argument(None, help="The batches on the boxes."),
    file: Path = typer.Option(None, "--file", help="A CSV file with a column batch."),
    product: str = typer.Option("", help="nasal, injectable or a product; else as our log says."),
    action: str = typer.Option("check", help="check (look at it) or replace (hand it in)."),
    advice: list[str] = typer.Option(
        [], help='What to look for, in short, quiet words; again for other languages: "pl=...".'
    ),
    source: str = typer.Option("", help="Who says so, like NatPSA/2022/009/MHRA."),
    service: str = _service,
    yes: bool = typer.Option(False, "--yes", help="Start it. Without, only show what it would do."),
) -> None:
    """Freeze batches in every stock and tell whoever has one. Shows only, unless --yes."""
    named = _named(batches or [], file)
    if action not in ("check", "replace"):
        raise typer.BadParameter(f"{action} is neither check nor replace")
    told = read_advice(advice)

    async def act(app: App, work: Work) -> list[str]:
        home = await service_named(work, service)
        wanted = Wanted(named, product, action, told, source)
        recall, said = await start_recall(app, work, home, wanted)
        shown = recall if yes else replace(recall, ref="")  # no ref before there is a recall
        return [*said, *await _report(work, shown, home)]

    for line in (change if yes else look)(act):
        typer.echo(line)
    if not yes:
        typer.echo("Nothing was done. Add --yes to start it.")


def _named(batches: list[str], file: Path | None) -> tuple[str, ...]:
    """Every batch given, on the command line or in the file."""
    typed = [part for one in batches for part in one.split(",")]
    if file:
        typed += [r.need("batch") for r in with_heads(read_lines(file), ["batch"], [], file.name)]
    try:
        found = [read_batch(one) for one in typed if one.strip()]
    except ValueError as wrong:
        raise typer.BadParameter(str(wrong)) from None
    if not found:
        raise typer.BadParameter("say which batches: kitline recall N2402, or --file")
    return tuple(dict.fromkeys(found))


def read_advice(given: list[str]) -> dict[str, str]:
    """Language → advice: "Look at the cap." is English, "pl=Obejrzyj..." Polish."""
    found: dict[str, str] = {}
    for one in given:
        code, equals, words = one.partition("=")
        if not equals or code not in library.locales():
            code, words = library.DEFAULT, one
        if len(words) > ADVICE_MOST:
            raise typer.BadParameter(f"the advice is longer than {ADVICE_MOST} characters")
        found[code] = words.strip()
    if found and library.DEFAULT not in found:
        raise typer.BadParameter("give the advice in English too: most people read that")
    return found


async def start_recall(
    app: App, work: Work, home: Service, wanted: Wanted
) -> tuple[Recall, list[str]]:
    """Start it, and say what it does and costs."""
    product = wanted.product
    if product:
        try:
            product = read_product(product, home)
        except ValueError as wrong:
            raise typer.BadParameter(str(wrong)) from None
    else:
        product = await _product_of(work, home, wanted.batches)
    for running in await recalls.open_recalls(work, home.id):
        if again := set(running.batches) & set(wanted.batches):
            raise UserError(f"{', '.join(sorted(again))}: recall {running.ref} is open already")
    scene = Scene(work, app.engine.world)
    recall = await acts.start(
        scene,
        home,
        product,
        wanted.batches,
        action=wanted.action,
        advice=wanted.advice,
        source=wanted.source,
    )
    scene.close()
    facts = Counter(fact.fact for fact in work.added(Fact))
    moved, passed = facts["PromiseMoved"], facts["PromiseRecalled"]
    said = await _in_stock(work, recall, home)
    if moved or passed:
        said.append(f"Promised: {moved} get another batch, {passed} go on to somebody else")
    return recall, [*said, *await _foreseen(work, recall, home)]


async def _product_of(work: Work, home: Service, batches: tuple[str, ...]) -> str:
    """What our stock and our log say these batches are."""
    known = {kit.product for kit in await recalls.known_kits(work, home, batches)}
    if len(known) == 1:
        return known.pop()
    what = f"are {' and '.join(sorted(known))}" if known else "stand nowhere in our log"
    raise UserError(f"these batches {what}: say which with --product")


async def _in_stock(work: Work, recall: Recall, home: Service) -> list[str]:
    """Whose stock is frozen: what a peer, a shop or the store has of these batches."""
    said = []
    for holder, name in await holders_of(work, home):
        kits = [
            f"{line.quantity} x {line.batch}"
            for line in await lines_of(work, holder)
            if line.quantity and recalls.concerns(recall, home, line.product, line.batch)
        ]
        if kits:
            said.append(f"Frozen: {name}: {', '.join(kits)}")
    return said


async def _foreseen(work: Work, recall: Recall, home: Service) -> list[str]:
    """Who will be told, by channel, and what that costs at most."""
    notices = await work.find(RecallNotice, recall_id=recall.id, status="waiting")
    by_channel: Counter[str] = Counter()
    for contact_id in dict.fromkeys(n.contact_id for n in notices):
        contact = await work.need(Contact, contact_id)
        by_channel[(await work.need(Address, contact.address_id)).channel] += 1
    text = _text(recall, home)
    segments = sum(map(segment_count, draw_sms(text)))
    cost = by_channel["sms"] * segments
    told = ", ".join(f"{n} by {channel}" for channel, n in sorted(by_channel.items())) or "nobody"
    return [
        f"People told: {told}. SMS: {plural(segments, 'segment')} each, {cost} in all.",
        f'They read: "{text.text}"',
    ]


def _text(recall: Recall, home: Service) -> OutboundMessage:
    labels = [library.option("en", "recalled.ask", n).label for n in recalled.ANSWERS[:-1]]
    return OutboundMessage(
        text=library.text(
            "en",
            "recalled.ask",
            "sms",
            team=library.said("en", team_name(home)),
            batch=recall.batches[0],
            action=recall.action,
            advice=recalls.advice_in(recall, "en"),
        ),
        buttons=tuple(Button(label, "") for label in labels),
        style="numbers",
    )


async def _report(work: Work, recall: Recall, home: Service) -> list[str]:
    """Where it stands, line by line; the kits out are the sum of the lines under them."""
    return report(recall, await recalls.standing(work, recall, home))


def report(recall: Recall, stands: Standing) -> list[str]:
    """A recall's figures as the command line prints them."""
    answers = stands.answers
    n = len(recall.batches)
    batches = f"{n} batch{'es' * (n > 1)}"
    lines = [
        f"Recall {recall.ref}: {recall.product}, {batches}, "
        f"{recall.action}, {recall.status} since {when(recall.started_at)}"
        if recall.ref
        else f"It would be: {recall.product}, {batches}, {recall.action}",
        f"  kits out              {stands.out}",
        f"    reached             {stands.reached}",
        f"    being told          {stands.waiting}",
        f"    not reached         {stands.not_reached}",
        f"    opted out           {stands.opted_out}",
        f"    used, lost, swapped {stands.gone}",
        f"    no name             {stands.anonymous}",
        f"  answered fine         {answers.get('fine', 0)}",
        f"  answered faulty       {answers.get('faulty', 0)}",
        f"  no longer have it     {answers.get('gone', 0)}",
        f"  new kit handed over   {stands.replaced}",
        f"  frozen in stocks      {sum(stands.stock.values())}"
        + "".join(f", {kind} {n}" for kind, n in sorted(stands.stock.items())),
        f"  handed in             {stands.handed_in}",
    ]
    if stands.extra:
        lines.append(f"  {stands.extra} more were told us of than our log says went out")
    return lines


@app.command("list")
@failing
def list_(service: str = _service) -> None:
    """Every recall, the newest first."""

    async def act(app: App, work: Work) -> list[tuple[object, ...]]:
        rows: list[tuple[object, ...]] = []
        for home in await services_named(work, service):
            for one in reversed(await work.find(Recall, service_id=home.id)):
                batches = ", ".join(one.batches[:3]) + (" ..." if len(one.batches) > 3 else "")
                begun = when(one.started_at)
                rows.append((one.ref, home.slug, begun, one.status, one.product, batches))
        return rows

    heads = ("REF", "SERVICE", "STARTED", "STATUS", "PRODUCT", "BATCHES")
    table(heads, look(act), "No recall yet.")


@app.command("show")
@failing
def show(
    ref: str = typer.Argument(help="The recall's reference."),
    unreached: bool = typer.Option(
        False, "--unreached", help="A list to print: the kits nobody could be told of."
    ),
    service: str = _service,
) -> None:
    """How far a recall has come."""

    async def act(app: App, work: Work) -> list[str]:
        recall = await _recall(work, ref, service)
        home = await work.need(Service, recall.service_id)
        return [*await _report(work, recall, home), f"  batches: {', '.join(recall.batches)}"]

    async def listed(app: App, work: Work) -> list[tuple[object, ...]]:
        recall = await _recall(work, ref, service)
        home = await work.need(Service, recall.service_id)
        return await recall_unreached.rows(work, recall, home)

    if unreached:
        table(recall_unreached.HEADS, look(listed), "Everybody was told.")
        return
    for line in look(act):
        typer.echo(line)


@app.command("end")
@failing
def end(
    ref: str = typer.Argument(help="The recall's reference."),
    service: str = _service,
    yes: bool = typer.Option(False, "--yes", help="End it. Without, only show what it would do."),
) -> None:
    """End it: what is left in stocks may be given out again. Shows only, unless --yes."""

    async def act(app: App, work: Work) -> list[str]:
        recall = await _recall(work, ref, service)
        if recall.status != "open":
            raise UserError(f"recall {recall.ref} has ended already")
        home = await work.need(Service, recall.service_id)
        stands = await recalls.standing(work, recall, home)
        acts.end(Scene(work, app.engine.world), recall)
        batches = ", ".join(recall.batches)
        left = plural(sum(stands.stock.values()), "kit")
        return [
            f"Recall {recall.ref} ({batches}): {left} in stocks may be given out again, "
            f"{stands.handed_in} handed in, {stands.not_reached} not reached.",
            *([f"Recall {recall.ref} has ended."] if yes else []),
        ]

    for line in (change if yes else look)(act):
        typer.echo(line)
    if not yes:
        typer.echo("Nothing was done. Add --yes to end it.")


async def _recall(work: Work, ref: str, service: str = "") -> Recall:
    homes = {home.id for home in await services_named(work, service)}
    for one in await work.find(Recall, ref=ref.strip().upper()):
        if one.service_id in homes:
            return one
    raise UserError(f"there is no recall {ref}. See: kitline recall list")
