"""
The rejection catalogue: every code a client may meet, its HTTP status, and what FIX calls it.

Codes are stable; titles are for people.  ``fix`` is OrdRejReason (103), or CxlRejReason (102)
where a change or a cancel is refused.
"""

from __future__ import annotations

from msgspec import Struct


class Refusal(Struct, frozen=True):
    status: int
    title: str
    fix: int | None = None


REFUSALS: dict[str, Refusal] = {
    # orders
    "ORDER_DUPLICATE_CLIENT_ID": Refusal(409, "This client order id was used before", 6),
    "ORDER_PRICE_NOT_ON_TICK": Refusal(422, "The price is not on the tick", 18),
    "ORDER_QTY_NOT_LOT": Refusal(422, "The quantity is not a whole number of lots", 13),
    "ORDER_QTY_BELOW_MIN": Refusal(422, "The quantity is below the minimum", 13),
    "ORDER_QTY_ABOVE_FREEZE": Refusal(422, "The quantity is above the freeze quantity", 13),
    "ORDER_NOTIONAL_ABOVE_MAX": Refusal(422, "Price times quantity is too large", 13),
    "ORDER_PRODUCT_UNSUPPORTED": Refusal(422, "The instrument has another product", 11),
    "ORDER_FIELDS_CONFLICT": Refusal(422, "The fields of the order contradict each other", 11),
    "ORDER_UNKNOWN": Refusal(404, "There is no such order", 5),
    "ORDER_TOO_LATE": Refusal(409, "The order is no longer working", 0),
    "ORDER_QTY_BELOW_CUM": Refusal(409, "More than that quantity is filled already", 99),
    "ORDER_NOTIONAL_BELOW_MIN": Refusal(422, "Price times quantity is too small", 13),
    "ORDER_TYPE_UNSUPPORTED": Refusal(422, "Not with this type of order", 11),
    "ORDER_TIF_UNSUPPORTED": Refusal(422, "Not with this time in force", 11),
    "ORDER_STOP_SIDE_INVALID": Refusal(422, "The stop is on the wrong side of the market", 99),
    "ORDER_PRICE_OUT_OF_BAND": Refusal(422, "The price is outside the day's bands", 16),
    "ORDER_WOULD_TAKE": Refusal(409, "A post-only order would meet the other side", 99),
    "ORDER_EXPIRY_INVALID": Refusal(422, "The order cannot expire then", 11),
    "ORDER_ALREADY_PENDING": Refusal(409, "A change of the order is under way", 3),
    "ORDER_INVALID_STATE": Refusal(409, "The state of the order does not allow it", 99),
    "GROUP_INVALID": Refusal(422, "The orders of the group do not fit together", 99),
    "BASKET_LEG_REJECTED": Refusal(409, "A leg of the basket was refused, so none was placed", 99),
    "CONVERT_NOT_ALLOWED": Refusal(409, "The position cannot be held that way"),
    "REDUCE_ONLY_NO_POSITION": Refusal(409, "There is nothing to reduce", 99),
    "EXEC_OVERFILL": Refusal(409, "More was executed than the order had left"),
    "EXEC_PRICE_OUTSIDE_LIMIT": Refusal(409, "It was executed beyond the limit of the order"),
    # what is traded, and when
    "INSTRUMENT_UNKNOWN": Refusal(404, "There is no such instrument", 1),
    "INSTRUMENT_NOT_TRADABLE": Refusal(409, "The account cannot trade this instrument", 99),
    "INSTRUMENT_SUSPENDED": Refusal(409, "The instrument is suspended", 99),
    "INSTRUMENT_EXPIRED": Refusal(409, "The instrument is not traded any more", 99),
    "MARKET_CLOSED": Refusal(409, "The market is closed", 2),
    "MARKET_NO_REFERENCE_PRICE": Refusal(409, "No fresh quote to price the order", 19),
    # money and holdings
    "ACCOUNT_UNKNOWN": Refusal(404, "There is no such account", 15),
    "ACCOUNT_EXISTS": Refusal(409, "The account is open already"),
    "FUNDS_INSUFFICIENT": Refusal(409, "Not enough money", 25),
    "MARGIN_INSUFFICIENT": Refusal(409, "Not enough money for the margin", 25),
    "FEE_SCHEDULE_UNKNOWN": Refusal(422, "There is no such fee schedule"),
    "CAPITAL_OUT_OF_RANGE": Refusal(409, "An account holds no more than that"),
    "MODEL_UNKNOWN": Refusal(422, "There is no such fill model"),
    "POSITION_UNKNOWN": Refusal(404, "There is no such position"),
    "POSITION_FLAT": Refusal(409, "Nothing is held", 99),
    "POSITION_INSUFFICIENT_QTY": Refusal(409, "Not enough is held to sell", 13),
    "SHORT_NOT_ALLOWED": Refusal(409, "The product sells only what is held", 22),
    # risk
    "RISK_MAX_ORDER_QTY": Refusal(409, "The order is larger than a limit allows", 3),
    "RISK_MAX_ORDER_NOTIONAL": Refusal(409, "The order is worth more than a limit allows", 27),
    "RISK_MAX_POSITION": Refusal(409, "The position would pass a limit", 3),
    "RISK_MAX_EXPOSURE": Refusal(409, "The account would be exposed beyond a limit", 3),
    "RISK_CONCENTRATION": Refusal(409, "Too much of the account in one instrument", 3),
    "RISK_MAX_OPEN_ORDERS": Refusal(409, "Too many orders are working", 3),
    "RISK_MAX_ORDERS_DAY": Refusal(409, "Too many orders or trades in this session", 3),
    "RISK_RATE_LIMIT": Refusal(429, "Too many orders in one second", 99),
    "RISK_PRICE_DEVIATION": Refusal(409, "The price is far from the market", 16),
    "RISK_PROTECTION_LOCK": Refusal(409, "A pause after losing trades", 21),
    "RISK_INSTRUMENT_BLOCKED": Refusal(409, "The instrument may not be traded here", 99),
    "RISK_LOOSEN_COOLOFF": Refusal(409, "That is free again in the next session"),
    "TRADING_HALTED": Refusal(409, "Trading is halted", 2),
    "TRADING_REDUCING_ONLY": Refusal(409, "Only closing is allowed", 99),
    # who asks
    "AUTH_REQUIRED": Refusal(401, "Sign in first"),
    "AUTH_INVALID": Refusal(401, "The credentials are not valid"),
    "SESSION_ENDED": Refusal(403, "The session has ended"),
    "SESSION_UNKNOWN": Refusal(404, "There is no such session"),
    "API_KEY_ENDED": Refusal(403, "The API key is no longer good"),
    "API_KEY_UNKNOWN": Refusal(404, "There is no such API key"),
    "API_KEY_LIMIT_REACHED": Refusal(409, "There are too many API keys"),
    "AUTH_LOCKED": Refusal(429, "Too many attempts"),
    "RATE_LIMITED": Refusal(429, "Too many requests"),
    "CSRF_REJECTED": Refusal(403, "The request does not come from where you are signed in"),
    "HOST_UNKNOWN": Refusal(400, "Not a host of this service"),
    "ACCESS_DENIED": Refusal(403, "This is not yours to do"),
    "PRIVILEGE_BEYOND_OWN": Refusal(403, "Nobody gives or takes more than they may do themselves"),
    "APPROVAL_REQUIRED": Refusal(403, "A second person must approve this"),
    "APPROVAL_UNKNOWN": Refusal(404, "There is no such approval"),
    "APPROVAL_OWN": Refusal(403, "Nobody approves what they asked for themselves"),
    "APPROVAL_DECIDED": Refusal(409, "It is decided already"),
    "APPROVAL_EXPIRED": Refusal(409, "It was not approved in time"),
    "USER_SUSPENDED": Refusal(403, "The user is shut out"),
    "USER_UNKNOWN": Refusal(404, "There is no such user"),
    "USER_EXISTS": Refusal(409, "Somebody else signs in like that"),
    "USER_USERNAME_TAKEN": Refusal(409, "The user name is in use"),
    "EMAIL_NOT_VERIFIED": Refusal(403, "Verify the e-mail address first"),
    "PASSWORD_WEAK": Refusal(422, "The password is one of those that are tried first"),
    "OTP_INVALID": Refusal(401, "The code is not valid (any more)"),
    "TOKEN_INVALID": Refusal(401, "The letter's token is not valid (any more)"),
    "TOTP_REQUIRED": Refusal(401, "The code of the authenticator is wanted as well"),
    "TOTP_INVALID": Refusal(401, "The code of the authenticator is not valid"),
    "TOTP_ENABLED": Refusal(409, "The authenticator is set up already"),
    "TOTP_DISABLED": Refusal(409, "No authenticator is set up"),
    "REAUTH_REQUIRED": Refusal(403, "Prove once more who you are"),
    "GOOGLE_NOT_OFFERED": Refusal(404, "Signing in with Google is not offered here"),
    "VAULT_UNAVAILABLE": Refusal(503, "The vault does not answer"),
    # roles
    "ROLE_UNKNOWN": Refusal(404, "There is no such role"),
    "ROLE_NAME_TAKEN": Refusal(409, "There is a role of that name"),
    "ROLE_SYSTEM": Refusal(409, "The role came with the release and stays as it is"),
    "ROLE_IN_USE": Refusal(409, "Somebody holds the role"),
    "PERMISSION_UNKNOWN": Refusal(422, "There is no such permission"),
    "LAST_ADMIN": Refusal(409, "Somebody must be left who can assign roles"),
    "INSTRUMENTS_LOST": Refusal(409, "So many instruments vanished that the list is not believed"),
    "USER_EMAIL_TAKEN": Refusal(409, "The e-mail address is in use"),
    # how it was asked
    "VALIDATION": Refusal(422, "A value breaks a rule"),
    "BODY_MALFORMED": Refusal(400, "The body is not JSON"),
    "BODY_TOO_LARGE": Refusal(413, "The body is too large"),
    "MEDIA_TYPE_UNSUPPORTED": Refusal(415, "The body must be application/json"),
    "REQUEST_MALFORMED": Refusal(400, "The request is malformed"),
    "ROUTE_UNKNOWN": Refusal(404, "There is nothing here"),
    "METHOD_NOT_ALLOWED": Refusal(405, "Not with this method"),
    "IDEMPOTENCY_KEY_REUSED": Refusal(422, "The key was used for another request"),
    # what may work in a moment
    "PROJECTION_BEHIND": Refusal(503, "The read model has not got there yet"),
    "TAPE_UNAVAILABLE": Refusal(503, "The event store does not answer"),
    "OUTCOME_UNKNOWN": Refusal(503, "Whether it was done is not known yet"),
    "CONFLICT_RETRY_EXHAUSTED": Refusal(503, "Too many writers at once"),
    "QUEUE_FULL": Refusal(503, "Too many commands are waiting"),
    "SIGN_IN_BUSY": Refusal(503, "Too many people are signing in"),
    "SHUTTING_DOWN": Refusal(503, "The service is stopping"),
    "NOT_READY": Refusal(503, "The service is not ready"),
    "INTERNAL": Refusal(500, "Something went wrong here"),
}
