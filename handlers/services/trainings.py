"""People shown what to do in an overdose: counted, never named. Append-only."""

from __future__ import annotations

from dataclasses import replace

from db.models import Peer, Supply, SupplyFact, Training
from db.work import Work
from handlers.services.reversals import standing


async def note_training(work: Work, supply_id: int, people: int = 1) -> None:
    """People shown what to do together with a supply: one, unless somebody says a number. Once."""
    supply = await work.need(Supply, supply_id)
    if standing(await work.find(Training, supply_id=supply_id)):
        return
    work.save(
        Training(
            id=work.new_id(),
            service_id=supply.service_id,
            by_kind=supply.by_kind,
            by_id=supply.by_id,
            people=people,
            district=supply.district,
            at=work.now,
            supply_id=supply.id,
        )
    )


async def note_answer(work: Work, supply_id: int, answer: str) -> None:
    """Whether training was given: a fact beside the supply, which stays as logged."""
    work.save(SupplyFact(work.new_id(), supply_id, "trained", answer, work.now))
    if answer == "yes":
        await note_training(work, supply_id)


def train_without_kit(work: Work, peer: Peer, people: int, district: str) -> Training:
    """People shown what to do, and no kit changed hands."""
    return work.save(
        Training(
            id=work.new_id(),
            service_id=peer.service_id,
            by_kind="peer",
            by_id=peer.id,
            people=people,
            district=district,
            at=work.now,
        )
    )


def reverse_training(work: Work, training: Training) -> Training:
    """Put a mistake right: a row against it."""
    return work.save(
        replace(
            training,
            id=work.new_id(),
            people=-training.people,
            at=work.now,
            reverses=training.id,
        )
    )


async def reverse_with(work: Work, supply: Supply) -> None:
    """The supply is taken back, and with it the training that came with it."""
    for training in standing(await work.find(Training, supply_id=supply.id)):
        reverse_training(work, training)
