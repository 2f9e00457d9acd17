"""Orders: one row for every order ever asked for, refused ones too, as its trader sees it."""

from projections.base import Row
from projections.orders.report import OrderReport as OrderReport
from projections.orders.report import of_account as of_account
from projections.orders.report import one as one
from projections.orders.row import project as project
from projections.orders.table import OrderRow as OrderRow

MONEY: bool = False
TABLE: type[Row] = OrderRow
