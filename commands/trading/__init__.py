"""Trading: what may be asked of an account, and how the account decides."""

from commands.trading.base import AccountCommand as AccountCommand
from commands.trading.desk import ActivateDeskKillSwitch as ActivateDeskKillSwitch
from commands.trading.desk import ReleaseDeskKillSwitch as ReleaseDeskKillSwitch
from commands.trading.desk import ReleaseUserKillSwitch as ReleaseUserKillSwitch
from commands.trading.desk import SetDeskLimits as SetDeskLimits
from commands.trading.desk import SetDeskState as SetDeskState
from commands.trading.fills import ApplyFill as ApplyFill
from commands.trading.funds import CURRENCIES as CURRENCIES
from commands.trading.funds import DepositVirtual as DepositVirtual
from commands.trading.funds import OpenAccount as OpenAccount
from commands.trading.funds import WithdrawVirtual as WithdrawVirtual
from commands.trading.orders import CancelOrder as CancelOrder
from commands.trading.orders import ClosePosition as ClosePosition
from commands.trading.orders import ExpireOrder as ExpireOrder
from commands.trading.orders import PlaceOrder as PlaceOrder
from commands.trading.orders import ReplaceOrder as ReplaceOrder
