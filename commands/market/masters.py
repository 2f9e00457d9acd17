"""Masters: a broker's list of instruments becomes ours."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from commands.base import Command
from domain.base import Events, Role
from domain.errors import Illegal
from domain.market.master import Differences, InstrumentMaster, InstrumentsImported

#: A list that lost more of its instruments than this share was cut off on its way.
LOSS_MAX_PERCENT = 20
#: Short lists may lose more.
LOSS_MIN = 100


class ImportInstruments(Command, frozen=True, kw_only=True):
    """Take over a broker's list of instruments; the same file again changes nothing."""

    state = InstrumentMaster
    allowed = Role.SYSTEM

    import_id: UUID
    broker: str
    file: str
    sha256: str
    size: int
    kept: int
    left_out: dict[str, int]
    differences: Differences
    digest: str
    as_of: date
    #: The operator has looked at the losses and means them.
    accept_losses: bool = False

    @property
    def stream(self) -> str:
        return f"instruments-{self.broker}"

    def decide(self, master: InstrumentMaster) -> Events:
        if self.sha256 == master.sha256:
            return ()
        lost = self.differences.suspended
        too_many = lost > LOSS_MIN and lost * 100 > master.active * LOSS_MAX_PERCENT
        if too_many and not self.accept_losses:
            raise Illegal(
                "INSTRUMENTS_LOST",
                "so many vanished that the file is more likely cut off",
                lost=lost,
                active=master.active,
            )
        return (
            InstrumentsImported(
                import_id=self.import_id,
                broker=self.broker,
                version=master.version + 1,
                file=self.file,
                sha256=self.sha256,
                size=self.size,
                kept=self.kept,
                left_out=self.left_out,
                differences=self.differences,
                digest=self.digest,
                as_of=self.as_of,
            ),
        )
