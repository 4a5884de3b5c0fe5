"""
Clients that nobody here wrote, as far as they can be told from outside: their exact sequences.

Each is written from what such programs send and read, not from what we would like them to. `wait`
stands for the pause that a client makes between two looks.
"""

import io
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import msgspec
from PIL import Image

Json = Any
Wait = Callable[[], Awaitable[None]]


class ShownError(Exception):
    """What the client shows to its user."""


@dataclass
class Client:
    """Whom it calls, with which key, and how it waits."""

    http: httpx.AsyncClient
    base: str
    key: str
    wait: Wait


class Page(Client):
    """Web client one: a page of another origin, with the key in `mj-api-secret`."""

    origin = "https://draw.example"
    most_looks = 100

    async def call(self, method: str, path: str, body: Json = None) -> httpx.Response:
        """As a browser does it: a preflight first, and nothing to see without the header."""
        headers = {"content-type": "application/json", "mj-api-secret": self.key, "x-ptoken": "p"}
        asks = {
            "Origin": self.origin,
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": ",".join(headers),
        }
        before = await self.http.options(self.base + path, headers=asks)
        allowed = before.headers["access-control-allow-headers"].replace(" ", "").split(",")
        assert before.is_success
        assert set(headers) <= set(allowed)
        assert method in before.headers["access-control-allow-methods"]
        answer = await self.http.request(
            method, self.base + path, json=body, headers=headers | {"Origin": self.origin}
        )
        self.may_see(answer)
        return answer

    def may_see(self, answer: httpx.Response) -> None:
        """A browser shows an answer to the page only with this header, and only once."""
        assert answer.headers.get_list("access-control-allow-origin") in (["*"], [self.origin])

    async def submit(self, path: str, body: Json, *, always: bool = False) -> str:
        """Submit; where a window waits (or `always`: region and zoom) the modal follows."""
        said = (await self.call("POST", f"/mj/submit/{path}", body)).json()
        if said["code"] == 21 or (always and said["result"]):
            confirmed = {"taskId": said["result"]}
            if "confirm" in said["description"]:
                confirmed["prompt"] = said["properties"]["finalPrompt"]
            said = (await self.call("POST", "/mj/submit/modal", confirmed)).json()
        if said["code"] not in {1, 22}:
            raise ShownError(said["description"])
        return said["result"]

    async def drawn(self, task_id: str) -> Json:
        """Look at once, then ever again; silent on anything but 200."""
        for _ in range(self.most_looks):
            answer = await self.call("GET", f"/mj/task/{task_id}/fetch")
            if answer.status_code != 200:
                return None
            task = answer.json()
            if task["status"] == "SUCCESS":
                return task
            if task["status"] == "FAILURE":
                raise ShownError(task["failReason"])
            await self.wait()
        return None

    async def canvas(self, task: Json) -> Sequence[bytes]:
        """What it puts on the page: clips before pictures before the picture."""
        several = task["videoUrls"] or task["imageUrls"]
        addresses = [each["url"] for each in several] if several else [task["imageUrl"]]
        answers = [await self.http.get(each, headers={"Origin": self.origin}) for each in addresses]
        for answer in answers:
            self.may_see(answer)
        return [answer.content for answer in answers if answer.is_success]

    def buttons(self, task: Json, *parts: str) -> Sequence[str]:
        """The customIds with all these parts; it draws each button by its label and emoji."""
        drawn = [len(each["label"]) + len(each["emoji"]) for each in task["buttons"]]
        assert all(drawn)
        found = (each["customId"] for each in task["buttons"])
        return [each for each in found if all(part in each for part in parts)]


class Server(Client):
    """Web client two: its own server, with the bare key and a streamed body; it reads `result`."""

    async def call(self, method: str, path: str, body: Json = None) -> Json:
        """Send chunks without a length; anything but 200 is an error whose message is shown."""
        headers = {"authorization": self.key, "content-type": "application/json; charset=utf-8"}

        async def chunks() -> AsyncGenerator[bytes]:
            for place in range(0, len(content), 7):
                yield content[place : place + 7]

        content = msgspec.json.encode(body)
        answer = await self.http.request(
            method, self.base + path, content=chunks() if body else None, headers=headers
        )
        if answer.status_code != 200:
            raise ShownError(answer.json()["message"])
        return answer.json()

    async def drawn(self, path: str, body: Json, confirm: Json = None) -> Json:
        """Submit, wait, look; on the first look it confirms a window with mask and prompt."""
        said = await self.call("POST", path, body)
        if not said["result"]:
            raise ShownError(said["description"])
        first = True
        for _ in range(100):
            await self.wait()
            task = await self.call("GET", f"/task/{said['result']}/fetch")
            if first and confirm and task["status"] == "MODAL":
                await self.call("POST", "/submit/modal", {"taskId": said["result"], **confirm})
            elif task["status"] == "SUCCESS":
                return task
            elif task["status"] == "FAILURE":
                raise ShownError(task["failReason"])
            first = False
        raise ShownError("timeout")


