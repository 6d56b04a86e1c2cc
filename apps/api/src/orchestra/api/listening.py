"""The socket that the API, or the gateway alone, is served on."""

import socket

from orchestra.shared.errors import Invalid, Unavailable
from orchestra.shared.settings import Settings

_BACKLOG = 2048


def listen(settings: Settings) -> socket.socket:
    """A socket that listens where the settings say.

    Raises:
        Invalid: the address is not one that may be served.
        Unavailable: the port is taken.
    """
    if settings.host not in ("127.0.0.1", "::1", "localhost") and not settings.public_url:
        raise Invalid(
            f"`{settings.host}` is not a loopback address",
            hint="set ORCHESTRA_PUBLIC_URL to the address that clients use, and put TLS in front",
        )
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # with the protocol named, asyncio knows that it is TCP and sends small answers at once
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.host, settings.port))
    except OSError as error:
        listening.close()
        raise Unavailable(
            f"port {settings.port} of `{settings.host}` cannot be served ({error.strerror})",
            hint="choose another with --port, or 0 for any free one; `orchestra status` says"
            " whether Orchestra runs already",
        ) from None
    listening.listen(_BACKLOG)
    return listening
