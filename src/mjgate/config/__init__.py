"""
Every option of the program: its default, its explanation, and where its value came from.

The command line comes first, then the environment (`MJGATE_<NAME>`, or `MJGATE_<NAME>_FILE` for a
secret), then the file named by `--config` or `MJGATE_CONFIG`, then the default.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from mjgate.config.options import Shown, option
from mjgate.config.values import (
    DATABASE_URL,
    ENDPOINT,
    FLAG,
    HOST,
    HOSTS,
    MEDIA_URL,
    NETWORKS,
    ORIGINS,
    PATH,
    PRIVATE_HOSTS,
    PUBLIC_URL,
    SIZE,
    SMTP_URL,
    TEXT,
    ZONE,
    choice,
    decimal,
    secret,
    secrets,
    whole,
)

_DATA_DIR = Path("data")
_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  what is replaced, not listened on
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class ConfigError(Exception):
    """
    An option has a value that cannot be used; the text names it, its source and what may be.

    `step` is what to type next, unless it is the command line that is wrong.
    """

    def __init__(self, text: str, step: str = "") -> None:
        super().__init__(text)
        self.step = step


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """Every option; `sources.load` reads and checks what people typed."""

    data_dir: Path = option(  # noqa: RUF009  a path does not change, and `option` makes a field
        _DATA_DIR,
        "Where the database, the master key and the pictures are kept.",
        PATH,
        flag="--data-dir",
        otherwise="./data",
    )
    database_url: str = option(
        "",
        "Where tasks and money are kept: a file of SQLite's, or a PostgreSQL server.",
        DATABASE_URL,
        flag="--database-url",
        shown=Shown.WITHOUT_PASSWORD,
        otherwise="mjgate.db in the data directory",
    )
    host: str = option("127.0.0.1", "Address to listen on.", HOST, flag="--host")
    port: int = option(
        8000, "Port to listen on; 0 takes a free one.", whole(0, 65535), flag="--port"
    )
    public_url: str = option(
        "",
        "How clients reach us; the addresses of pictures begin with it.",
        PUBLIC_URL,
        flag="--public-url",
        otherwise="http://HOST:PORT",
    )
    media_url: str = option(
        "",
        "Where pictures and clips are kept: s3://bucket/prefix (needs the extra `s3`).",
        MEDIA_URL,
        otherwise="blobs in the data directory",
    )
    s3_endpoint: str = option(
        "", "Address of an S3 store that is not AWS's.", ENDPOINT, otherwise="that of AWS"
    )
    s3_region: str = option("us-east-1", "Region of the bucket.", TEXT)
    s3_key: str = option(
        "",
        "Key id that opens the bucket.",
        TEXT,
        otherwise="what the machine provides (AWS_… variables, instance role)",
    )
    s3_secret: str = option("", "The secret to that key.", secret(8, 1024), shown=Shown.NEVER)
    link_days: int = option(
        0,
        "Days that an address of a picture opens it; the task shows a new one each day. 0: for"
        " ever.",
        whole(0, 36_500),
    )
    decoders: int = option(2, "Processes at most that take pictures apart.", whole(1, 64))
    secret_key: str = option(
        "",
        "The master key that encrypts and signs; without it one is made in the data directory."
        " PostgreSQL needs it, the same on every node.",
        secret(32, 1024),
        shown=Shown.NEVER,
        otherwise="secret.key in the data directory",
    )
    retired_secret_keys: tuple[str, ...] = option(
        (),
        "Master keys of before: what they signed still counts, and `mjgate keys rotate` reads what"
        " they encrypted.",
        secrets(32, 1024),
        shown=Shown.NEVER,
        otherwise="none",
    )
    admin_password: str = option(
        "",
        "Password of the first admin; counts only while there is no admin.",
        secret(12, 256),
        shown=Shown.NEVER,
        otherwise="a random one, printed once",
    )
    allow_private_hosts: tuple[str, ...] = option(
        (),
        "Private hosts that users' addresses may lead to; for development.",
        PRIVATE_HOSTS,
        otherwise="none",
    )
    allowed_hosts: tuple[str, ...] = option(
        (),
        "Host names that we answer under.",
        HOSTS,
        otherwise="the public URL's host and loopback",
    )
    metrics_token: str = option(
        "",
        "What opens /metrics, as `Authorization: Bearer …`; without it only this machine may ask.",
        secret(16, 1024),
        shown=Shown.NEVER,
        otherwise="none",
    )
    smtp_url: str = option(
        "",
        "The server that takes alerts by mail: smtp://user@host:587, or smtps:// where it is"
        " encrypted from the start.",
        SMTP_URL,
        shown=Shown.WITHOUT_PASSWORD,
        otherwise="none",
    )
    smtp_password: str = option(
        "", "The password to that server.", secret(1, 1024), shown=Shown.NEVER, otherwise="none"
    )
    smtp_from: str = option(
        "", "Who such mail comes from.", TEXT, otherwise="mjgate@ and the public URL's host"
    )
    trusted_proxies: tuple[str, ...] = option(
        (), "Proxies whose forwarded headers we believe.", NETWORKS, otherwise="none"
    )
    workers: int = option(1, "Processes that serve HTTP.", whole(1, 64), flag="--workers")
    no_workers: bool = option(
        False,  # noqa: FBT003  the default of a named option
        "Serve HTTP without background work; `mjgate work` does that elsewhere.",
        FLAG,
        flag="--no-workers",
    )
    body_limit: int = option(
        48 * 1024 * 1024, "Bytes that a submit may have.", SIZE, otherwise="48 MiB"
    )
    answer_wait: float = option(
        10.0,
        "Seconds that a submit waits for the channel's word before it answers.",
        decimal(0, 60, " seconds"),
    )
    cors_origins: tuple[str, ...] = option(
        ("*",), "Web pages that may call us; off when a proxy adds the headers.", ORIGINS
    )
    documents: bool = option(
        True,  # noqa: FBT003  the default of a named option
        "Whether /docs and /openapi.json are served.",
        FLAG,
    )
    timezone: str = option(
        "UTC",
        "Where statistics begin their days; days that were counted stay as they are.",
        ZONE,
    )
    log_format: str = option(
        "console", "How the log is written.", choice("console", "json"), flag="--log-format"
    )
    log_level: str = option(
        "info", "What is written to the log.", choice("debug", "info", "warning", "error")
    )
    log_prompts: bool = option(False, "Whether prompts may stand in the log.", FLAG)  # noqa: FBT003  the same
    time_scale: float = option(1.0, "Multiplies every long wait; for tests.", decimal(0.0001, 1000))
    fault_point: str = option("", "Where the program kills itself; for tests.", TEXT)
    clock_skew: float = option(
        0.0,
        "Seconds by which this machine's clock is taken to be wrong; for tests.",
        decimal(-86_400, 86_400, " seconds"),
    )
    sources: Mapping[str, str] = field(default_factory=dict[str, str], repr=False, compare=False)
    unknown: tuple[str, ...] = field(default=(), repr=False, compare=False)

    def __post_init__(self) -> None:
        """Fill in what depends on other options."""
        object.__setattr__(self, "data_dir", self.data_dir.absolute())
        if not self.database_url:
            object.__setattr__(self, "database_url", f"sqlite:///{self.data_dir / 'mjgate.db'}")

    def address(self, port: int | None = None) -> str:
        """The public URL, without a slash at its end; `port` is the one that was had for 0."""
        if self.public_url:
            return self.public_url
        host = _ANYWHERE.get(self.host, self.host)
        return f"http://{f'[{host}]' if ':' in host else host}:{port or self.port}"

    @property
    def hosts(self) -> tuple[str, ...]:
        """Names that we answer under; none while nothing says what they are: then any."""
        if not (self.public_url or self.allowed_hosts):
            return ()
        own = urlsplit(self.address()).hostname or ""
        return (*(self.allowed_hosts or sorted(_LOOPBACK)), own)

    @property
    def secret_key_file(self) -> Path:
        """Where the master key is kept when no option gives it."""
        return self.data_dir / "secret.key"

    @property
    def warnings(self) -> tuple[str, ...]:
        """What should not stay as it is where others can reach us, in sentences."""
        return (
            *self.unknown,
            *_test_switches(self),
            *_open_doors(self),
        )


def _test_switches(config: Config) -> list[str]:
    found: list[str] = []
    if config.time_scale != 1:
        found.append(
            f"MJGATE_TIME_SCALE is {config.time_scale:g}: deadlines and pauses are for tests only."
        )
    if config.fault_point:
        found.append(f"MJGATE_FAULT_POINT is set: this process ends itself {config.fault_point}.")
    if config.clock_skew:
        found.append(f"MJGATE_CLOCK_SKEW is {config.clock_skew:g}: the clock is wrong on purpose.")
    return found


def _open_doors(config: Config) -> list[str]:
    found: list[str] = []
    if config.allow_private_hosts:
        hosts = ", ".join(config.allow_private_hosts)
        found.append(f"MJGATE_ALLOW_PRIVATE_HOSTS lets users' addresses lead to {hosts}.")
    if config.host not in _LOOPBACK and not (config.public_url or config.allowed_hosts):
        found.append(
            "Set MJGATE_PUBLIC_URL: we listen beyond this machine, answer under any host name, and"
            f" the addresses of pictures begin with {config.address()}."
        )
    url = urlsplit(config.public_url)
    if url.scheme == "http" and url.hostname not in _LOOPBACK:
        found.append("MJGATE_PUBLIC_URL is plain http: keys travel in the open.")
    return found
