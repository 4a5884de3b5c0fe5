"""`blobs`: an empty place for bytes, once a directory and once a bucket of a real S3 server."""

from collections.abc import AsyncGenerator
from pathlib import Path
from uuid import uuid4

import pytest

from mjgate.files import Blobs, Files, bucket
from tests.s3 import S3


@pytest.fixture(params=["directory", "bucket"])
async def blobs(
    request: pytest.FixtureRequest, tmp_path: Path, loopback: None
) -> AsyncGenerator[Blobs]:
    del loopback
    made: Blobs
    if request.param == "directory":
        made = Files(tmp_path / "blobs")
    else:
        server: S3 = request.getfixturevalue("s3_server")
        made = bucket(server.place(f"bucket-{uuid4().hex}"), tmp_path / "drafts")
    yield made
    await made.close()
