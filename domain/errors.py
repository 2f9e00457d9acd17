"""
Why a command can fail.  (A refusal the business cares about is not here: it is a fact.)

* DomainError
  + Invalid      422  the command makes no sense on its own
  + Forbidden    403  this caller may never do this
  + NotFound     404  there is no such thing
  + Illegal      409  there is, but its state does not allow this
  + Conflict     409  somebody else got there first: look again
  + Unavailable  503  nothing was decided; the same command may be sent again
"""

from __future__ import annotations

from typing import ClassVar


class DomainError(Exception):
    """Never raised itself.  ``code`` is the stable name that a client may match on."""

    status: ClassVar[int]

    def __init__(self, code: str, detail: str = "", **context: object) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail
        self.context = context

    def __str__(self) -> str:
        shown = " ".join(f"{name}={value}" for name, value in self.context.items())
        return ": ".join(part for part in (self.code, self.detail, shown) if part)


class Invalid(DomainError):
    status = 422


class Forbidden(DomainError):
    status = 403


class NotFound(DomainError):
    status = 404


class Illegal(DomainError):
    status = 409


class Conflict(DomainError):
    status = 409


class Unavailable(DomainError):
    """``retry_after`` is the number of seconds after which another try makes sense."""

    status = 503

    def __init__(self, code: str, detail: str = "", retry_after: int = 1, **context: object):
        super().__init__(code, detail, **context)
        self.retry_after = retry_after
