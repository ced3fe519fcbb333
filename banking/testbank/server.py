"""The bank's door: HTTPS on loopback, one POST of Base64 for each message.

Every connection has a thread and shakes hands there, so one that hangs or says nothing keeps no
other waiting. Faults of the line happen here. (FinTS 3.0, PIN/TAN, chapter B.8: transport.)
"""

import base64
import binascii
import contextlib
import http.server
import socket
import ssl
import struct
import sys
import threading
from http import HTTPStatus
from pathlib import Path
from typing import Any

from banking.testbank import NAME
from banking.testbank.bank import Bank, Reply
from banking.testbank.codec import LONGEST
from banking.testbank.faults import Fault
from banking.testbank.tls import server_context

PATH = "/fints"
_SILENCE = 120
"""Seconds after which a connection that says nothing is closed."""


class Door(http.server.ThreadingHTTPServer):
    """The listening socket on 127.0.0.1; ``bank`` is set before the first request."""

    daemon_threads = True
    request_queue_size = 64
    bank: Bank

    def __init__(self, port: int, certificates: Path) -> None:
        super().__init__(("127.0.0.1", port), _Visit)
        self.released = threading.Event()
        """Set when connections that are kept waiting may go."""
        self._context = server_context(certificates)

    @property
    def url(self) -> str:
        """Where the bank is met."""
        return f"https://localhost:{self.server_port}{PATH}"

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Shake hands in the connection's own thread."""
        request.settimeout(_SILENCE)
        with (
            contextlib.suppress(OSError),
            self._context.wrap_socket(request, server_side=True) as secured,
        ):
            super().finish_request(secured, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 (the base's)
        """A client that leaves in the middle is no event; a mistake of the bank is one."""
        trouble = sys.exc_info()[1]
        if not isinstance(trouble, OSError):
            self.bank.note_mistake(type(trouble).__name__)


class _Visit(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Door

    def version_string(self) -> str:
        return NAME

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the base's name)
        pass

    def do_GET(self) -> None:
        """Whoever looks with a browser is told what this is."""
        self._say(HTTPStatus.OK, f"{NAME}: FinTS 3.0 fuer Demo und Tests.\n".encode())

    def do_POST(self) -> None:
        """One message."""
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdigit() or int(length) > 2 * LONGEST:
            self.close_connection = True
            self._say(HTTPStatus.LENGTH_REQUIRED, b"")
            return
        body = self.rfile.read(int(length))
        try:
            message = base64.b64decode(body, validate=False)
        except binascii.Error:
            self._say(HTTPStatus.BAD_REQUEST, b"")
            return
        reply = self.server.bank.handle(message)
        if reply.fault is None or not self._misbehave(reply):
            self._say(HTTPStatus.OK, base64.b64encode(reply.message))

    def _misbehave(self, reply: Reply) -> bool:
        """Whether the fault was one of the line, and so the answer is done with."""
        whole = base64.b64encode(reply.message)
        match reply.fault:
            case Fault.TIMEOUT:
                self.server.released.clear()
                self.server.released.wait(_SILENCE)
                self._break()
            case Fault.RESET | Fault.RESET_UNHEARD:
                self._break()
            case Fault.HTTP_500:
                self._say(HTTPStatus.INTERNAL_SERVER_ERROR, b"Interner Fehler")
            case Fault.HTML_PAGE:
                page = f"<html><title>{NAME}</title><h1>Wartungsarbeiten</h1></html>"
                self._say(HTTPStatus.OK, page.encode(), kind="text/html")
            case Fault.TRUNCATED_BODY:
                self._say(HTTPStatus.OK, whole[: len(whole) // 2])
            case Fault.EMPTY_BODY:
                self._say(HTTPStatus.OK, b"")
            case Fault.NOT_BASE64:
                self._say(HTTPStatus.OK, reply.message)
            case Fault.CUT_SHORT:
                self._head(HTTPStatus.OK, len(whole), "text/plain")
                self.wfile.write(whole[: len(whole) // 2])
                self._break()
            case _:
                return False
        return True

    def _say(self, status: HTTPStatus, body: bytes, *, kind: str = "text/plain") -> None:
        self._head(status, len(body), kind)
        self.wfile.write(body)

    def _head(self, status: HTTPStatus, size: int, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(size))
        self.end_headers()

    def _break(self) -> None:
        self.close_connection = True
        self.wfile.flush()
        with contextlib.suppress(OSError, ssl.SSLError):
            # No lingering: the other side gets a reset, not an orderly end.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.shutdown(socket.SHUT_RDWR)
