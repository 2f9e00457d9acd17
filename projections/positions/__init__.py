"""Positions: what each account holds, what it cost, and what it is worth now."""

from projections.base import Row
from projections.positions.report import Position as Position
from projections.positions.report import of_account as of_account
from projections.positions.report import one as one
from projections.positions.row import PositionRow
from projections.positions.row import position_id as position_id
from projections.positions.row import project as project

TABLE: type[Row] = PositionRow
MONEY: bool = True
