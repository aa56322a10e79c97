"""A coordinator's bad night: what is open, what helps to act, what people are told meanwhile."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from content import library
from content.segments import segment_count
from db.models import Flag, Staff
from handlers.coaching import OVERDOSE
from handlers.engine.flow import Choose
from handlers.flags import URGENT
from tests.harness import Kitline

AMY, SAM, ROBIN, PAT = (f"+447700{tail}" for tail in ("900101", "900011", "900051", "900052"))
SUICIDAL = "i want to kill myself"
HIT = "my boyfriend hits me"
GONE = "hes not breathing please help"
NOT_YET = "nobody of the team has picked this up yet"
OVER = "The talk with Robin is over"


async def heard(line: Kitline, address: str) -> list[str]:
    """What one address was sent since the last look."""
    return [message.text for to, message, _ in await line.new_messages() if to == address]


async def says(line: Kitline, address: str, *texts: str) -> list[str]:
    """The answers to the last of the texts."""
    for text in texts:
        await line.new_messages()
        await line.say(address, text)
    return await heard(line, address)


async def does(line: Kitline, words: str, who: str = ROBIN) -> list[tuple[str, str]]:
    """A coordinator's word with its code typed back; what everybody was then sent."""
    (asked,) = await says(line, who, words)
    code = re.search(r"reply (\d{4})", asked)
    assert code, asked
    await line.say(who, code.group(1))
    return [(to, message.text) for to, message, _ in await line.new_messages()]


async def ref_of(line: Kitline, kind: str) -> str:
    (flag,) = await line.read(Flag, kind=kind)
    return str(flag.ref)


# --- REQUESTS ----------------------------------------------------------------------------------


async def raise_all(line: Kitline) -> list[str]:
    """Two flags of every kind, the harmless ones first."""
    kinds = [*library._words_file("en")["labels"]["flag"]] * 2
    kinds.sort(key=lambda kind: kind in URGENT)
    (robin,) = await line.read(Staff, name="Robin")
    now = line.clock.now()
    async with line.app.db.transaction() as tx:
        work = line.work(tx)
        for n, kind in enumerate(kinds):
            values = (work.new_id(), robin.service_id, kind, "open", now, now, f"T{n:03}")
            work.save(Flag(*values))
        await work.flush()
    return kinds


async def test_every_open_flag_is_listed_once_dangers_first(demo: Kitline) -> None:
    kinds = await raise_all(demo)
    await demo.say(AMY, "KIT")
    for said in ("YES", "YES", "1", "DN31 1AA", "nasal", "meet", "YES"):
        await demo.say(AMY, said)
    (first,) = await says(demo, ROBIN, "REQUESTS")
    urgent = sum(kind in URGENT for kind in kinds)
    assert first.startswith(f"{len(kinds) + 1} open, {urgent} urgent: T")
    listed: list[str] = []
    page, text = 1, first
    while True:
        assert segment_count(text) <= 2, text
        listed += re.findall(r"(?:: |; )(T\d{3}|[A-Z0-9]{4}(?= DN))", text)
        if "for more" not in text:
            break
        page += 1
        assert f"REQUESTS {page} for more." in text
        (text,) = await says(demo, ROBIN, f"REQUESTS {page}")
    assert len(listed) == len(set(listed)) == len(kinds) + 1
    order = [kinds[int(ref[1:])] if ref[1:].isdigit() else "a request" for ref in listed]
    dangers = order[:urgent]
    assert dangers == sorted(dangers, key=URGENT.index)
    assert order[0] == "emergency"
    assert order.index("call_back") < order.index("a request") < order.index("complaint")


async def test_a_request_with_a_flag_of_its_own_is_one_line_the_worse_of_the_two(
    demo: Kitline,
) -> None:
    for said in ("im 15 can i get a kit", "YES"):
        await demo.say(AMY, said)
    (listed,) = await says(demo, ROBIN, "REQUESTS")
    assert listed.startswith("1 open, 1 urgent: ")
    assert ": under 18 wants a kit, 0 min." in listed


