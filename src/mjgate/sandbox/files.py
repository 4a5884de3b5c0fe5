"""Files in memory: what an address leads to, and a shelf with room for only so many."""

from collections import OrderedDict
from typing import Final, NamedTuple

ROOM: Final = 128 * 1024 * 1024
"""Bytes of pictures kept in memory; as much again for inputs."""


class File(NamedTuple):
    """What an address of a picture or clip leads to; 0 where the size is not known."""

    data: bytes
    type: str
    width: int = 0
    height: int = 0


class Shelf:
    """Files by name; the least wanted go where there is no more room."""

    def __init__(self, room: int = ROOM) -> None:
        self.room = room
        self.used = 0
        self.items: OrderedDict[str, File] = OrderedDict()

    def get(self, name: str) -> File | None:
        found = self.items.get(name)
        if found is not None:
            self.items.move_to_end(name)
        return found

    def put(self, name: str, file: File) -> None:
        if name in self.items:
            return
        self.items[name] = file
        self.used += len(file.data)
        while self.used > self.room and len(self.items) > 1:
            _, thrown = self.items.popitem(last=False)
            self.used -= len(thrown.data)
