"""A way to the server that counts round trips and can be as long as a school's line."""

import socket
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from select import select
from time import perf_counter

from postgresql_server import PORT, Server

_MOST = 65536


@contextmanager
def relay(
    server: Server, folder: Path, *, one_way_seconds: float = 0.0
) -> Iterator[Callable[[], int]]:
    """A socket in ``folder`` that passes everything on; gives the round trips made so far."""
    name = f".s.PGSQL.{PORT}"
    turns = [0]
    with closing(socket.socket(socket.AF_UNIX)) as door:
        door.bind(str(folder / name))
        door.listen()

        def listen() -> None:
            with suppress(OSError):
                while True:
                    client, _ = door.accept()
                    behind = socket.socket(socket.AF_UNIX)
                    behind.connect(str(server.folder / name))
                    threading.Thread(
                        target=_pass_on, args=(client, behind, one_way_seconds, turns), daemon=True
                    ).start()

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        yield lambda: turns[0]
        door.shutdown(socket.SHUT_RDWR)
        thread.join(timeout=10)


def _pass_on(
    client: socket.socket, behind: socket.socket, one_way: float, turns: list[int]
) -> None:
    underway: deque[tuple[float, socket.socket, bytes]] = deque()
    last = behind
    with client, behind, suppress(OSError):
        while True:
            patience = max(0.0, underway[0][0] - perf_counter()) if underway else None
            for ready in select([client, behind], [], [], patience)[0]:
                said = ready.recv(_MOST)
                if not said:
                    return
                turns[0] += ready is client and last is behind
                last = ready
                to = behind if ready is client else client
                underway.append((perf_counter() + one_way, to, said))
            while underway and underway[0][0] <= perf_counter():
                _, to, said = underway.popleft()
                to.sendall(said)