async def test_who_has_it_is_said(demo: Kitline) -> None:
    await demo.say(AMY, SUICIDAL)
    await does(demo, f"TAKE {await ref_of(demo, 'crisis')}")
    await demo.wait(timedelta(hours=3))
    (listed,) = await says(demo, ROBIN, "REQUESTS")
    assert listed.endswith(": crisis, 3 h (Robin).")


# --- SHOW --------------------------------------------------------------------------------------


@pytest.mark.parametrize("locale", ["en", "cy", "pl"])
def test_every_step_of_the_coaching_has_a_name_for_coordinators(locale: str) -> None:
    asked = [step.name for step in OVERDOSE.steps if isinstance(step, Choose)]
    names = library._words_file(locale)["labels"]["emergency_step"]
    assert {"dose" if name.startswith("dose_") else name for name in asked} == set(names)


async def test_show_tells_where_an_emergency_is_and_never_who_or_what_they_wrote(
    demo: Kitline,
) -> None:
    for said in ("KIT", "YES", "YES", "1", "DN32 7AA"):
        await demo.say(AMY, said)
    for said in ("nasal", "meet", "YES", f"NAME Amelia {GONE}", GONE, "2", "no", "done"):
        await demo.say(AMY, said)
    ref = await ref_of(demo, "emergency")
    await demo.wait(timedelta(minutes=1))
    (shown,) = await says(demo, ROBIN, f"SHOW {ref}")
    assert "Nobody has it yet. Last area: DN32. Now: dose in, waiting. Kit: Nyxoid." in shown
    assert "Doses told: 1. Not breathing. Last wrote 1 min ago. TELL reaches them." in shown
    for secret in ("Amelia", AMY[-6:], "please help"):
        assert secret not in shown
    assert segment_count(shown) <= 2
    await does(demo, f"TAKE {ref}")
    (shown,) = await says(demo, ROBIN, f"SHOW {ref}")
    assert "With Robin." in shown


async def test_show_says_whether_tell_gets_through(demo: Kitline) -> None:
    await demo.say(AMY, HIT)
    ref = await ref_of(demo, "violence")
    (shown,) = await says(demo, ROBIN, f"SHOW {ref}")
    assert shown.endswith("No TELL till they say texting is safe.")
    got = await does(demo, f"TELL {ref} Hello")
    assert [(to, text[:30]) for to, text in got] == [(ROBIN, "Not passed on: they have not s")]
    await demo.say(AMY, "YES")
    (shown,) = await says(demo, ROBIN, f"SHOW {ref}")
    assert shown.endswith("TELL reaches them.")
    await demo.say(AMY, "STOP")
    (shown,) = await says(demo, ROBIN, f"SHOW {ref}")
    assert shown.endswith("They sent STOP or are gone: TELL does not reach them.")


async def test_an_unsafe_phone_is_left_alone_about_anything_asked_before(demo: Kitline) -> None:
    await demo.say(AMY, SUICIDAL)
    ref = await ref_of(demo, "crisis")
    await demo.wait(timedelta(minutes=1))
    await says(demo, AMY, HIT, "NO")
    (shown,) = await says(demo, ROBIN, f"SHOW {ref}")
    assert shown.endswith("Not safe to text them first: no TELL.")
    got = await does(demo, f"TELL {ref} Hello")
    assert not [text for to, text in got if to == AMY]
    assert not await not_yet_in(demo, 5)
    await says(demo, AMY, "TALK", "1")
    got = await does(demo, f"TELL {await ref_of(demo, 'call_back')} Hello")
    assert next(text for to, text in got if to == AMY).endswith("Hello")


async def test_tell_about_an_sos_goes_to_the_peer_and_not_to_whom_they_met(demo: Kitline) -> None:
    for said in ("KIT", "YES", "YES", "1", "DN31 1AA", "nasal", "meet", "YES"):
        await demo.say(AMY, said)
    await says(demo, SAM, "ACCEPT", "SOS")
    ref = await ref_of(demo, "sos")
    got = await does(demo, f"TELL {ref} Police are told")
    assert [to for to, text in got if "Police are told" in text] == [SAM]


