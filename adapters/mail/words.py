"""The words of letters, as text and as HTML; a letter says what happened and what to do."""

from __future__ import annotations

from datetime import timedelta
from html import escape

from msgspec import Struct

from adapters.people.codes import LIFE, Purpose


class Kind(Struct, frozen=True):
    """``link`` is the page of the application that takes the token."""

    subject: str
    lines: tuple[str, ...]
    purpose: Purpose | None = None
    link: str = ""

    @property
    def life(self) -> timedelta:
        """How long it is worth sending."""
        return LIFE[self.purpose] if self.purpose else timedelta(days=7)


_UNASKED = "If this was not you, nothing has happened: throw this letter away."
_NOT_YOU = "If this was not you, change your password now and sign out everywhere."

#: By the name of the fact that a letter follows from.
KINDS: dict[str, Kind] = {
    "VerificationRequested": Kind(
        "Is this your address?",
        ("Confirm that you read at this address. This is good for a day:", _UNASKED),
        Purpose.VERIFY,
        "verify-email",
    ),
    "OtpRequested": Kind(
        "Your code to sign in",
        ("Type this where you asked for it. It is good once, for a few minutes:", _UNASKED),
        Purpose.OTP,
    ),
    "PasswordResetRequested": Kind(
        "Choose another password",
        ("With this you choose another password. It is good once, for half an hour:", _UNASKED),
        Purpose.RESET,
        "reset-password",
    ),
    "EmailChangeRequested": Kind(
        "Is this your new address?",
        ("Confirm that you read at this address. This is good for an hour:", _UNASKED),
        Purpose.EMAIL,
        "confirm-email",
    ),
    "PasswordChanged": Kind("Your password was changed", ("You have another password.", _NOT_YOU)),
    # To the address there was before: whoever reads at the new one knows.
    "EmailChanged": Kind(
        "Your address was changed", ("We write to another address from now on.", _NOT_YOU)
    ),
    "UsernameChanged": Kind(
        "Your user name was changed", ("You sign in under another user name now.", _NOT_YOU)
    ),
    "TotpEnabled": Kind(
        "Your authenticator is set up",
        ("From now on your authenticator is asked for when you sign in.", _NOT_YOU),
    ),
    "TotpDisabled": Kind(
        "Your authenticator was taken away",
        ("A password is enough to sign in again.", _NOT_YOU),
    ),
    "RecoveryCodeUsed": Kind(
        "A recovery code was used",
        ("Somebody signed in with one of your recovery codes.", _NOT_YOU),
    ),
    "IdentityLinked": Kind(
        "Another way to sign in",
        ("From now on you can sign in with Google as well.", _NOT_YOU),
    ),
    "TokenFamilyRevoked": Kind(
        "You were signed out on one device",
        ("A token of yours was used twice, so we ended that session.", _NOT_YOU),
    ),
}


class Letter(Struct, frozen=True):
    """As it is sent; ``message_id`` is the same however often."""

    message_id: str
    to: str
    subject: str
    text: str
    html: str

    def __repr__(self) -> str:
        return f"Letter({self.message_id})"


def written(message_id: str, to: str, kind: Kind, proof: str | None, app_url: str | None) -> Letter:
    """``proof`` is the code or the token of the letter's challenge."""
    first, *rest = kind.lines
    paragraphs = [escape(first)]
    lines = [first]
    if proof is not None:
        lines.append(f"    {proof}")
        paragraphs.append(f"<code style='font-size:1.4em'>{escape(proof)}</code>")
        if app_url and kind.link:
            url = f"{app_url.rstrip('/')}/{kind.link}#token={proof}"
            lines.append(url)
            paragraphs.append(f"<a href='{escape(url)}'>{escape(kind.subject)}</a>")
    lines += rest
    paragraphs += map(escape, rest)
    body = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    html = f"<!doctype html><html lang='en'><title>{escape(kind.subject)}</title>{body}</html>"
    return Letter(message_id, to, kind.subject, "\n\n".join(lines) + "\n", html)
