"""
Bytes we keep, by their content: an image that was sent twice is stored once.

blobs       what a place for bytes promises
directory   a directory of this machine
bucket      a bucket of any store that speaks S3; needs the extra `s3`
draft       bytes on their way in
"""

from importlib import import_module
from pathlib import Path
from typing import cast

from mjgate.files.blobs import Blobs, FilesUnusable, Held, Place
from mjgate.files.directory import Files
from mjgate.files.draft import Draft

__all__ = ["Blobs", "Draft", "Files", "FilesUnusable", "Held", "Place", "bucket"]


def bucket(place: Place, drafts: Path) -> Blobs:
    """The bucket at `place`; its library is loaded only here. FilesUnusable without it."""
    try:
        module = import_module("mjgate.files.bucket")
    except ImportError as error:
        msg = "s3:// needs a package that is not installed: pip install 'mjgate[s3]'"
        raise FilesUnusable(msg) from error
    return cast("Blobs", module.Bucket(place, drafts))