# --- STOP in an emergency ----------------------------------------------------------------------


async def test_stop_in_an_emergency_is_told_once_and_the_flag_stays(demo: Kitline) -> None:
    await says(demo, AMY, GONE, "2", "no")
    await demo.new_messages()
    await demo.say(AMY, "STOP")
    ref = await ref_of(demo, "emergency")
    told = f"{ref}: they sent STOP. No more questions go out, and TELL does not reach them."
    (text,) = await heard(demo, ROBIN)
    assert text.startswith(told)
    await demo.say(AMY, "STOP")
    assert not await heard(demo, ROBIN)
    (flag,) = await demo.read(Flag, kind="emergency")
    assert flag.status == "open"


async def test_stop_in_an_emergency_is_told_to_who_took_it(demo: Kitline) -> None:
    await demo.say(AMY, GONE)
    await does(demo, f"TAKE {await ref_of(demo, 'emergency')}", PAT)
    await demo.say(AMY, "STOP")
    sent = [(to, m.text) for to, m, _ in await demo.new_messages() if "they sent STOP" in m.text]
    assert [to for to, _ in sent] == [PAT]


async def test_stop_without_an_emergency_is_nobodys_business(demo: Kitline) -> None:
    await says(demo, AMY, "TALK", "1")
    await demo.say(AMY, "STOP")
    assert not await heard(demo, ROBIN)


# --- DONE after a talk -------------------------------------------------------------------------


async def talk(line: Kitline) -> str:
    await says(line, AMY, "TALK", "1")
    ref = await ref_of(line, "call_back")
    await does(line, f"TELL {ref} Hello from Robin")
    return ref


async def test_done_ends_a_talk_and_what_comes_within_a_day_is_answered_kindly(
    demo: Kitline,
) -> None:
    got = await does(demo, f"DONE {await talk(demo)}")
    assert sum(to == AMY and text.startswith(f"{OVER} for now.") for to, text in got) == 1
    for said in ("hello", "are you still there"):
        (text,) = await says(demo, AMY, said)
        assert OVER in text
        assert "TALK asks for a person again" in text
    await demo.wait(timedelta(hours=25))
    (text,) = await says(demo, AMY, "hello")
    assert text.startswith("Hello, this is Grimsby Kit Line")


async def test_done_says_nothing_to_whom_nobody_wrote_or_who_stopped_us(demo: Kitline) -> None:
    await demo.say(AMY, SUICIDAL)
    got = await does(demo, f"DONE {await ref_of(demo, 'crisis')}")
    assert not [text for to, text in got if to == AMY]
    ref = await talk(demo)
    await demo.say(AMY, "STOP")
    got = await does(demo, f"DONE {ref}")
    assert not [text for to, text in got if to == AMY]


async def test_done_says_nothing_on_a_phone_that_is_not_safe(demo: Kitline) -> None:
    await says(demo, AMY, HIT, "YES")
    ref = await ref_of(demo, "violence")
    await does(demo, f"TELL {ref} Hello")
    await says(demo, AMY, HIT, "NO")
    assert (await ref_of(demo, "violence_unsafe")) == ref
    got = await does(demo, f"DONE {ref}")
    assert not [text for to, text in got if to == AMY]


async def test_a_request_that_is_done_ends_the_talk_about_it(demo: Kitline) -> None:
    for said in ("im 15 can i get a kit", "YES"):
        await demo.say(AMY, said)
    ref = await ref_of(demo, "under_18")
    await does(demo, f"TELL {ref} Hello")
    await does(demo, f"DONE {ref}")
    await demo.say(ROBIN, "2")
    assert [t for t in await heard(demo, AMY) if t.startswith(f"{OVER} for now.")]
    (text,) = await says(demo, AMY, "are you still there")
    assert OVER in text


