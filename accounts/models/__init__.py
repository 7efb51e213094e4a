"""The models of people, their sessions, second factors, API keys, mailed links, failed tries and audit events."""

from accounts.models.admission.identity import Identity
from accounts.models.admission.invitation import Invitation
from accounts.models.api_key import ApiKey
from accounts.models.audit import AuditEvent
from accounts.models.data_export import DataExport, ExportPart
from accounts.models.email_change import EmailChange
from accounts.models.failed_proof import FailedProof
from accounts.models.idempotency import IdempotencyKey
from accounts.models.one_time_link import OneTimeLink
from accounts.models.second_factors.passkey import Passkey
from accounts.models.second_factors.recovery_code import RecoveryCode
from accounts.models.second_factors.second_factor import SecondFactors
from accounts.models.second_factors.totp import Totp
from accounts.models.session import Session
from accounts.models.sign_up import SignUp
from accounts.models.staff_act import StaffAct
from accounts.models.user import User

__all__ = [
    "ApiKey",
    "AuditEvent",
    "DataExport",
    "EmailChange",
    "ExportPart",
    "FailedProof",
    "IdempotencyKey",
    "Identity",
    "Invitation",
    "OneTimeLink",
    "Passkey",
    "RecoveryCode",
    "SecondFactors",
    "Session",
    "SignUp",
    "StaffAct",
    "Totp",
    "User",
]
