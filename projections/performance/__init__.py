"""Performance: measures of an account under the names that are fixed in trading.md §4.18."""

from projections.performance.report import Performance as Performance
from projections.performance.report import of_account as of_account
