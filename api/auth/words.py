"""The words in which a route says for whom it is."""

from __future__ import annotations

from typing import Any

from domain.errors import DomainError

#: For ``opt`` of a route that anybody may use.
PUBLIC: dict[str, Any] = {"public": True}
#: For ``opt`` of a route by which strangers prove who they are: few a minute from one address.
SIGN_IN: dict[str, Any] = {"public": True, "limit": "sign-in"}
#: For ``opt`` of a route that is dangerous in the wrong hands: whoever asks must have proved a
#: moment ago who they are (POST /auth/step-up).
FRESH: dict[str, Any] = {"fresh": True}


def only(permission: str, *, fresh: bool = False) -> dict[str, Any]:
    """For ``opt`` of a route for those who have this permission, and have just proved it."""
    return {"permission": permission, **(FRESH if fresh else {})}


class Unauthenticated(DomainError):
    """401: nobody is known to be asking."""

    status = 401


def unauthenticated(what: str = "the access token is not valid (any more)") -> Unauthenticated:
    return Unauthenticated("AUTH_INVALID", what)
