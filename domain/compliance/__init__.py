"""Compliance: what two people must agree on, and what is done to the records themselves."""

from domain.compliance.approvals import Approval as Approval
from domain.compliance.approvals import ApprovalConcluded as ApprovalConcluded
from domain.compliance.approvals import ApprovalGranted as ApprovalGranted
from domain.compliance.approvals import ApprovalRefused as ApprovalRefused
from domain.compliance.approvals import ApprovalRequested as ApprovalRequested
from domain.compliance.approvals import ApprovalStatus as ApprovalStatus
from domain.compliance.upkeep import MasterKeyRotated as MasterKeyRotated
from domain.compliance.upkeep import ProjectionRebuilt as ProjectionRebuilt
from domain.compliance.upkeep import RebuildOrdered as RebuildOrdered
from domain.compliance.upkeep import RotationOrdered as RotationOrdered
from domain.compliance.upkeep import TapeExported as TapeExported
from domain.compliance.upkeep import Upkeep as Upkeep
