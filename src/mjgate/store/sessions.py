"""Who is logged in, who comes with an access token, and who guessed wrongly how often."""

from dataclasses import dataclass

from mjgate.domain.account import Role, Visitor
from mjgate.store.database import Reader, Row, Transaction


@dataclass(frozen=True, slots=True)
class Lock:
    """What a login needs to know of a user."""

    user_id: int
    password_hash: str
    enabled: bool
    password_until: int | None  # a one-time password is void from then on


@dataclass(frozen=True, slots=True)
class Tries:
    """Wrong guesses about one account, or from one address."""

    failures: int
    failed_at: int
    open_at: int


async def with_token(reader: Reader, access_hash: str, now: int) -> Visitor | None:
    """The user whose access token that is, unless it has expired."""
    row = await reader.row(
        """
        SELECT id, username, role, status, password_until FROM users
        WHERE access_hash = :access_hash AND deleted_at IS NULL
        AND (access_until IS NULL OR access_until > :now)
        """,
        access_hash=access_hash,
        now=now,
    )
    return None if row is None else _visitor(row)


async def logged_in(
    reader: Reader, id_hash: str, *, begun_after: int, seen_after: int
) -> tuple[Visitor, int] | None:
    """The user of a session that has not expired, and when he was seen last."""
    row = await reader.row(
        """
        SELECT u.id, u.username, u.role, u.status, u.password_until, s.seen_at
        FROM sessions s JOIN users u ON u.id = s.user_id
        WHERE s.id_hash = :id_hash AND u.deleted_at IS NULL
        AND s.created_at > :begun_after AND s.seen_at > :seen_after
        """,
        id_hash=id_hash,
        begun_after=begun_after,
        seen_after=seen_after,
    )
    return None if row is None else (_visitor(row, id_hash), int(row["seen_at"]))


async def lock_of(reader: Reader, username: str) -> Lock | None:
    """What keeps others from logging in as that user; None if there is no such user."""
    row = await reader.row(
        """
        SELECT id, password_hash, status, password_until FROM users
        WHERE username = :username AND deleted_at IS NULL
        """,
        username=username,
    )
    if row is None:
        return None
    return Lock(row["id"], row["password_hash"], row["status"] == "enabled", row["password_until"])


async def begin(tx: Transaction, user_id: int, id_hash: str, now: int) -> None:
    """Open a session."""
    await tx.run(
        """
        INSERT INTO sessions (id_hash, user_id, created_at, seen_at)
        VALUES (:id_hash, :user_id, :now, :now)
        """,
        id_hash=id_hash,
        user_id=user_id,
        now=now,
    )


async def seen(tx: Transaction, id_hash: str, now: int) -> None:
    """He is still there."""
    await tx.run(
        "UPDATE sessions SET seen_at = :now WHERE id_hash = :id_hash AND seen_at < :now",
        id_hash=id_hash,
        now=now,
    )


async def end(tx: Transaction, id_hash: str) -> None:
    """Close one session."""
    await tx.run("DELETE FROM sessions WHERE id_hash = :id_hash", id_hash=id_hash)


async def end_all(tx: Transaction, user_id: int, *, but: str = "") -> None:
    """Close every session of a user, `but` one perhaps."""
    await tx.run(
        "DELETE FROM sessions WHERE user_id = :user_id AND id_hash <> :but",
        user_id=user_id,
        but=but,
    )


async def forget_before(tx: Transaction, *, sessions: int, tries: int) -> None:
    """Drop what has expired: sessions begun, and guesses made, before those times."""
    await tx.run("DELETE FROM sessions WHERE created_at < :before", before=sessions)
    await tx.run("DELETE FROM login_tries WHERE failed_at < :before", before=tries)


async def tries(tx: Transaction, subject: str) -> Tries:
    """How often a subject failed of late, as it stands until the transaction ends."""
    await tx.run(
        """
        INSERT INTO login_tries (subject, failures, failed_at, open_at) VALUES (:subject, 0, 0, 0)
        ON CONFLICT DO NOTHING
        """,
        subject=subject,
    )
    row = await tx.row(
        """
        SELECT failures, failed_at, open_at FROM login_tries
        WHERE subject = :subject FOR UPDATE
        """,
        subject=subject,
    )
    if row is None:
        return Tries(0, 0, 0)
    return Tries(row["failures"], row["failed_at"], row["open_at"])


async def note_tries(tx: Transaction, subject: str, tries: Tries) -> None:
    """Write down how often it has failed."""
    await tx.run(
        """
        UPDATE login_tries SET failures = :failures, failed_at = :failed_at, open_at = :open_at
        WHERE subject = :subject
        """,
        subject=subject,
        failures=tries.failures,
        failed_at=tries.failed_at,
        open_at=tries.open_at,
    )


def _visitor(row: Row, session: str = "") -> Visitor:
    return Visitor(
        user_id=row["id"],
        username=row["username"],
        role=Role(row["role"]),
        enabled=row["status"] == "enabled",
        must_change=row["password_until"] is not None,
        session=session,
    )
