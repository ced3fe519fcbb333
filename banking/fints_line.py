"""The line to the bank: HTTPS with an end to every wait, and a reply that is whole or none.

A reply that is no FinTS message from its first segment to its last is named so here, before
python-fints could take it for a wrong PIN. Redirections are not followed: nothing sends the PIN to
another address than the settings name, and the environment has no word: neither a proxy nor
authorities nor passwords (``.netrc``) are taken from it.
"""

import base64
import binascii

import requests
from fints.connection import FinTSHTTPSConnection
from fints.exceptions import FinTSConnectionError
from fints.message import FinTSInstituteMessage, FinTSMessage
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from banking.fetch_troubles import FetchTrouble

_LARGEST_REPLY = 256 * 1024 * 1024
_PIECE = 256 * 1024
_FIRST, _LAST = "HNHBK", "HNHBS"


class LineTrouble(FinTSConnectionError):  # type: ignore[misc]  # noqa: N818  # the library has no types; no error of ours
    """The bank was not reached, or did not answer as a bank."""

    def __init__(self, trouble: FetchTrouble, detail: str = "") -> None:
        super().__init__(trouble.value)
        self.trouble = trouble
        self.detail = detail


class Line(FinTSHTTPSConnection):  # type: ignore[misc]  # as above
    """One bank's address. ``ca_file`` names the authority to trust instead of certifi's."""

    def __init__(
        self, url: str, *, ca_file: str, connect_seconds: float, reply_seconds: float
    ) -> None:
        super().__init__(url)
        self.session.trust_env = False
        self._verify = ca_file or DEFAULT_CA_BUNDLE_PATH
        self._timeout = (connect_seconds, reply_seconds)

    def send(self, msg: FinTSMessage) -> FinTSInstituteMessage:
        """The bank's reply to a message. Raises LineTrouble."""
        body = self._posted(base64.b64encode(msg.render_bytes()))
        try:
            reply = FinTSInstituteMessage(
                segments=base64.b64decode(b"".join(body.split()), validate=True)
            )
            ends = [reply.segments[0].header.type, reply.segments[-1].header.type]
        # The library's parser raises whatever its code runs into.
        except Exception as error:  # noqa: BLE001
            kind = "base64" if isinstance(error, binascii.Error) else type(error).__name__
            raise LineTrouble(FetchTrouble.STRANGE_REPLY, kind) from None
        if ends != [_FIRST, _LAST]:
            raise LineTrouble(FetchTrouble.STRANGE_REPLY, "cut off")
        return reply

    def _posted(self, message: bytes) -> bytes:
        try:
            with self.session.post(
                self.url,
                data=message,
                headers={"Content-Type": "text/plain"},
                timeout=self._timeout,
                verify=self._verify,
                allow_redirects=False,
                stream=True,
            ) as reply:
                if reply.status_code != requests.codes.ok:
                    raise LineTrouble(FetchTrouble.HTTP_ERROR, str(reply.status_code))
                pieces, size = [], 0
                for piece in reply.iter_content(_PIECE):
                    pieces.append(piece)
                    size += len(piece)
                    if size > _LARGEST_REPLY:
                        raise LineTrouble(FetchTrouble.STRANGE_REPLY, "too large")
                return b"".join(pieces)
        except requests.exceptions.SSLError as error:
            # A line torn in the middle of TLS is an SSLError too.
            refused = "certificate" in str(error).lower()
            trouble = FetchTrouble.CERTIFICATE if refused else FetchTrouble.UNREACHABLE
            raise LineTrouble(trouble) from None
        except requests.exceptions.ConnectTimeout:
            raise LineTrouble(FetchTrouble.UNREACHABLE, "no connection in time") from None
        except (requests.exceptions.Timeout, TimeoutError):
            raise LineTrouble(FetchTrouble.TIME_OUT) from None
        except (requests.RequestException, OSError) as error:
            # While a body is read, requests says ConnectionError for a time-out, too.
            late = "timed out" in str(error).lower()
            trouble = FetchTrouble.TIME_OUT if late else FetchTrouble.UNREACHABLE
            raise LineTrouble(trouble, type(error).__name__) from None
