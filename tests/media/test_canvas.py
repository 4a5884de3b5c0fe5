"""What web clients do with a picture: a page of another origin draws it and reads its pixels."""

import asyncio
import shutil
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, async_playwright

from tests.cli.processes import ask
from tests.lifecycle.test_killed import Scene, scene
from tests.public_http.servers import head, serving

__all__ = ["scene"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(180),
    pytest.mark.usefixtures("loopback"),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]

DRAW = """
async (url) => {
    const picture = new Image();
    picture.crossOrigin = "anonymous";
    picture.src = url;
    await picture.decode();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [picture.naturalWidth, picture.naturalHeight];
    const context = canvas.getContext("2d");
    context.drawImage(picture, 0, 0);
    const pixels = context.getImageData(0, 0, canvas.width, canvas.height).data;
    return [canvas.width, canvas.height, pixels.some((value, n) => n % 4 < 3 && value > 0)];
}
"""


async def test_a_page_of_another_origin_draws_the_picture_on_a_canvas(scene: Scene) -> None:
    page_text = b"<!doctype html><title>elsewhere</title>"
    elsewhere = head(content_type="text/html", content_length=len(page_text)) + page_text
    with scene.gateway() as gateway:
        scene.submit(gateway.url, 1)
        task = await finished(scene, gateway.url)
        async with serving(elsewhere) as other, async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=chromium(), args=["--no-sandbox"]
            )
            page = await browser.new_page()
            await page.goto(other.url(host="127.0.0.1"))
            urls = [task["imageUrl"], task["thumbnailUrl"], *task["splitUrls"]]
            drawn = [await draw(page, url) for url in urls]
            await browser.close()

    whole, small, *cuts = drawn
    assert whole[:2] == [task["imageWidth"], task["imageHeight"]]
    assert max(small[:2]) == min(400, max(whole[:2]))
    assert [cut[0] for cut in cuts] == [whole[0] // 2] * 4
    assert all(each[2] for each in drawn)


async def draw(page: Page, url: str) -> list[int]:
    """Width, height, and whether there is any colour."""
    return await page.evaluate(DRAW, url)


async def finished(scene: Scene, url: str) -> Any:  # noqa: ANN401  JSON
    """The task, once its picture is measured: then it is ours."""
    fetch = partial(ask, f"{url}/mj/task/{scene.answered[0]}/fetch", key=scene.key)
    async with asyncio.timeout(60):
        while True:
            task = (await asyncio.to_thread(fetch))[1]
            if task["status"] == "SUCCESS":
                return task
            await asyncio.sleep(0.2)


def chromium() -> Path:
    """Debian's browser; nothing is downloaded."""
    found = shutil.which("chromium")
    assert found is not None, "apt-get install chromium"
    return Path(found)
