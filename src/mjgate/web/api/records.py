"""/api/ledger/ and /api/audit/: what was written down, from the newest."""

from typing import Final

from msgspec import Struct

from mjgate.store import ledger, records
from mjgate.store.ledger import Kind
from mjgate.store.records import Entries, Entry
from mjgate.web.api.rows import COUNTED, Call, Piece, Row, Who, looks, piece
from mjgate.web.api.words import one_of, since, until


class EntryView(Struct, frozen=True, omit_defaults=True):
    """A row of the ledger; `mj_id` names the task, where it is about one."""

    id: int
    at: int
    kind: str
    amount: int
    mj_id: str | None
    hold: int | None
    token_id: int | None
    reference: str | None
    user_id: int = 0


class CheckView(Struct, frozen=True):
    """Whether the books balance; `broken` names what does not, in sentences."""

    ok: bool
    users: int
    tasks: int
    broken: list[str]


class ActView(Struct, frozen=True):
    """Who did what to whom, how it was and how it is."""

    id: int
    at: int
    actor: str
    act: str
    subject: str
    before: object
    after: object


_FILTERS: Final = (
    "p", "page_size", "cursor", "kind", "token_id", "mj_id", "start_timestamp", "end_timestamp",
)  # fmt: skip


async def _own(call: Call) -> Piece[EntryView]:
    return await _entries(call, call.visitor.user_id, admin=False)


async def _all(call: Call) -> Piece[EntryView]:
    return await _entries(call, call.number("user_id"), admin=True)


async def _entries(call: Call, user_id: int | None, *, admin: bool) -> Piece[EntryView]:
    page, reader = call.page(), call.gateway.store.reader
    wanted = Entries(
        user_id=user_id,
        token_id=call.number("token_id"),
        task_id=call.number("mj_id"),
        kind=one_of(call, "kind", Kind),
        since=since(call),
        until=until(call),
    )
    found = await records.entries(
        reader, wanted, below=call.below(), skip=page.skipped, most=page.size + 1
    )
    total = await records.count_entries(reader, wanted, most=COUNTED)
    return piece([_entry(each, admin=admin) for each in found], total, page, lambda each: each.id)


def _entry(entry: Entry, *, admin: bool) -> EntryView:
    return EntryView(
        id=entry.id,
        at=entry.at,
        kind=entry.kind,
        amount=entry.amount,
        mj_id=None if entry.task_id is None else str(entry.task_id),
        hold=entry.hold_no,
        token_id=entry.token_id,
        reference=entry.reference,
        user_id=entry.user_id if admin else 0,
    )


async def _check(call: Call) -> CheckView:
    found = await ledger.check(call.gateway.store.reader)
    return CheckView(not found.broken, found.users, found.tasks, [*found.broken])


async def _audit(call: Call) -> Piece[ActView]:
    page, reader = call.page(), call.gateway.store.reader
    wanted = {name: call.asked(name) or None for name in ("actor", "act", "subject")}
    found = await records.acts(
        reader, wanted, below=call.below(), skip=page.skipped, most=page.size + 1
    )
    total = await records.count_acts(reader, wanted, most=COUNTED)
    views = [
        ActView(
            id=each.id,
            at=each.at,
            actor=each.actor,
            act=each.act,
            subject=each.subject,
            before=records.decoded(each.before),
            after=records.decoded(each.after),
        )
        for each in found
    ]
    return piece(views, total, page, lambda each: each.id)


ROWS: Final[tuple[Row, ...]] = (
    looks("/api/ledger/self", Who.USER, _own, "What happened to one's own money.",
          gives=Piece[EntryView], query=_FILTERS),
    looks("/api/ledger/check", Who.ADMIN, _check,
          "Compare every account with the rows that explain it.", gives=CheckView),
    looks("/api/ledger/", Who.ADMIN, _all, "What happened to everybody's money.",
          gives=Piece[EntryView], query=("user_id", *_FILTERS)),
    looks("/api/audit/", Who.ADMIN, _audit, "Who did what, how it was before and is after.",
          gives=Piece[ActView], query=("p", "page_size", "cursor", "actor", "act", "subject")),
)  # fmt: skip
