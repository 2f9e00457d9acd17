"""Manual trades: noting one, correcting it, and taking it out of what counts."""

from __future__ import annotations

from uuid import UUID, uuid5

from commands.base import Caller, Command, demand_reason
from domain.base import Events, Role
from domain.errors import Conflict, Illegal, Invalid, NotFound
from domain.money import is_amount
from domain.trading.journal import (
    Journal,
    JournalEntry,
    ManualTradeAnnulled,
    ManualTradeCorrected,
    ManualTradeRecorded,
    Noted,
    Standing,
)

TEXT_MAX, NOTES_MAX, TAGS_MAX = 64, 2000, 20


class JournalCommand(Command, frozen=True, kw_only=True):
    """Decided by the journal of one person."""

    state = Journal
    allowed = Role.TRADER

    user_id: UUID
    trade_id: UUID

    @property
    def stream(self) -> str:
        return f"journal-{self.user_id}"

    def authorise(self, state: Journal, by: Caller) -> None:
        """404 for everybody else's journal."""
        super().authorise(state, by)
        if by.actor != f"user:{self.user_id}":
            raise NotFound("TRADE_UNKNOWN", trade_id=str(self.trade_id))

    def noted(self, journal: Journal, expected_version: int) -> Noted:
        noted = journal.trades.get(self.trade_id)
        if noted is None:
            raise NotFound("TRADE_UNKNOWN", trade_id=str(self.trade_id))
        if noted.version != expected_version:
            raise Conflict("VERSION_STALE", current=str(noted.version))
        return noted

    def exec_id(self, version: int) -> UUID:
        return uuid5(self.trade_id, f"version {version}")


def demand_entry(entry: JournalEntry) -> None:
    """Amounts make sense, and texts are short enough to be shown."""
    for field in ("quantity", "buy_price", "sell_price", "capital_used"):
        value = getattr(entry, field)
        if value is not None and not is_amount(value):
            rule = "above 0, at most 10^12, at most 8 decimal places"
            raise Invalid("VALIDATION", f"{field} must be {rule}", field=field, rule=rule)
    for field in ("brokerage_charge", "mtf_charge"):
        value = getattr(entry, field)
        if value and not is_amount(value):
            rule = "0 or above, at most 10^12, at most 8 decimal places"
            raise Invalid("VALIDATION", f"{field} must be {rule}", field=field, rule=rule)
    for field, most in (("stock_ticker", TEXT_MAX), ("type", TEXT_MAX), ("notes", NOTES_MAX)):
        if len(getattr(entry, field)) > most:
            rule = f"at most {most} characters"
            raise Invalid("VALIDATION", f"{field} must be {rule}", field=field, rule=rule)
    if len(entry.tags) > TAGS_MAX or any(len(tag) > TEXT_MAX for tag in entry.tags):
        rule = f"at most {TAGS_MAX} of at most {TEXT_MAX} characters"
        raise Invalid("VALIDATION", f"tags must be {rule}", field="tags", rule=rule)


class RecordManualTrade(JournalCommand, frozen=True, kw_only=True):
    """Note a trade that was made elsewhere."""

    entry: JournalEntry

    def __post_init__(self) -> None:
        demand_entry(self.entry)

    def decide(self, journal: Journal) -> Events:
        if self.trade_id in journal.trades:
            raise Conflict("TRADE_EXISTS", trade_id=str(self.trade_id))
        return (ManualTradeRecorded(self.user_id, self.trade_id, self.exec_id(1), self.entry),)


class CorrectManualTrade(JournalCommand, frozen=True, kw_only=True):
    """Say what a noted trade really was."""

    entry: JournalEntry
    expected_version: int
    reason: str

    def __post_init__(self) -> None:
        demand_entry(self.entry)
        demand_reason(self.reason)

    def decide(self, journal: Journal) -> Events:
        noted = self.noted(journal, self.expected_version)
        if noted.standing is Standing.ANNULLED:
            raise Illegal("TRADE_ALREADY_ANNULLED", trade_id=str(self.trade_id))
        if noted.entry == self.entry:
            return ()
        version = noted.version + 1
        return (
            ManualTradeCorrected(
                user_id=self.user_id,
                trade_id=self.trade_id,
                exec_id=self.exec_id(version),
                exec_ref_id=noted.exec_id,
                version=version,
                entry=self.entry,
                reason=self.reason,
            ),
        )


class AnnulManualTrade(JournalCommand, frozen=True, kw_only=True):
    """Say that a noted trade never was; asking twice changes nothing."""

    expected_version: int
    reason: str

    def __post_init__(self) -> None:
        demand_reason(self.reason)

    def decide(self, journal: Journal) -> Events:
        known = journal.trades.get(self.trade_id)
        if known is not None and known.standing is Standing.ANNULLED:
            return ()
        noted = self.noted(journal, self.expected_version)
        version = noted.version + 1
        return (
            ManualTradeAnnulled(
                user_id=self.user_id,
                trade_id=self.trade_id,
                exec_id=self.exec_id(version),
                exec_ref_id=noted.exec_id,
                version=version,
                reason=self.reason,
            ),
        )
