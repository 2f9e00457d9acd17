"""Identity: the people who trade, and what each of them may do."""

from domain.identity.access import Access as Access
from domain.identity.access import AccessRole as AccessRole
from domain.identity.access import PermissionGranted as PermissionGranted
from domain.identity.access import PermissionWithdrawn as PermissionWithdrawn
from domain.identity.access import RoleAssigned as RoleAssigned
from domain.identity.access import RoleChanged as RoleChanged
from domain.identity.access import RoleDefined as RoleDefined
from domain.identity.access import RoleRetired as RoleRetired
from domain.identity.access import RoleRevoked as RoleRevoked
from domain.identity.access import Standing as Standing
from domain.identity.access import UserReactivated as UserReactivated
from domain.identity.access import UserSuspended as UserSuspended
from domain.identity.permissions import PERMISSIONS as PERMISSIONS
from domain.identity.permissions import SYSTEM_ROLES as SYSTEM_ROLES
from domain.identity.permissions import SystemRole as SystemRole
from domain.identity.permissions import role_id_of as role_id_of
from domain.identity.user import User as User
from domain.identity.user import UserRegistered as UserRegistered
