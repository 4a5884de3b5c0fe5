"""Idempotency keys: one row for each, written with the task that it named."""

from collections.abc import Sequence
from dataclasses import dataclass

from mjgate.store.database import Reader, Transaction


@dataclass(frozen=True, slots=True)
class Remembered:
    """What a key was used for. Without an answer the first request is still running."""

    fingerprint: str
    task_id: int | None
    answer: str | None
    owner: str
    at: int


async def find(reader: Reader, scope: str, key: str) -> Remembered | None:
    """What the key was used for before in this scope (API key, method and path)."""
    row = await reader.row(
        """
        SELECT fingerprint, task_id, answer, owner, at FROM idempotency
        WHERE scope = :scope AND key = :key
        """,
        scope=scope,
        key=key,
    )
    if row is None:
        return None
    return Remembered(row["fingerprint"], row["task_id"], row["answer"], row["owner"], row["at"])


async def remember(tx: Transaction, scope: str, key: str, value: Remembered) -> None:
    """Write the key. ConstraintBroken `an_idempotency_key_is_used_once` when another was first."""
    await tx.run(
        """
        INSERT INTO idempotency (scope, key, fingerprint, task_id, answer, owner, at)
        VALUES (:scope, :key, :fingerprint, :task_id, :answer, :owner, :at)
        """,
        scope=scope,
        key=key,
        fingerprint=value.fingerprint,
        task_id=value.task_id,
        answer=value.answer,
        owner=value.owner,
        at=value.at,
    )


async def forget(tx: Transaction, token_ids: Sequence[int]) -> None:
    """Forget all that these API keys asked for; their scopes begin with their ids."""
    await tx.many(
        "DELETE FROM idempotency WHERE substr(scope, 1, :length) = :start",
        [{"start": f"{number} ", "length": len(f"{number} ")} for number in token_ids],
    )


async def answered(tx: Transaction, scope: str, key: str, answer: str) -> None:
    """Keep the answer that a repeat will get."""
    await tx.run(
        "UPDATE idempotency SET answer = :answer WHERE scope = :scope AND key = :key",
        scope=scope,
        key=key,
        answer=answer,
    )


async def free(tx: Transaction, scope: str, key: str) -> None:
    """Forget the key: the request came to nothing that a repeat should see."""
    await tx.run(
        "DELETE FROM idempotency WHERE scope = :scope AND key = :key", scope=scope, key=key
    )


async def forget_before(tx: Transaction, moment: int) -> int:
    """Drop what is too old to be asked again."""
    return await tx.run("DELETE FROM idempotency WHERE at < :moment", moment=moment)