class Sdk(Client):
    """The package from npm: both headers at once, buttons by their labels."""

    most_looks = 150

    @property
    def headers(self) -> Mapping[str, str]:
        return {"mj-api-secret": self.key, "Authorization": f"Bearer {self.key}"}

    async def imagine(self, prompt: str) -> Json:
        answer = await self.http.post(
            f"{self.base}/mj/submit/imagine", json={"prompt": prompt}, headers=self.headers
        )
        return await self.drawn(answer.json()["result"])

    async def upscale(self, task: Json, number: int) -> Json:
        button = next(each for each in task["buttons"] if each["label"] == f"U{number}")
        answer = await self.http.post(
            f"{self.base}/mj/submit/action",
            json={"taskId": task["id"], "customId": button["customId"]},
            headers=self.headers,
        )
        return await self.drawn(answer.json()["result"])

    async def drawn(self, task_id: str) -> Json:
        for _ in range(self.most_looks):
            await self.wait()
            answer = await self.http.get(
                f"{self.base}/mj/task/{task_id}/fetch", headers=self.headers
            )
            task = answer.json()
            if task["status"] in {"SUCCESS", "FAILURE"}:
                return task
        raise ShownError("timeout")

    async def cut(self, task: Json) -> Sequence[tuple[int, int]]:
        """Fetch the picture without a key and cut it in four; the sizes of the pieces."""
        answer = await self.http.get(task["imageUrl"])
        with Image.open(io.BytesIO(answer.content)) as picture:
            across, down = picture.width // 2, picture.height // 2
            boxes = [(x, y, x + across, y + down) for y in (0, down) for x in (0, across)]
            return [picture.crop(box).size for box in boxes]


class Bot(Client):
    """A bot in Python: only code 1 is success, and members are read without asking for them."""

    async def call(self, method: str, path: str, body: Json = None) -> Json:
        answer = await self.http.request(
            method, f"{self.base}/mj{path}", json=body, headers={"mj-api-secret": self.key}
        )
        return answer.json()

    async def task_of(self, path: str, body: Json) -> str:
        said = await self.call("POST", f"/submit/{path}", body)
        if said["code"] != 1:
            raise ShownError(said["description"])
        return said["result"]

    async def report(self, task_id: str) -> str:
        """The line that it posts to its channel."""
        task: Json = {}
        for _ in range(100):
            task = await self.call("GET", f"/task/{task_id}/fetch")
            if task["status"] in {"SUCCESS", "FAILURE"}:
                break
            await self.wait()
        took = ((task["finishTime"] or 0) - task["startTime"]) // 1000
        words = (task["action"], task["prompt"], task["description"], task["state"])
        end = task["imageUrl"] if task["status"] == "SUCCESS" else task["failReason"]
        return " | ".join([*words, task["progress"], f"{took}s", end])


class GoButton(msgspec.Struct, forbid_unknown_fields=True):
    """As Go decodes it: each member of its type, or the whole answer is lost."""

    customId: str  # noqa: N815  the wire's own name
    emoji: str
    label: str
    type: int
    style: int


class GoMedia(msgspec.Struct):
    """One of several results."""

    url: str


class GoTask(msgspec.Struct):
    """A task in strict types; null is allowed where the protocol has it."""

    id: str
    action: str
    status: str
    progress: str
    prompt: str
    promptEn: str  # noqa: N815  the wire's own name, as those that follow
    description: str
    state: str
    submitTime: int | None  # noqa: N815  the wire's own name
    startTime: int | None  # noqa: N815  the wire's own name
    finishTime: int | None  # noqa: N815  the wire's own name
    failReason: str | None  # noqa: N815  the wire's own name
    imageUrl: str  # noqa: N815  the wire's own name
    imageUrls: list[GoMedia] | None  # noqa: N815  the wire's own name
    videoUrl: str  # noqa: N815  the wire's own name
    videoUrls: list[GoMedia] | None  # noqa: N815  the wire's own name
    buttons: list[GoButton]
    maskBase64: str  # noqa: N815  the wire's own name
    properties: dict[str, Any]


class Below(Client):
    """A gateway chained below us: it looks at all that is open with one list, and pays or not."""

    def __init__(self, http: httpx.AsyncClient, base: str, key: str, wait: Wait) -> None:
        super().__init__(http, base, key, wait)
        self.open: dict[str, GoTask | None] = {}
        self.done: dict[str, GoTask] = {}
        self.refunded: list[str] = []
        self.enabled = True

    async def relay(self, path: str, body: Json) -> bytes:
        """Pass a submit on; 21 and 22 are rewritten as text, and 3 switches the channel off."""
        answer = await self.http.post(
            f"{self.base}/mj/submit/{path}", json=body, headers={"mj-api-secret": self.key}
        )
        said = answer.json()
        if said["code"] == 3:
            self.enabled = False
        elif said["code"] in {1, 21, 22}:
            self.open[said["result"]] = None
        return answer.content.replace(b'"code":21', b'"code":1').replace(b'"code":22', b'"code":1')

    async def look(self) -> None:
        """One look at all that is open."""
        answer = await self.http.post(
            f"{self.base}/mj/task/list-by-condition",
            json={"ids": list(self.open)},
            headers={"mj-api-secret": self.key, "Content-Type": "application/json"},
            timeout=15,
        )
        for task in msgspec.json.decode(answer.content, type=list[GoTask]):
            failed = task.status == "FAILURE" or bool(task.failReason)
            self.open[task.id] = task
            if failed and task.progress == "100%":
                self.refunded.append(task.id)
            if task.status == "SUCCESS" or (failed and task.progress == "100%"):
                self.done[task.id] = task
                del self.open[task.id]

    async def follow(self) -> None:
        """Look until nothing is open."""
        for _ in range(20):
            if not self.open:
                return
            await self.wait()
            await self.look()
        raise ShownError("open for ever")

    async def seed(self, task_id: str) -> str:
        """Ask by GET, with a body that says null."""
        answer = await self.http.request(
            "GET",
            f"{self.base}/mj/task/{task_id}/image-seed",
            content=b"null",
            headers={"mj-api-secret": self.key, "Content-Type": "application/json"},
        )
        return str(answer.json()["result"])
