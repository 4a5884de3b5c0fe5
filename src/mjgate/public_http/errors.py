"""
Why an address could not be read, in words that a user may see.

FetchError
├── Unreachable        no connection
├── TooSlow            no answer in time
├── AnswerTooLarge     more bytes than were asked for
├── BrokenAnswer       cut off, compressed, not HTTP
└── TooManyRedirects
"""

from collections.abc import Generator
from contextlib import contextmanager

from aiohttp import (
    ClientConnectorCertificateError,
    ClientConnectorDNSError,
    ClientConnectorSSLError,
    ClientError,
    ClientOSError,
)

from mjgate.domain.errors import GatewayError


class FetchError(GatewayError):
    """The address could not be read."""

    def __init__(self, description: str | None = None) -> None:
        self.description = description or type(self).__doc__ or ""  # may be shown to users
        super().__init__(self.description)


class Unreachable(FetchError):
    """No connection to the address could be made."""


class TooSlow(FetchError):
    """The address did not answer in time."""


class AnswerTooLarge(FetchError):
    """The answer is too large."""


class BrokenAnswer(FetchError):
    """The answer was cut off or is not proper HTTP."""


class TooManyRedirects(FetchError):
    """The address leads on to others too many times."""


@contextmanager
def told() -> Generator[None]:
    """Turn what the HTTP library and the system raise into a FetchError."""
    try:
        yield
    except TimeoutError as wrong:
        raise TooSlow from wrong
    except ClientConnectorDNSError as wrong:
        raise Unreachable("The host of the address is not known.") from wrong
    except (ClientConnectorCertificateError, ClientConnectorSSLError) as wrong:
        raise Unreachable("The address has no valid certificate.") from wrong
    except ClientOSError as wrong:
        raise Unreachable from wrong
    except (ClientError, OSError, ValueError) as wrong:
        raise BrokenAnswer from wrong
