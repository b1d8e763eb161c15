"""The base of all our errors: what went wrong, where, and what to do next.

Commands catch `CopperError` and nothing wider: a bug keeps its traceback.
"""

from __future__ import annotations


class CopperError(Exception):
    """Something that a person can put right.

    Attributes:
        what: what went wrong, in plain words.
        where: the file (`file`, `file:line` or `file:line:column`), topic or address, or None.
        next_step: what to do next, or None.
        exit_code: the exit code of a command that ends with this error.
    """

    exit_code = 2

    def __init__(self, what: str, *, where: str | None = None, next_step: str | None = None) -> None:
        self.what = what
        self.where = where
        self.next_step = next_step
        super().__init__(what, where, next_step)

    def __str__(self) -> str:
        """The whole of it on one line: `where: what; next step`."""
        head = f"{self.where}: {self.what}" if self.where else self.what
        return f"{head}; {self.next_step}" if self.next_step else head
