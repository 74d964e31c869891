"""A small process between netassist and a program it starts: however netassist ends, SIGKILL included, the program ends too.

It is run as a file (``python -I -S lifeline.py FOLDER PROGRAM ARGUMENT…``) and holds the program in its own process group.
Its standard input is a pipe that netassist never writes to: its end means that netassist is gone. The death signal of Linux
(PR_SET_PDEATHSIG) would be shorter, but the kernel clears it for programs with file capabilities, which Nmap often has.
"""

from __future__ import annotations

import errno
import os
import select
import signal
import sys

NOT_STARTED, NOT_FOUND = 126, 127
"""Exit codes where the program could not be started; the reason is on standard error. The shell has the same two."""
GRACE = 2.0
"""Seconds that the program gets to write out what it has."""


def main(folder: str, program: str, *arguments: str) -> int:
    """Run the program; its exit code, or 128 and the number of the signal that ended it."""
    # A handler, not SIG_IGN, which the program would inherit: a signal to the group is for the program.
    signal.signal(signal.SIGTERM, lambda *_: None)
    gone, held = os.pipe()
    os.set_inheritable(held, True)
    nothing_to_read = (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)
    try:
        child = os.posix_spawn(
            program, (program, *arguments), os.environ, file_actions=[nothing_to_read], setsigdef=[signal.SIGPIPE]
        )
    except OSError as error:
        print(error.strerror, file=sys.stderr)
        return NOT_FOUND if error.errno == errno.ENOENT else NOT_STARTED
    os.close(held)
    # `gone` ends when the program does, for it alone holds the other end.
    if gone not in select.select([sys.stdin.fileno(), gone], [], [])[0]:
        os.killpg(0, signal.SIGTERM)
        if not select.select([gone], [], [], GRACE)[0]:
            os.kill(child, signal.SIGKILL)
        import shutil

        shutil.rmtree(folder, ignore_errors=True)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
