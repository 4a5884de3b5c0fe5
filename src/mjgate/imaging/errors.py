"""
Why a picture could not be worked on, in words that a user may see.

BadPicture
├── NotAPicture    no PNG, JPEG, WebP or GIF, or one that breaks off
├── TooManyPixels  more pixels or frames than may be decoded; known from its head
└── TookTooLong    more time or memory than a picture may take
"""

from inspect import getdoc


class BadPicture(Exception):
    """The picture cannot be used."""

    def __init__(self, description: str | None = None) -> None:
        self.description = description or getdoc(type(self)) or "The picture cannot be used."
        super().__init__(self.description)


class NotAPicture(BadPicture):
    """This is not a PNG, JPEG, WebP or GIF that can be read."""


class TooManyPixels(BadPicture):
    """The picture has more pixels or frames than may be decoded."""


class TookTooLong(BadPicture):
    """The picture takes more time or memory to decode than it may."""
