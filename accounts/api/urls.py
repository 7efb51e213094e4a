"""REST URLs of accounts, below /api/v1/."""

from django.urls import include, path

from accounts.api import (
    activity,
    api_keys,
    emails,
    exports,
    identities,
    invitations,
    me,
    passwords,
    reauthentications,
    registration,
    second_factors,
    tokens,
)

_auth = [
    path("users", registration.Users.as_view()),
    path("email-verifications", registration.EmailVerifications.as_view()),
    path("email-verifications/resend", registration.ResentVerifications.as_view()),
    path("identities", identities.Identities.as_view()),
    path("identities/<uuid:id>", identities.Identity.as_view()),
    path("invitations", invitations.Invitations.as_view()),
    path("invitations/<uuid:id>", invitations.Invitation.as_view()),
    path("tokens", tokens.Tokens.as_view()),
    path("tokens/refresh", tokens.RefreshedTokens.as_view()),
    path("tokens/revoke", tokens.RevokedTokens.as_view()),
    path("reauthentications", reauthentications.Reauthentications.as_view()),
    path("mfa/totp", second_factors.Totp.as_view()),
    path("mfa/totp/confirm", second_factors.ConfirmedTotp.as_view()),
    path("mfa/passkeys", second_factors.Passkeys.as_view()),
    path("mfa/passkeys/<uuid:id>", second_factors.Passkey.as_view()),
    path("mfa/recovery-codes", second_factors.RecoveryCodes.as_view()),
    path("password-resets", passwords.PasswordResets.as_view()),
    path("password-resets/confirm", passwords.ConfirmedPasswordResets.as_view()),
    path("me", me.Me.as_view()),
    path("me/email", emails.OwnEmail.as_view()),
    path("me/email/resume", emails.ResumedEmail.as_view()),
    path("email-changes/confirm", emails.ConfirmedEmailChanges.as_view()),
    path("email-changes/stop", emails.StoppedEmailChanges.as_view()),
    path("me/export", exports.OwnExport.as_view()),
    path("me/exports/<uuid:id>/file", exports.ExportFile.as_view()),
    path("me/deletion", me.Deletion.as_view()),
    path("me/password", passwords.OwnPassword.as_view()),
    path("activity", activity.Activity.as_view()),
    path("sessions", me.Sessions.as_view()),
    path("sessions/<uuid:id>", me.Session.as_view()),
    path("api-keys", api_keys.ApiKeys.as_view()),
    path("api-keys/<uuid:id>", api_keys.ApiKey.as_view()),
]

urlpatterns = [
    path("auth/", include(_auth)),
    path("events/tickets", me.Tickets.as_view()),
]
