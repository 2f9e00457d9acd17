"""Identity: what may be asked about people and their roles."""

from commands.identity.grants import AssignRole as AssignRole
from commands.identity.grants import ReactivateUser as ReactivateUser
from commands.identity.grants import RevokeRole as RevokeRole
from commands.identity.grants import SuspendUser as SuspendUser
from commands.identity.register import RegisterUser as RegisterUser
from commands.identity.roles import ChangeRole as ChangeRole
from commands.identity.roles import DefineRole as DefineRole
from commands.identity.roles import EstablishRoles as EstablishRoles
from commands.identity.roles import GrantPermission as GrantPermission
from commands.identity.roles import RetireRole as RetireRole
from commands.identity.roles import WithdrawPermission as WithdrawPermission
