"""One automaton for all banned words: a prompt is read once, however many words there are."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick

from mjgate.domain.words import readable, whole
from mjgate.lifecycle.moments import Moment
from mjgate.store.words import Version, Word


class Hit(NamedTuple):
    """A word of the list, and the code point in the prompt at which it begins."""

    word: str
    offset: int


class Automaton:
    """Finds the words of one version of the list."""

    def __init__(self, words: Sequence[Word]) -> None:
        self._words = [each.word for each in words]
        self._machine = AhoCorasick([each.plain for each in words]) if words else None

    def first(self, prompt: str) -> Hit | None:
        """The first word in the prompt, the longest of those that begin there."""
        if self._machine is None or not prompt:
            return None
        text, places = readable(prompt)
        hits = (
            (start, -end, number)
            for number, start, end in self._machine.find_matches_as_indexes(text, overlapping=True)
            if whole(text, start, end)
        )
        start, _, number = min(hits, default=(0, 0, -1))
        return None if number < 0 else Hit(self._words[number], places[start])


class Words:
    """The automaton in force: made anew when the list has changed, which is seen in a second."""

    def __init__(self) -> None:
        self._moment = Moment[Automaton]()
        self._made: tuple[Version, Automaton] | None = None

    async def automaton(
        self,
        now: int,
        version: Callable[[], Awaitable[Version]],
        listed: Callable[[], Awaitable[Sequence[Word]]],
    ) -> Automaton:
        """The automaton for the list as it is now, or was a moment ago."""

        async def look_up() -> Automaton:
            present = await version()
            if self._made is None or self._made[0] != present:
                self._made = present, await asyncio.to_thread(Automaton, await listed())
            return self._made[1]

        return await self._moment.value(now, look_up)

    def forget(self) -> None:
        """Look again next time: the list has just been changed here."""
        self._moment.forget()
