"""The table of contents: every conversation, and everything that can happen later."""

from __future__ import annotations

from handlers import (
    advice,
    aftercare,
    awareness,
    coaching,
    consent,
    crisis,
    facts,
    flags,
    holder,
    language,
    meeting,
    near,
    oncall,
    open_request,
    peer,
    purging,
    reminders,
    report_use,
    request_kit,
    resupply,
    rounds,
    street,
    talk,
)
from handlers.engine.flow import Flow
from handlers.inbox import TimerHandler

FLOWS: dict[str, Flow] = {
    flow.name: flow
    for flow in (
        coaching.OVERDOSE,
        aftercare.AFTERCARE,
        consent.CONSENT,
        request_kit.REQUEST_KIT,
        open_request.CANCEL_REQUEST,
        open_request.STILL_NEEDED,
        awareness.AWARENESS,
        facts.FACTS,
        advice.ADVICE,
        near.NEAR,
        talk.TALK,
        crisis.CRISIS,
        report_use.USED,
        resupply.RESUPPLY,
        holder.HOLDER,
        meeting.MEETING_CHECK,
        meeting.TRAINING,
        meeting.ARRIVED,
        street.STREET,
        oncall.DONE,
        language.LANGUAGE,
    )
}

TIMERS: dict[str, TimerHandler] = {
    "request": meeting.request_due,
    "arrived": meeting.arrived_unconfirmed,
    "flag": flags.flag_due,
    "coach": coaching.coach_due,
    "aftercare": aftercare.aftercare_due,
    "nudge": reminders.nudge,
    "erase": consent.erase_due,
    "link": peer.link_expired,
    "purge": purging.purge_due,
    "night_round": rounds.round_of(),
    "morning_round": rounds.round_of(),
    "watch_round": rounds.round_of(),
}
