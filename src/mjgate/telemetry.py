"""
Logs: one line an event, as JSON or for people, with the id of the request it belongs to.

Modules say `log.info("task moved", extra={...})`; only this one knows how that is written. Secrets,
queries, bodies and signatures do not get past it, whoever logs them.
"""

import logging
import re
import sys
from collections.abc import Iterable
from contextvars import ContextVar
from typing import Any, Final, TextIO, cast

import structlog
from structlog.typing import EventDict, Processor

request_id: Final[ContextVar[str]] = ContextVar("request_id", default="")
"""The request that is being answered; each task of asyncio has its own."""

HIDDEN: Final = "****"

_SECRET_NAMES: Final = frozenset(
    {
        "access_token",
        "api_key",
        "authorization",
        "body",
        "cookie",
        "key",
        "mj_api_secret",
        "password",
        "query",
        "query_string",
        "secret",
        "secret_key",
        "set_cookie",
        "sig",
        "signature",
        "token",
        "webhook_signature",
    }
)
_PROMPT_NAMES: Final = frozenset({"prompt", "prompt_en", "final_prompt", "fail_text"})

_QUERY: Final = re.compile(r"((?:\b[a-z][a-z0-9+.-]*:/)?/[^\s?'\"<>]*)\?[^\s'\"<>]*", re.IGNORECASE)
_USERINFO: Final = re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^\s/@'\"]+@", re.IGNORECASE)
_KEY: Final = re.compile(r"\b(sk-|whsec_|Bearer\s+|Basic\s+)[A-Za-z0-9+/=._~-]{8,}", re.IGNORECASE)
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")

_DEEPEST: Final = 6


def configure(
    *, style: str = "console", level: str = "info", prompts: bool = False, to: TextIO | None = None
) -> None:
    """Write everything that is logged from here on to `to`, which is standard error by default."""
    stream = to or sys.stderr
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_collect(),
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _Redact(prompts=prompts),
                *_render(style, stream),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    logging.captureWarnings(capture=True)
    for chatty in ("asyncio", "uvicorn", "aiohttp"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, root.level))
    logging.getLogger("uvicorn.error").addFilter(_is_news)


def _is_news(record: logging.LogRecord) -> bool:
    """Not that an answer broke off: that was said before, with its reason."""
    return record.msg != "ASGI callable returned without completing response."


def redact(text: str) -> str:
    """The text without keys, user names in addresses, queries and control characters."""
    text = _CONTROL.sub("", text)
    text = _USERINFO.sub(rf"\1{HIDDEN}@", text)
    text = _QUERY.sub(rf"\1?{HIDDEN}", text)
    return _KEY.sub(rf"\1{HIDDEN}", text)


def _collect() -> list[Processor]:
    return [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        _add_request_id,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
    ]


def _render(style: str, stream: TextIO) -> list[Processor]:
    if style == "json":
        return [
            structlog.processors.EventRenamer("message"),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ]
    return [structlog.dev.ConsoleRenderer(colors=stream.isatty(), sort_keys=False)]


def _add_request_id(_logger: object, _method: str, event: EventDict) -> EventDict:
    if known := request_id.get():
        event["request_id"] = known
    return event


class _Redact:
    """Takes out of an event what nobody may read in a log."""

    def __init__(self, *, prompts: bool) -> None:
        self._names = _SECRET_NAMES if prompts else _SECRET_NAMES | _PROMPT_NAMES

    def __call__(self, _logger: object, _method: str, event: EventDict) -> EventDict:
        return {name: self._value(name, value, 0) for name, value in event.items()}

    def _value(self, name: str, value: Any, depth: int) -> Any:  # noqa: ANN401  whatever is logged
        if name.lower().replace("-", "_") in self._names:
            return HIDDEN
        if value is None or isinstance(value, bool | int | float):
            return value
        if depth < _DEEPEST and isinstance(value, dict):
            inner = cast("dict[object, object]", value)
            return {str(k): self._value(str(k), v, depth + 1) for k, v in inner.items()}
        if depth < _DEEPEST and isinstance(value, list | tuple | set | frozenset):
            parts = cast("Iterable[object]", value)
            return [self._value("", part, depth + 1) for part in parts]
        return redact(str(value))
