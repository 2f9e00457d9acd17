"""Compliance: what two people must agree on, and what is done to the records themselves."""

from commands.compliance.approvals import ConcludeApproval as ConcludeApproval
from commands.compliance.approvals import GrantApproval as GrantApproval
from commands.compliance.approvals import RefuseApproval as RefuseApproval
from commands.compliance.approvals import RequestApproval as RequestApproval
from commands.compliance.approvals import carried as carried
from commands.compliance.approvals import react as react
from commands.compliance.approvals import written as written
from commands.compliance.upkeep import ExportTape as ExportTape
from commands.compliance.upkeep import NoteRebuilt as NoteRebuilt
from commands.compliance.upkeep import NoteRotation as NoteRotation
from commands.compliance.upkeep import RebuildProjection as RebuildProjection
from commands.compliance.upkeep import RotateMasterKey as RotateMasterKey
