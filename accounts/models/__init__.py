"""The people who use Dashtam, their sessions, keys, links and failed tries, and what happened."""

from accounts.models.api_key import ApiKey
from accounts.models.audit import AuditEvent
from accounts.models.data_export import DataExport, ExportPart
from accounts.models.failed_proof import FailedProof
from accounts.models.one_time_link import OneTimeLink
from accounts.models.session import Session
from accounts.models.staff_act import StaffAct
from accounts.models.user import User

__all__ = [
    "ApiKey",
    "AuditEvent",
    "DataExport",
    "ExportPart",
    "FailedProof",
    "OneTimeLink",
    "Session",
    "StaffAct",
    "User",
]
