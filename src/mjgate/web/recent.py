"""Small contents that were served lately: a page of thumbnails need not go to the disk again."""

from collections import OrderedDict
from typing import Final

BYTES: Final = 32 * 1024 * 1024
LARGEST: Final = 256 * 1024


class Recent:
    """Contents by their hash, the latest asked for. They never change, so they are never stale."""

    def __init__(self, most: int = BYTES, largest: int = LARGEST) -> None:
        self._most = most
        self._largest = largest
        self._bytes = 0
        self._kept: OrderedDict[str, bytes] = OrderedDict()

    def get(self, content_hash: str) -> bytes | None:
        """The content, if it is here."""
        content = self._kept.get(content_hash)
        if content is not None:
            self._kept.move_to_end(content_hash)
        return content

    def keep(self, content_hash: str, content: bytes) -> None:
        """Keep it if it is small, in place of what nobody asked for longest."""
        if len(content) > self._largest or content_hash in self._kept:
            return
        self._kept[content_hash] = content
        self._bytes += len(content)
        while self._bytes > self._most:
            _, dropped = self._kept.popitem(last=False)
            self._bytes -= len(dropped)
