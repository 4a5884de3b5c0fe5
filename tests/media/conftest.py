"""`kept_in`: a rig whose pictures go to a directory, and one whose pictures go to a bucket."""

import os
from collections.abc import AsyncGenerator
from dataclasses import replace

import httpx
import pytest

from mjgate.files import Blobs, Files, bucket
from mjgate.lifecycle.copies import Copies
from mjgate.lifecycle.track import Tracker
from mjgate.web import WebSettings, create_app
from tests.rig import Rig
from tests.s3 import S3


def restarted(rig: Rig, files: Blobs) -> None:
    """Begin anew with what is in the database and in `files`; nothing is remembered."""
    rig.gateway = replace(rig.gateway, files=files, copies=Copies())
    rig.app = create_app(rig.gateway, WebSettings())
    rig.client = httpx.AsyncClient(
        transport=httpx.ASGITransport(rig.app), base_url="http://gateway"
    )
    rig.tracker = Tracker(rig.gateway)


@pytest.fixture(params=["directory", "bucket"])
async def kept_in(request: pytest.FixtureRequest, rig: Rig) -> AsyncGenerator[Rig]:
    files = rig.gateway.files
    assert isinstance(files, Files)
    if request.param == "bucket":
        server: S3 = request.getfixturevalue("s3_server")
        place = server.place(f"b-{os.urandom(8).hex()}")
        restarted(rig, bucket(place, files.root / "drafts"))
    yield rig
    await rig.gateway.copies.close()
    await rig.gateway.files.close()
