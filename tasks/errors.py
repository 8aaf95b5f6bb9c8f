"""Who can mend a failure, and whether time heals it.

`Transient` is retried by the task policies; `Terminal` never is. Messages say what, where,
how many, and what to do next.
"""


class RatchetError(Exception):
    """Everything Ratchet raises on purpose."""


class Transient(RatchetError):
    """Time may heal it: a lost connection, a locked file, a race that was lost."""


class Terminal(RatchetError):
    """Trying again changes nothing; a person or another delivery must."""


class Refused(Terminal):
    """A delivery is refused whole: it stays in landing, and the lake is as it was.

    `code` is a short stable name (`empty_file`, `columns_mismatch`, ...); the message names the
    table, the partition and the first bad cell, and says what to do.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class Leakage(Terminal):
    """A feature of a row changed when rows known only later were taken away."""


class NotEnoughData(Terminal):
    """Too few complete days or labels to train or to judge on."""


class Corrupt(Terminal):
    """Stored bytes are not the bytes that were recorded; nothing was loaded from them."""


class Conflict(Transient):
    """Somebody else wrote first: read again and decide again."""
