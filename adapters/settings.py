"""
Settings: what an operator may choose, read once from the environment and ``.env``.

``.env.example`` tells what each variable means.  Secrets that we make ourselves are not
settings: they are files (0600) under ``data/keys``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta, Struct, field

from adapters import dotenv

Module = Literal["identity", "trading", "market", "compliance"]
Level = Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]


def text(pattern: str, rule: str) -> Meta:
    return Meta(pattern=pattern, title=rule)


def whole(least: int, most: int) -> Meta:
    return Meta(ge=least, le=most, title=f"a whole number from {least} to {most}")


PostgresUrl = Annotated[str, text(r"^postgres(ql)?://\S+$", "a URL that begins postgresql://")]
NatsUrl = Annotated[
    str, text(r"^(nats|tls|wss?)://\S+$", "a URL that begins nats://, tls://, ws:// or wss://")
]
ValkeyUrl = Annotated[
    str, text(r"^(valkey|redis)s?://\S+$", "a URL that begins valkey:// or redis://")
]
Network = Annotated[
    str, text(r"^[0-9A-Fa-f:.]+(/\d{1,3})?$", "addresses or networks such as 10.0.0.0/8")
]
Host = Annotated[str, text(r"^[\w.:\[\]-]+$", "host names such as api.example.com")]
HttpUrl = Annotated[str, text(r"^https?://[^\s/@]+(/\S*)?$", "a URL that begins https://")]
Pair = Annotated[str, text(r"^[A-Z0-9.]+/[A-Z0-9.]+$", "pairs such as BTC/USD")]
Origin = Annotated[str, text(r"^https?://[^/\s*]+$", "origins such as https://app.example.com")]


class SettingsError(Exception):
    """Every variable that breaks its rule, one a line; what was given is never shown."""


class Settings(Struct, frozen=True, kw_only=True, rename=str.upper):
    data: Path = field(default=Path("./data"), name="PAPERTAPE_DATA")
    host: Annotated[str, text(r"^[\w.:%-]+$", "a host name or an address")] = field(
        default="127.0.0.1", name="PAPERTAPE_HOST"
    )
    port: Annotated[int, whole(0, 65535)] = field(default=8000, name="PAPERTAPE_PORT")
    database_url: PostgresUrl | None = None
    database_admin_url: PostgresUrl | None = None
    nats_url: NatsUrl | None = None
    pg_bin_dir: Path | None = None
    enabled_modules: tuple[Module, ...] = get_args(Module)
    feed: Literal["sim", "replay", "kraken"] = "sim"
    kraken_url: Annotated[str, text(r"^wss?://\S+$", "a URL that begins wss://")] = (
        "wss://ws.kraken.com/v2"
    )
    kraken_pairs: tuple[Pair, ...] = ("BTC/USD", "ETH/USD")
    feed_seed: Annotated[int, whole(0, 2**63 - 1)] = 1
    replay_files: Path | None = field(default=None, name="REPLAY_PATH")
    replay_speed: Annotated[float, Meta(ge=0, le=1e6, title="a number from 0 to 1000000")] = 1.0
    replay_currency: Annotated[str, text(r"^[A-Z]{3}$", "three capital letters")] = "USD"
    candles_seconds_days: Annotated[int, whole(0, 36500)] = 30
    candles_minutes_days: Annotated[int, whole(0, 36500)] = 0
    quote_max_age_ms: Annotated[int, whole(1, 86_400_000)] = 5000
    price_deviation_pct: Annotated[int, whole(0, 1000)] = 20
    access_token_expire_minutes: Annotated[int, whole(1, 1440)] = 5
    refresh_token_expire_days: Annotated[int, whole(1, 365)] = 7
    admin_email: (
        Annotated[str, text(r"^[^@\s]{1,64}@[^@\s]{1,253}$", "an e-mail address")] | None
    ) = None
    cors_origins: tuple[Origin, ...] = ()
    allowed_hosts: tuple[Host, ...] = ()
    trusted_proxies: tuple[Network, ...] = ()
    rate_limit_scale: Annotated[float, Meta(ge=0, le=1e6, title="a number from 0 to 1000000")] = 1.0
    valkey_url: ValkeyUrl | None = None
    production: bool = False
    require_verified_email: bool = False
    otp_expire_minutes: Annotated[int, whole(1, 10)] = 5
    google_client_id: Annotated[str, text(r"^[\w.-]+$", "an OAuth client id")] | None = None
    google_jwks_url: HttpUrl = "https://www.googleapis.com/oauth2/v3/certs"
    app_url: HttpUrl | None = None
    smtp_host: Annotated[str, text(r"^[\w.:-]+$", "a host name or an address")] | None = None
    smtp_port: Annotated[int, whole(1, 65535)] = 587
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    smtp_username: str | None = None
    smtp_password: str | None = None
    mail_from: Annotated[str, text(r"^[^@\s]{1,64}@[^@\s]{1,253}$", "an e-mail address")] = (
        "papertape@localhost"
    )
    vault_url: HttpUrl | None = None
    vault_token: str | None = None
    vault_mount_path: Annotated[str, text(r"^[\w./-]+$", "a path")] = "transit"
    vault_key: Annotated[str, text(r"^[\w.-]+$", "the name of a key")] = "papertape"
    max_body_bytes: Annotated[int, whole(1024, 16_777_216)] = 65536
    state_cache: Annotated[int, whole(1, 10_000_000)] = 2048
    queue_max: Annotated[int, whole(1, 1_000_000)] = 4096
    batch_max: Annotated[int, whole(1, 10_000)] = 500
    log_level: Level = "INFO"
    log_files: bool = False
    debug: bool = False

    def __repr__(self) -> str:
        return f"Settings(data={str(self.data)!r})"  # never the URLs: they carry passwords


VARIABLES = {f.name: f.encode_name for f in msgspec.structs.fields(Settings)}
HINTS = get_type_hints(Settings, include_extras=True)


def load(env: Mapping[str, str] | None = None, dotenv_file: Path | None = Path(".env")) -> Settings:
    """
    The settings of this process; ``env`` (of the process itself by default) wins over ``.env``.

    A blank value counts as none.  Raises SettingsError, which names every bad value at once.
    """
    given, wrong = dotenv.read(dotenv_file) if dotenv_file else ({}, [])
    given |= os.environ if env is None else env
    values: dict[str, Any] = {}
    for name, variable in VARIABLES.items():
        value = given.get(variable, "").strip(" \t,")
        try:
            if value:
                values[name] = _convert(value, HINTS[name])
        except msgspec.ValidationError:
            wrong.append(f"{variable} must be {_rule(HINTS[name])}")
    wrong += _contradictions(values)
    if wrong:
        raise SettingsError("\n".join(wrong))
    return Settings(**values)


def environment(settings: Settings) -> dict[str, str]:
    """The environment for a child of this process that shall run with these very settings."""
    return dict(os.environ) | {
        variable: _spell(getattr(settings, name)) for name, variable in VARIABLES.items()
    }


def _convert(value: str, hint: Any) -> Any:
    many = get_origin(hint) is tuple
    raw = [part.strip() for part in value.split(",") if part.strip()] if many else value
    return msgspec.convert(raw, hint, strict=False, dec_hook=lambda kind, given: kind(given))


def _spell(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case tuple():
            return ",".join(value)
        case _:
            return str(value)


def _rule(hint: Any) -> str:
    """What a value must be, in words: the title of the first rule found inside its type."""
    if hint is bool:
        return "true or false"
    if get_origin(hint) is tuple:
        return "a comma list of " + _rule(get_args(hint)[0]).removeprefix("one of ")
    if get_origin(hint) is Literal:
        return "one of " + ", ".join(get_args(hint))
    if isinstance(hint, Meta):
        return hint.title or ""
    return next(filter(None, map(_rule, get_args(hint))), "")


def _contradictions(values: Mapping[str, Any]) -> Iterator[str]:
    if values.get("database_admin_url") and not values.get("database_url"):
        yield "DATABASE_ADMIN_URL needs a DATABASE_URL beside it"
    if values.get("production") and not values.get("allowed_hosts"):
        yield "ALLOWED_HOSTS must name the hosts that PRODUCTION answers for"
    if not all(map(_is_network, values.get("trusted_proxies", ()))):
        yield f"TRUSTED_PROXIES must be {_rule(HINTS['trusted_proxies'])}"
    if values.get("vault_url") and not values.get("vault_token"):
        yield "VAULT_TOKEN is needed to open what VAULT_URL keeps"
    if values.get("smtp_username") and values.get("smtp_security") == "none":
        yield "SMTP_PASSWORD is not sent in clear: SMTP_SECURITY must be starttls or tls"
    if not _is_safe(values.get("google_jwks_url", "https://")):
        yield "GOOGLE_JWKS_URL must begin https://, or anybody on the way could vouch for people"
    if values.get("feed") == "replay" and not values.get("replay_files"):
        yield "REPLAY_PATH must name a file or a folder when FEED is replay"


def _is_safe(url: str) -> bool:
    """Whether nobody on the way can change what comes from there."""
    where = urlsplit(url)
    return where.scheme == "https" or where.hostname in {"127.0.0.1", "::1", "localhost"}


def _is_network(text: str) -> bool:
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True