async def test_done_in_an_open_emergency_does_not_disturb_it(demo: Kitline) -> None:
    await demo.say(AMY, GONE)
    ref = await ref_of(demo, "emergency")
    await does(demo, f"TELL {ref} Hello")
    got = await does(demo, f"DONE {ref}")
    assert not [text for to, text in got if to == AMY]


# --- nobody yet --------------------------------------------------------------------------------


async def not_yet_in(line: Kitline, hours: int) -> list[str]:
    await line.new_messages()
    await line.wait(timedelta(hours=hours))
    return [text for text in await heard(line, AMY) if NOT_YET in text]


@pytest.mark.parametrize("words", [SUICIDAL, "theres kids in that house and theyre using"])
async def test_whoever_is_in_danger_hears_once_that_nobody_has_it_yet(
    demo: Kitline, words: str
) -> None:
    await demo.say(AMY, words)
    (text,) = await not_yet_in(demo, 5)
    assert "116 123" in text
    assert "Call 999" in text
    assert not await not_yet_in(demo, 20)


async def test_who_took_it_is_waited_for(demo: Kitline) -> None:
    await demo.say(AMY, SUICIDAL)
    await does(demo, f"TAKE {await ref_of(demo, 'crisis')}")
    assert not await not_yet_in(demo, 5)


@pytest.mark.parametrize(("answer", "told"), [("YES", 1), ("NO", 0), ("", 0)])
async def test_violence_only_where_they_said_that_the_phone_is_safe(
    demo: Kitline, answer: str, told: int
) -> None:
    await demo.say(AMY, HIT)
    if answer:
        await demo.say(AMY, answer)
    assert len(await not_yet_in(demo, 5)) == told


async def test_a_safe_phone_is_asked_about_anew(demo: Kitline) -> None:
    await says(demo, AMY, HIT, "YES")
    await does(demo, f"DONE {await ref_of(demo, 'violence')}")
    await demo.say(AMY, HIT)
    assert not await not_yet_in(demo, 5)


async def test_a_quiet_phone_reads_the_number_without_the_name(demo: Kitline) -> None:
    await says(demo, AMY, "QUIET", SUICIDAL)
    (text,) = await not_yet_in(demo, 5)
    assert "ring 116 123" in text
    assert "Samaritans" not in text


async def test_an_open_emergency_is_not_disturbed(demo: Kitline) -> None:
    await demo.say(AMY, "ive took all my pills i want to die")
    assert (await demo.read(Flag, kind="crisis"))[0].status == "open"
    await demo.new_messages()
    for _ in range(8):
        await demo.wait(timedelta(minutes=2))
        await demo.say(AMY, "ok")
    assert not [text for text in await heard(demo, AMY) if NOT_YET in text]


async def test_a_lead_who_does_not_act_or_is_off_leaves_it_to_the_next(demo: Kitline) -> None:
    await demo.say(AMY, SUICIDAL)
    first = [to for to, m, _ in await demo.new_messages() if "may be in crisis" in m.text]
    await demo.wait(timedelta(minutes=16))
    then = [to for to, m, _ in await demo.new_messages() if "may be in crisis" in m.text]
    assert (first, then) == ([PAT], [ROBIN])
    (pat,) = await demo.read(Staff, name="Pat")
    async with demo.app.db.transaction() as tx:
        work = demo.work(tx)
        work.save(replace(pat, hours="Mo 09:00-10:00"))
        await work.flush()
    await demo.say("+447700900199", SUICIDAL)
    now = [to for to, m, _ in await demo.new_messages() if "may be in crisis" in m.text]
    assert now == [ROBIN]


# --- HELP --------------------------------------------------------------------------------------


async def test_help_names_the_coordinators_words_to_coordinators_alone(demo: Kitline) -> None:
    assert [t for t in await says(demo, ROBIN, "HELP") if t.startswith("Coordinator words:")]
    assert not [t for t in await says(demo, AMY, "HELP") if "Coordinator" in t]
