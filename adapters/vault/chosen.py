"""Which master keys: files of our own, or those of a vault that somebody keeps."""

from __future__ import annotations

from adapters.settings import Settings
from adapters.vault.keyring import KeyRing, LocalKeyRing


def ring_of(settings: Settings) -> KeyRing:
    """The master keys of this service."""
    if settings.vault_url is None:
        return LocalKeyRing(settings.data / "keys")
    from adapters.vault.transit import TransitKeyRing  # noqa: PLC0415 - only where there is one

    return TransitKeyRing(
        settings.vault_url,
        settings.vault_token or "",
        settings.vault_mount_path,
        settings.vault_key,
    )
