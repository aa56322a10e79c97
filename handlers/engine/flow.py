"""What a conversation is declared with. A flow holds ids and logic; content/ holds the words."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from handlers.engine.turn import Turn


@dataclass(frozen=True, slots=True)
class End:
    """The conversation is over; one that was parked is picked up again."""


END: Final = End()


@dataclass(frozen=True, slots=True)
class Go:
    """On to another conversation, with answers already known."""

    flow: str
    step: str = ""
    data: dict[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Again:
    """Not understood: ask the same question again, after this hint."""

    hint: str
    values: dict[str, Any] = field(default_factory=dict, hash=False)


Next = str | End | Go | Again
Then = Callable[["Turn", str], Awaitable[Next]]
Values = Callable[["Turn"], Awaitable[dict[str, Any]]]
OptionList = Callable[["Turn"], Awaitable[Mapping[str, str | None]]]


@dataclass(frozen=True, slots=True)
class Choose:
    """A question with options.

    ``then`` is the next step for every option, one next step per option, or a function.
    ``options_now`` narrows or relabels the options for this person: name → label or None for the
    label in content. ``style``: "numbers" lists them on SMS; "words" means the text says them.
    ``careful``: a digit inside a sentence is not taken for an answer. ``otherwise``: the option
    that whatever else is said stands for, where asking again could do harm; only a question of
    theirs has a ``careful`` one asked once more.
    """

    name: str
    options: tuple[str, ...]
    then: str | End | Mapping[str, str | End] | Then
    style: str = "numbers"
    values: Values | None = None
    options_now: OptionList | None = None
    careful: bool = False
    otherwise: str = ""


@dataclass(frozen=True, slots=True)
class Enter:
    """A question answered in one's own words; ``then`` reads them."""

    name: str
    then: Then
    values: Values | None = None
    ask_location: bool = False


@dataclass(frozen=True, slots=True)
class Say:
    """Says something and goes on."""

    name: str
    then: str | End | Then = END
    values: Values | None = None


@dataclass(frozen=True, slots=True)
class Do:
    """A place where the way parts, without a word."""

    name: str
    then: Then


Step = Choose | Enter | Say | Do


@dataclass(frozen=True)
class Flow:
    """A conversation's script.

    ``nudge``: may we remind a person who went silent? ``urgent``: it is about an overdose, and is
    sent whatever else holds messages back. ``by_timer``: steps that only a timer leads to.
    ``unasked``: nobody asked for it, so its questions wait behind answers; this kind in the outbox.
    ``slight``: a clear wish leads away from its questions, and by the next day nothing waits there.
    """

    name: str
    steps: tuple[Step, ...]
    nudge: bool = False
    urgent: bool = False
    by_timer: tuple[str, ...] = ()
    unasked: str = ""
    slight: bool = False
    by_name: dict[str, Step] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {step.name: step for step in self.steps})

    @property
    def first(self) -> str:
        """The step it begins with."""
        return self.steps[0].name


def leads_to(*targets: str | End) -> Callable[[Then], Then]:
    """Says where a ``then`` function may lead, so that ``check`` can draw and prove the flow."""

    def mark(then: Then) -> Then:
        then.leads_to = targets  # type: ignore[attr-defined]
        return then

    return mark


def targets(step: Step) -> tuple[str | End, ...]:
    """Every place a step may lead to; "flow:<name>" is another conversation."""
    then = step.then
    if isinstance(then, str | End):
        return (then,)
    if isinstance(then, Mapping):
        return tuple(dict.fromkeys(then.values()))
    found: tuple[str | End, ...] = getattr(then, "leads_to", ())
    return found
