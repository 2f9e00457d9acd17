"""The vault: master keys, what is sealed under them, and how they are changed."""

from adapters.vault.chosen import ring_of as ring_of
from adapters.vault.keyring import CannotOpen as CannotOpen
from adapters.vault.keyring import KeyRing as KeyRing
from adapters.vault.keyring import LocalKeyRing as LocalKeyRing
from adapters.vault.keyring import seal as seal
from adapters.vault.keyring import unseal as unseal
from adapters.vault.secrets import Vault as Vault
