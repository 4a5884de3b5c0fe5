"""
What can go wrong, by what may be done next.

GatewayError
├── Refused              the request cannot be served as it is; says why, with a stable reason
│   ├── wrong field      MissingField BadField BadImage BadAddress Unsupported …          4
│   ├── wrong parent     ParentNotFound NotFinished ChannelGone GoneUpstream              4
│   ├── not now          QueueFull 23 · NoChannel 3 · RateLimited 429 · Overloaded 503
│   ├── not this         BannedWord 24 · UpstreamRefused 9 · AlreadyFinished 4
│   ├── not you          BadKey 401 · QuotaNotEnough 402 · KeyDisabled … ModeNotAllowed 403
│   └── not like that    BadJson 400 · NotFound 404 · TooLarge 413 · BadHost 421 · …
└── UpstreamError        a channel failed us
    ├── NotSent          it certainly did not get the request: try another channel
    ├── Rejected         it read the request and said no: `verdict` says what follows
    └── Unanswered       it may have got it: never send again

A class carries its protocol code, HTTP status and reason; its docstring is the default description.
"""

from collections.abc import Mapping
from inspect import getdoc
from typing import ClassVar

from mjgate.domain.reasons import Reason, Verdict


class GatewayError(Exception):
    """Something the gateway can name."""


class Refused(GatewayError):
    """The request cannot be served."""

    code: ClassVar[int] = 4
    status: ClassVar[int] = 200
    reason: ClassVar[Reason] = Reason.INTERNAL

    def __init__(
        self,
        description: str | None = None,
        *,
        field: str | None = None,
        properties: Mapping[str, object] | None = None,
        retry_after: int | None = None,
    ) -> None:
        self.description = description or getdoc(type(self)) or "Refused."
        self.field = field
        self.properties = dict(properties or {})
        self.retry_after = retry_after
        super().__init__(self.description)


class MissingField(Refused):
    """A required field is missing."""

    reason = Reason.MISSING_FIELD


class BadField(Refused):
    """A field has a value that cannot be used."""

    reason = Reason.BAD_FIELD


class BadImage(Refused):
    """An image is not a PNG, JPEG, WebP or GIF that can be read."""

    reason = Reason.BAD_IMAGE


class BadAddress(Refused):
    """An address cannot be used: it must be a public http or https URL."""

    reason = Reason.BAD_ADDRESS


class Unsupported(Refused):
    """No configured channel offers this action in this mode."""

    reason = Reason.UNSUPPORTED


class MultipleJobs(Refused):
    """The prompt asks for several jobs whose number cannot be counted; submit them one by one."""

    reason = Reason.MULTIPLE_JOBS


class Loop(Refused):
    """The request has come back to a gateway that already sent it."""

    reason = Reason.LOOP


class ParentNotFound(Refused):
    """The task named by taskId does not exist."""

    reason = Reason.PARENT_NOT_FOUND


class ParentNotFinished(Refused):
    """The task named by taskId is not finished yet."""

    reason = Reason.PARENT_NOT_FINISHED


class ParentChannelGone(Refused):
    """The channel that made the picture is gone; start again from the picture itself."""

    reason = Reason.PARENT_CHANNEL_GONE


class ParentGoneUpstream(Refused):
    """The provider no longer knows the task that this one follows."""

    reason = Reason.PARENT_GONE_UPSTREAM


class AlreadyFinished(Refused):
    """The task is finished already."""

    reason = Reason.ALREADY_FINISHED


class BannedWord(Refused):
    """The prompt has a word that is not allowed."""

    code = 24
    reason = Reason.BANNED_WORD


class QueueFull(Refused):
    """The queue is full, try again later."""

    code = 23
    reason = Reason.QUEUE_FULL


class NoChannel(Refused):
    """Every channel that could take this task is out of service."""

    code = 3
    reason = Reason.NO_CHANNEL


class UpstreamRefused(Refused):
    """The provider refused the task."""

    code = 9
    reason = Reason.UPSTREAM_REFUSED


class BadJson(Refused):
    """The body is not a JSON object."""

    status = 400
    reason = Reason.BAD_JSON


class BadKey(Refused):
    """The key is missing, unknown, expired or revoked; send it as 'Authorization: Bearer <key>'."""

    status = 401
    reason = Reason.BAD_KEY


class QuotaNotEnough(Refused):
    """The balance does not cover the price of this task."""

    status = 402
    reason = Reason.QUOTA_NOT_ENOUGH


class KeyDisabled(Refused):
    """The key or its user is disabled; ask the operator."""

    status = 403
    reason = Reason.KEY_DISABLED


class IpNotAllowed(Refused):
    """The key may not be used from this address."""

    status = 403
    reason = Reason.IP_NOT_ALLOWED


class ActionNotAllowed(Refused):
    """The key may not use this action."""

    status = 403
    reason = Reason.ACTION_NOT_ALLOWED


class ModeNotAllowed(Refused):
    """The key may not use this mode."""

    status = 403
    reason = Reason.MODE_NOT_ALLOWED


class NotFound(Refused):
    """There is nothing at this address."""

    status = 404
    reason = Reason.NOT_FOUND


class MethodNotAllowed(Refused):
    """The address is right but not the method."""

    status = 405
    reason = Reason.METHOD_NOT_ALLOWED


class IdempotencyRunning(Refused):
    """The first request with this Idempotency-Key is still running; ask again in a moment."""

    status = 409
    reason = Reason.IDEMPOTENCY_RUNNING


class IdempotencyMismatch(Refused):
    """This Idempotency-Key was used with another body; take a new key for a new request."""

    status = 422
    reason = Reason.IDEMPOTENCY_MISMATCH


class TooLarge(Refused):
    """The body is too large."""

    status = 413
    reason = Reason.TOO_LARGE


class MediaType(Refused):
    """The body must be JSON, sent without Content-Encoding."""

    status = 415
    reason = Reason.MEDIA_TYPE


class BadHost(Refused):
    """This server does not answer under that host name."""

    status = 421
    reason = Reason.BAD_HOST


class RateLimited(Refused):
    """Too many requests, slow down."""

    status = 429
    reason = Reason.RATE_LIMITED


class Internal(Refused):
    """Something went wrong here; it is in the log under the requestId."""

    status = 500
    reason = Reason.INTERNAL


class Overloaded(Refused):
    """The gateway cannot take this now, try again in a moment."""

    status = 503
    reason = Reason.OVERLOADED


class UpstreamError(GatewayError):
    """A channel failed us; the text is for the operator, not for users."""


class NotSent(UpstreamError):
    """The channel certainly did not get the request."""


class Unanswered(UpstreamError):
    """The channel may have got the request, but its answer says nothing certain."""


class Rejected(UpstreamError):
    """The channel read the request and said no."""

    def __init__(
        self,
        verdict: Verdict,
        text: str,
        *,
        reason: Reason = Reason.UPSTREAM_REFUSED,
        properties: Mapping[str, object] | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(text)
        self.verdict = verdict
        self.reason = reason
        self.properties = dict(properties or {})
        self.retry_after = retry_after
