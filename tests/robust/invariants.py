"""What must hold whenever nobody is in the middle of a transaction, as SQL that finds nothing."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

OPEN = "('open', 'offered', 'accepted', 'waiting_claim', 'with_coordinator')"
NOT_REVERSED = """s.reverses is null
    and not exists (select 1 from supplies back where back.reverses = s.id)"""

NEVER = {
    "open, but its status says closed, or the other way round": f"""
        select ref, status from requests where (closed_at is null) <> (status in {OPEN})""",
    "an open request without an owner or a next timer": """
        select ref, status, owner_kind from requests
        where closed_at is null and (owner_kind = '' or next_timer_at is null)""",
    "an open request whose timer is lost or due at another time": """
        select ref, status, next_timer_at, due_at from requests
        left join timers on key = 'request:' || id
        where closed_at is null and (due_at is null or due_at <> next_timer_at)""",
    "a timer of no open request": """
        select key from timers where kind = 'request' and not exists
        (select 1 from requests where key = 'request:' || id and closed_at is null)""",
    "a closed request that keeps an owner, a timer or a position": """
        select ref, status from requests where closed_at is not null and
        (owner_kind <> '' or next_timer_at is not null or lat is not null or lon is not null)""",
    "stock below nothing, or more promised than there is": """
        select holder_kind, holder_id, batch, sum(quantity), sum(reserved) from movements
        group by holder_kind, holder_id, product, batch, expiry
        having sum(quantity) < 0 or sum(reserved) < 0 or sum(reserved) > sum(quantity)""",
    "a promise that fits no meeting and no code": """
        select ref, status, coalesce(sum(m.reserved), 0) from requests r
        left join movements m on m.request_id = r.id group by r.id
        having coalesce(sum(m.reserved), 0) <>
        case when status in ('accepted', 'waiting_claim') then r.quantity else 0 end""",
    "a request supplied twice": f"""
        select request_id from supplies s where request_id is not null and {NOT_REVERSED}
        group by request_id having count(*) > 1""",
    "supplied, and nothing in the log": """
        select ref from requests r where status in ('supplied', 'confirmed') and not exists
        (select 1 from supplies where request_id = r.id)""",
    "a supply that did not move the stock": """
        select s.id from supplies s left join movements m on m.supply_id = s.id
        where by_kind <> 'staff' group by s.id
        having count(m.id) <> 1 or sum(m.quantity) <> -s.quantity""",
    "an offer that waits for an answer nobody needs": """
        select ref, r.status, code from offers o join requests r on r.id = o.request_id
        where o.status = 'sent' and r.status <> 'offered' and not exists
        (select 1 from timers where key = 'handover:' || o.id and r.status = 'accepted')""",
    "an offered request that nobody was asked about": """
        select ref from requests r where status = 'offered' and not exists
        (select 1 from offers o where o.request_id = r.id and o.status = 'sent')""",
    "an accepted request without its peer": """
        select ref from requests r where status = 'accepted' and (owner_kind <> 'peer'
        or owner_id <> peer_id or peer_id is null or not exists (select 1 from offers o
        where o.request_id = r.id and o.peer_id = r.peer_id and o.status = 'accepted'))""",
    "a code that is open for nothing, or a wait without a code": """
        select ref, r.status from requests r left join claims c
        on c.request_id = r.id and c.status = 'open' group by r.id
        having count(c.id) <> (r.status = 'waiting_claim')""",
    "a code redeemed for nothing": """
        select code from claims where status = 'redeemed' and not exists
        (select 1 from supplies s where s.request_id = claims.request_id)""",
    "a transfer with one side": """
        select transfer_id, sum(quantity) from movements where transfer_id is not null
        group by transfer_id having sum(quantity) <> 0""",
    "an entry taken back that was not there, or not in full": """
        select back.id from movements back left join movements m on m.id = back.reverses
        where back.reverses is not null
        and (m.id is null or m.quantity <> -back.quantity or m.batch <> back.batch)""",
    "a kit in two places, or in none": """
        select m.service_id, m.product, m.batch, sum(m.quantity) as in_bags,
        sum(case when kind in ('received', 'counted') or (kind = 'returned' and supply_id is null)
        then m.quantity else 0 end) as came_in,
        sum(case when kind in ('lost', 'expired', 'recalled') then m.quantity else 0 end) as gone,
        coalesce((select sum(s.quantity) from supplies s where s.by_kind <> 'staff' and
        (s.service_id, s.product, s.batch) = (m.service_id, m.product, m.batch)), 0) as handed_out
        from movements m group by m.service_id, m.product, m.batch
        having in_bags <> came_in + gone - handed_out""",
    "a kit handed out while its batch was recalled": """
        select s.batch, s.at from supplies s join recalls r on r.service_id = s.service_id
        where s.reverses is null and s.batch in (select value from json_each(r.batches))
        and s.at > r.started_at and (r.ended_at is null or s.at < r.ended_at)
        and s.by_kind <> 'staff'""",
    "a recalled kit that is still promised": """
        select batch, sum(reserved) from movements m join recalls r using (service_id)
        where r.status = 'open' and batch in (select value from json_each(r.batches))
        group by m.holder_kind, m.holder_id, m.product, m.batch having sum(reserved) <> 0""",
    "something said to a person after STOP": """
        select o.kind, o.created_at, stopped_at from outbox o
        join contacts c on c.id = o.contact_id
        where o.created_at > stopped_at and o.kind not in ('emergency', 'stop')""",
}


def broken(database: Path) -> list[str]:
    """Every rule that does not hold, with the rows that break it."""
    found = []
    with closing(sqlite3.connect(database, timeout=30)) as reading:
        for rule, statement in NEVER.items():
            if rows := reading.execute(statement).fetchall():
                found.append(f"{rule}: {rows[:5]}")
    return found
