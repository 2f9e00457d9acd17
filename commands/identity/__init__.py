"""Identity: what may be asked about people and their roles."""

from commands.identity.access import ACCESS_STREAM as ACCESS_STREAM
from commands.identity.api_keys import AttendApiKey as AttendApiKey
from commands.identity.api_keys import IssueApiKey as IssueApiKey
from commands.identity.api_keys import RevokeApiKey as RevokeApiKey
from commands.identity.doors import ReportAccessDenied as ReportAccessDenied
from commands.identity.doors import ReportLoginFailed as ReportLoginFailed
from commands.identity.doors import ReportSigningKeys as ReportSigningKeys
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
from commands.identity.sessions import AttendSession as AttendSession
from commands.identity.sessions import LogIn as LogIn
from commands.identity.sessions import LogOut as LogOut
from commands.identity.sessions import RevokeSessions as RevokeSessions
from commands.identity.sessions import RevokeTokenFamily as RevokeTokenFamily
