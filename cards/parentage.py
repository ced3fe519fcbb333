"""Processes that do not outlive the one that started them.

The kernel keeps the promise (``PR_SET_PDEATHSIG``, prctl(2)), so it holds for a parent that
is killed as well. It is bound to the thread that started the process: a process started from
a thread that ends is killed with that thread. The promise survives an exec.
"""

import ctypes
import os
import signal

_PR_SET_PDEATHSIG = 1


def die_with(parent: int) -> None:
    """Have this process killed as soon as its parent, given by its id, is gone.

    Raises OSError where the kernel refuses, SystemExit where the parent is gone already.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl refuses PR_SET_PDEATHSIG")
    if os.getppid() != parent:
        raise SystemExit(1)
