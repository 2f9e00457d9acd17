"""
What people see.  A read model is a module: its row, its ``project``, its queries.

Any of them can be dropped and rebuilt from the tape, and comes out the same.
"""

from __future__ import annotations

from projections import (
    accounts,
    alerts,
    approvals,
    corporate_actions,
    daily_pnl,
    dashboard,
    equity,
    fills,
    ledger,
    lots,
    orders,
    positions,
    profiles,
    risk_status,
    role_permissions,
    roles,
    trade_versions,
    user_roles,
    users,
    wallets,
)
from projections.base import ReadModel, name_of

_ALL: tuple[ReadModel, ...] = (
    accounts,
    orders,
    fills,
    trade_versions,
    positions,
    lots,
    wallets,
    ledger,
    equity,
    daily_pnl,
    dashboard,
    approvals,
    profiles,
    users,
    roles,
    role_permissions,
    user_roles,
    risk_status,
    alerts,
    corporate_actions,
)

READ_MODELS: dict[str, ReadModel] = {name_of(model): model for model in _ALL}
