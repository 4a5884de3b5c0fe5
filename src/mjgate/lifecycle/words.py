"""Banned words: prompts that have one are refused before anything is written. Off by default."""

from functools import partial

from mjgate.domain.errors import BannedWord
from mjgate.domain.prompt import without_mode_flags
from mjgate.lifecycle import Gateway
from mjgate.lifecycle.settings import in_force
from mjgate.store import words


async def check(gateway: Gateway, *prompts: str, sent: bool = True) -> None:
    """Refuse prompts that have a word of the list; one that was not `sent` has no offset."""
    if not (await in_force(gateway)).banned_words:
        return
    reader = gateway.store.reader
    automaton = await gateway.words.automaton(
        gateway.clock.now(), partial(words.version, reader), partial(words.listed, reader)
    )
    for prompt in prompts:
        hit = automaton.first(prompt)
        if hit is not None:
            raise BannedWord(
                f"The prompt has a word that is not allowed: {hit.word}",
                properties={
                    "promptEn": without_mode_flags(prompt),
                    "bannedWord": hit.word,
                    "offset": hit.offset if sent else None,
                },
            )
