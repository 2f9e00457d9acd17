"""Master keys in a real OpenBao: they seal, open, are changed, and never leave it."""

from __future__ import annotations

import os
import signal
from itertools import count

import hvac
import pytest

from adapters.settings import Settings
from adapters.vault import CannotOpen, ring_of
from adapters.vault.transit import REMEMBERED_S, TransitKeyRing
from domain.errors import Unavailable
from tests.vault.conftest import TOKEN, Bao

KEY, MINE, YOURS = bytes(range(32)), b"ada", b"bob"
names = (f"key-{nth}" for nth in count())


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ring(bao: Bao, clock: Clock) -> TransitKeyRing:
    return TransitKeyRing(bao.url, TOKEN, name=next(names), now=clock)


async def test_a_key_is_sealed_for_its_owner_alone(ring: TransitKeyRing) -> None:
    version, wrapped = await ring.wrap(KEY, MINE)
    assert version == 1
    assert KEY not in wrapped
    assert await ring.unwrap(version, wrapped, MINE) == KEY
    with pytest.raises(CannotOpen):
        await ring.unwrap(version, wrapped, YOURS)
    with pytest.raises(CannotOpen):
        await ring.unwrap(version, wrapped[:-4] + b"AAA=", MINE)


async def test_s63_what_an_older_key_has_sealed_opens_under_a_newer(ring: TransitKeyRing) -> None:
    first = await ring.wrap(KEY, MINE)
    assert await ring.renew() == 2
    assert (await ring.wrap(KEY, MINE))[0] == 2
    assert await ring.unwrap(*first, MINE) == KEY


async def test_s63_a_key_that_is_retired_opens_nothing(bao: Bao, clock: Clock) -> None:
    name = next(names)
    ring = TransitKeyRing(bao.url, TOKEN, name=name, now=clock)
    first = await ring.wrap(KEY, MINE)
    again = (await ring.renew(), await ring.wrap(KEY, MINE))
    client = hvac.Client(url=bao.url, token=TOKEN)
    client.secrets.transit.update_key_configuration(name=name, min_decryption_version=2)
    assert await ring.unwrap(*again[1], MINE) == KEY
    with pytest.raises(CannotOpen):
        await ring.unwrap(*first, MINE)


async def test_a_wrong_token_is_a_vault_that_is_away(bao: Bao) -> None:
    with pytest.raises(Unavailable) as refused:
        await TransitKeyRing(bao.url, "not-the-token", name=next(names)).wrap(KEY, MINE)
    assert refused.value.code == "VAULT_UNAVAILABLE"
    assert bao.url not in str(refused.value)


async def test_the_settings_choose_it(bao: Bao) -> None:
    ring = ring_of(Settings(vault_url=bao.url, vault_token=TOKEN, vault_key=next(names)))
    assert isinstance(ring, TransitKeyRing)
    assert await ring.unwrap(*await ring.wrap(KEY, MINE), MINE) == KEY


async def test_s66_an_outage_is_not_noticed_for_minutes_and_then_nothing_opens(
    bao: Bao, ring: TransitKeyRing, clock: Clock
) -> None:
    known, other = await ring.wrap(KEY, MINE), await ring.wrap(KEY, YOURS)
    assert await ring.unwrap(*known, MINE) == KEY
    bao.process.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, bao.process.pid, os.WSTOPPED | os.WNOWAIT)  # now all its threads stand
    try:
        clock.now = REMEMBERED_S - 1
        assert await ring.unwrap(*known, MINE) == KEY
        with pytest.raises(Unavailable):
            await ring.unwrap(*other, YOURS)
        clock.now = REMEMBERED_S + 1
        with pytest.raises(Unavailable):
            await ring.unwrap(*known, MINE)
    finally:
        bao.process.send_signal(signal.SIGCONT)
    assert await ring.unwrap(*known, MINE) == KEY
