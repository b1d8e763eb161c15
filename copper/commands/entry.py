"""Where both commands begin and end: our errors as sentences with their exit code, a bug with its traceback.

It imports nothing that takes time before it stands ready for Ctrl-C.
"""

from __future__ import annotations

import _thread
import errno
import io
import os
import signal
import sys
import threading
from importlib import import_module
from typing import NoReturn

EXIT_USAGE = 2
EXIT_INTERRUPTED = 130

_UNWRITABLE = {errno.ENOSPC, errno.EBADF, errno.EIO, errno.EFBIG, errno.EDQUOT}


def copper() -> NoReturn:
    """The command `copper`."""
    sys.exit(_run("copper", "copper.commands.workflows"))


def copper_trace() -> NoReturn:
    """The command `copper-trace`."""
    sys.exit(_run("copper-trace", "copper.commands.tracing"))


def _run(name: str, module: str) -> int:
    """Run the click command that a module of ours calls `command`, and say how it ended."""
    try:
        _open_closed()
        keep_interrupts()
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="replace")  # a terminal that knows no ✔ gets a ?
        return _call(name, module)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        _give_up_stdout()  # whoever reads us has read enough
        return 0
    except OSError as error:
        if error.errno not in _UNWRITABLE or error.filename is not None:
            raise
        _give_up_stdout()
        _say(f"{name}: standard output can't be written: {error.strerror}")
        return EXIT_USAGE


def keep_interrupts() -> None:
    """Let Ctrl-C come again when it fell into a destructor, where Python swallows it and prints a traceback."""
    before = sys.unraisablehook

    def hook(lost: sys.UnraisableHookArgs) -> None:
        if issubclass(lost.exc_type, KeyboardInterrupt):
            # a little later, and not from here: it would be swallowed a second time
            threading.Timer(0.01, _thread.interrupt_main).start()
        else:
            before(lost)

    sys.unraisablehook = hook


def _open_closed() -> None:
    """Where the shell closed a standard stream (`2>&-`), no file of ours may take its number: programs write there."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # noqa: FBT003  its own signature


def _call(name: str, module: str) -> int:
    import click  # noqa: PLC0415  only now: see above

    from tracer.errors import CopperError  # noqa: PLC0415

    try:
        code = import_module(module).command(standalone_mode=False)
    except CopperError as error:
        _say(f"{name}: {error}")
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        return EXIT_INTERRUPTED
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        _give_up_stdout()
    return code if isinstance(code, int) else 0


def _say(text: str) -> None:
    if sys.stderr is not None:
        try:
            print(text, file=sys.stderr, flush=True)  # noqa: T201  click may not be there yet
        except OSError:
            return  # there is nobody left to tell


def _give_up_stdout() -> None:
    """What is left in the buffer would raise again when Python ends."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
