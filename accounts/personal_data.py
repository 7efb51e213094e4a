"""Personal data of accounts and the apps below it: export, words in the activity list, access of the staff."""

from uuid import UUID

from django.db.models import Q

from accounts.audit import activity
from accounts.export import tables
from accounts.export.tables import Table, by
from accounts.models import (
    ApiKey,
    AuditEvent,
    DataExport,
    EmailChange,
    FailedProof,
    Identity,
    Invitation,
    OneTimeLink,
    Passkey,
    RecoveryCode,
    Session,
    SignUp,
    StaffAct,
    Totp,
    User,
)
from accounts.staff import roles
from notifications.models import Email, Suppression


def _address_of(user_id: UUID) -> Q:
    return Q(address__in=User.objects.filter(id=user_id).values("email"))


tables.register(
    Table("profile", User, by("id")),
    Table("sign_ups", SignUp, by("user_id")),
    Table("identities", Identity, by("user_id")),
    Table("invitations", Invitation, by("invited_by_id")),
    Table("sessions", Session, by("user_id")),
    Table("api_keys", ApiKey, by("user_id")),
    Table("authenticator_apps", Totp, by("user_id")),
    Table("recovery_codes", RecoveryCode, by("user_id")),
    Table("passkeys", Passkey, by("user_id")),
    Table("failed_sign_ins", FailedProof, by("user_id")),
    Table("mailed_links", OneTimeLink, by("user_id")),
    Table("email_changes", EmailChange, by("user_id")),
    Table("exports", DataExport, by("user_id")),
    Table("events", AuditEvent, by("user_id"), hidden=("actor_id",)),
    Table("staff_acts", StaffAct, by("user_id"), hidden=("staff_id", "session_id")),
    Table("mails", Email, by("user_id")),
    Table("stopped_mail", Suppression, _address_of),
    left_out={
        "accounts.IdempotencyKey": "answers that were given, kept for a day in case they are asked for again",
        "accounts.ExportPart": "the export itself",
        "dashtam.Installation": "the installation's",
        "dashtam.KeyFingerprint": "the installation's",
        "dashtam.Sample": "how the installation is doing; names nobody",
        "admin.LogEntry": "what the staff did; what touches an account is among its events",
        "auth.Group": "the installation's",
        "auth.Permission": "the installation's",
        "contenttypes.ContentType": "the installation's",
        "procrastinate.ProcrastinateEvent": "work under way: ids only",
        "procrastinate.ProcrastinateJob": "work under way: ids only",
        "procrastinate.ProcrastinatePeriodicDefer": "work under way",
        "procrastinate.ProcrastinateWorker": "work under way",
    },
)

roles.permit(
    roles.SUPPORT,
    "accounts.view_user",
    "accounts.view_session",
    "accounts.help_user",
    "accounts.view_auditevent",
    "accounts.invite_people",
    "accounts.view_invitation",
    "notifications.view_email",
    "notifications.view_suppression",
    # To send one again that failed, and to let mail go to an address again; nothing in them can be changed.
    "notifications.change_email",
)
roles.permit(
    roles.OPERATIONS,
    "accounts.see_operations",
    "procrastinate.view_procrastinatejob",
    "procrastinate.view_procrastinateevent",
)

activity.register(
    {
        "account.registered": "Your address was used to sign up",
        "account.sign_up_repeated": "Your address was used to sign up again, which changed nothing",
        "account.deletion_requested": "You asked for your account to be deleted",
        "account.deletion_cancelled": "You kept your account after all",
        "account.deleted": "The account was deleted",
        "admin.entered": "You entered the admin",
        "api_key.created": "An API key was created",
        "api_key.ended": "An API key ended",
        "email.bounce": "Mail to your address came back, so we stopped sending it",
        "email.complaint": "A mail of ours was marked as spam, so we stopped sending them",
        "email.resumed": "Mail goes to your address again",
        "email.changed": "Your email address was changed",
        "email_change.requested": "You asked for another email address",
        "email_change.stopped": "The change of your email address was stopped",
        "email.verified": "You confirmed your email address",
        "export.requested": "You asked for a copy of your data",
        "export.taken": "A copy of your data was saved",
        "identity.linked": "You linked your account with a sign-in provider",
        "identity.unlinked": "Your account was unlinked from a sign-in provider",
        "invitation.revoked": "An invitation of yours was taken back",
        "invitation.sent": "You invited a person",
        "invitation.used": "A person whom you invited has signed up",
        "mfa.code_refused": "A code for the second step was refused",
        "mfa.codes_refused": "Many codes for the second step were refused in a row, each after your right password",
        "mfa.passkey_added": "You added a passkey",
        "mfa.passkey_refused": "A passkey was refused, because there may be a copy of it",
        "mfa.passkey_removed": "You removed a passkey",
        "mfa.recovery_code_used": "A recovery code was used",
        "mfa.recovery_codes_renewed": "You made new recovery codes",
        "mfa.release_started": "The removal of all your second factors was started",
        "mfa.released": "All your second factors were removed",
        "mfa.totp_added": "You added an authenticator app",
        "mfa.totp_removed": "You removed the authenticator app",
        "password.changed": "Your password was changed",
        "password.reset": "You set a new password by a mailed link",
        "refresh_token.reused": "A program's sign-in was used twice, perhaps by another person, so it was ended",
        "reset_password.requested": "A link to set a new password was asked for",
        "session.opened": "A new sign-in",
        "session.ended": "A session ended",
        "session.reauthenticated": "You confirmed that it is you",
        "sign_in.locked": "Too many wrong passwords in a row: new devices need a new password now",
        "sign_in.refused": "A sign-in was refused",
        "staff.reset_mailed": "Support mailed you a link to set a new password",
        "staff.verification_mailed": "Support mailed you a link to confirm your address",
        "staff.sessions_ended": "Support signed you out everywhere",
        "staff.disabled": "Support disabled your account",
        "staff.enabled": "Support enabled your account again",
        "staff.mail_sent_again": "Support sent you a mail again",
        "staff.roles_set": "Your roles in this Dashtam were changed",
        "superuser.made": "You became a superuser of this Dashtam",
        "values.opened": "Support gave a reason to see your numbers",
        "values.seen": "Support looked at your {page}",
        "verify_email.requested": "A link to confirm your address was asked for",
    }
)
