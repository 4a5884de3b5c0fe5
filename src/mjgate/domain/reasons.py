"""The closed lists of words that say why; clients, documents and stored rows rely on them."""

from enum import StrEnum


class Reason(StrEnum):
    """Why a request was refused. A closed list: clients and documents rely on the words."""

    BAD_JSON = "bad_json"
    MISSING_FIELD = "missing_field"
    BAD_FIELD = "bad_field"
    BAD_IMAGE = "bad_image"
    BAD_ADDRESS = "bad_address"
    PARENT_NOT_FOUND = "parent_not_found"
    PARENT_NOT_FINISHED = "parent_not_finished"
    PARENT_CHANNEL_GONE = "parent_channel_gone"
    PARENT_GONE_UPSTREAM = "parent_gone_upstream"
    UNSUPPORTED = "unsupported"
    MULTIPLE_JOBS = "multiple_jobs"
    LOOP = "loop"
    BANNED_WORD = "banned_word"
    QUEUE_FULL = "queue_full"
    NO_CHANNEL = "no_channel"
    UPSTREAM_REFUSED = "upstream_refused"
    QUOTA_NOT_ENOUGH = "quota_not_enough"
    BAD_KEY = "bad_key"
    KEY_DISABLED = "key_disabled"
    IP_NOT_ALLOWED = "ip_not_allowed"
    ACTION_NOT_ALLOWED = "action_not_allowed"
    MODE_NOT_ALLOWED = "mode_not_allowed"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    TOO_LARGE = "too_large"
    MEDIA_TYPE = "media_type"
    RATE_LIMITED = "rate_limited"
    IDEMPOTENCY_RUNNING = "idempotency_running"
    IDEMPOTENCY_MISMATCH = "idempotency_mismatch"
    ALREADY_FINISHED = "already_finished"
    BAD_HOST = "bad_host"
    OVERLOADED = "overloaded"
    INTERNAL = "internal"


class FailReason(StrEnum):
    """Why a task failed. A closed list, kept on the task beside the words for people."""

    CANCELLED = "cancelled"
    MODAL_EXPIRED = "modal_expired"
    QUEUE_TIMEOUT = "queue_timeout"
    DEADLINE_NO_PROGRESS = "deadline_no_progress"
    DEADLINE_TOTAL = "deadline_total"
    ORPHAN = "orphan"
    MODERATED = "moderated"
    UPSTREAM_FAILED = "upstream_failed"
    UPSTREAM_CONFLICT = "upstream_conflict"
    CHANNEL_GONE = "channel_gone"
    NO_CHANNEL = "no_channel"
    ADMIN = "admin"
    BANNED_WORD = "banned_word"
    BAD_IMAGE = "bad_image"
    PARENT_GONE_UPSTREAM = "parent_gone_upstream"
    UPSTREAM_REFUSED = "upstream_refused"


class Verdict(StrEnum):
    """What follows from a channel's refusal (the outcome table of the engine)."""

    CONTENT = "content"  # the content is refused: no other channel is asked
    PARENT_GONE = "parent_gone"  # the provider lost the parent task
    BUSY = "busy"  # full now: the channel pauses, the task waits
    CHANNEL = "channel"  # this channel cannot or will not: try the next
    CREDENTIAL = "credential"  # as CHANNEL, and the operator has to look at key or balance
    REQUEST = "request"  # the request itself is refused by this channel's form of it
