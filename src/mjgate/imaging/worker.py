"""
A worker: reads jobs from its standard input, one at a time, and never looks anywhere else.

It may use so much memory and write no file; it has no variable of our environment; it ends with
the gateway, when its input is closed, or by its own alarm when a job takes too long.
"""

import os
import resource
import signal
import sys
import warnings
from typing import BinaryIO, Final

import msgspec
from PIL import Image

from mjgate.imaging import drawing
from mjgate.imaging.errors import BadPicture, NotAPicture, TookTooLong
from mjgate.imaging.sizes import Margins, Thumbnail
from mjgate.imaging.wire import LENGTH, Done, Job, packed

NICE: Final = 5
"""How far decoding stands back behind serving."""

_LATE: Final = 5
"""Seconds beyond the limit, for the case that nobody is left to end us."""


def main() -> None:
    """Do what is asked until the input ends."""
    os.nice(NICE)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the gateway, which ends the rest
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    asked, told = sys.stdin.buffer, sys.stdout.buffer
    read = msgspec.msgpack.Decoder(Job)
    while content := _message(asked):
        job = read.decode(content)
        _bound(job)
        done = _tried(job)
        signal.setitimer(signal.ITIMER_REAL, 0)
        told.writelines(packed(done))
        told.flush()


def _message(asked: BinaryIO) -> bytes:
    head = asked.read(LENGTH)
    return asked.read(int.from_bytes(head, "big")) if len(head) == LENGTH else b""


def _bound(job: Job) -> None:
    """Let the job have so much memory and time and no file."""
    signal.setitimer(signal.ITIMER_REAL, job.limits.seconds + _LATE)
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    least = job.limits.memory if most == resource.RLIM_INFINITY else min(job.limits.memory, most)
    resource.setrlimit(resource.RLIMIT_AS, (least, most))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    Image.MAX_IMAGE_PIXELS = job.limits.pixels


def _tried(job: Job) -> Done:
    try:
        return _done(job)
    except BadPicture as bad:
        return Done(type(bad).__name__, bad.description)
    except MemoryError:
        return Done(TookTooLong.__name__, TookTooLong().description)
    except (OSError, SyntaxError, ValueError, ArithmeticError, LookupError, TypeError,
            AttributeError, Image.DecompressionBombError,
            Image.DecompressionBombWarning):  # fmt: skip
        return Done(NotAPicture.__name__, NotAPicture().description)


def _done(job: Job) -> Done:
    """Do it; every branch is a job of `wire.Job`."""
    done = Done()
    match job.name:
        case "probe":
            done.size = drawing.measured(job.data, job.limits)
        case "strip":
            done.parts = [drawing.stripped(job.data, job.limits)]
            done.turned = drawing.is_turned(done.parts[0])
        case "turn":
            done.parts = [drawing.upright(job.data, job.limits)]
        case "thumbnail":
            done.parts = [drawing.thumbnail(job.data, Thumbnail(job.size), job.limits)]
        case "cut":
            done.parts = drawing.cut(job.data, job.limits)
        case "widen":
            done.parts = drawing.widen(job.data, Margins(*job.margins), job.limits)
        case _:
            frame = drawing.poster(job.data, job.limits)
            done.parts = [] if frame is None else [frame]
    return done


if __name__ == "__main__":
    main()
