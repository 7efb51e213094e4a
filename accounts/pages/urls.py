"""Pages of accounts."""

from django.urls import path

from accounts.pages import api_keys, emails, passwords, reauthentication, registration, settings, sign_in
from accounts.pages.own_data import data, leaving
from accounts.pages.second_factors import passkeys, recovery_codes, sign_in_step, totp

urlpatterns = [
    path("sign-up", registration.sign_up, name="sign-up"),
    path("check-your-mail", registration.check_your_mail, name="check-your-mail"),
    path("verify-email", registration.verify_email, name="verify-email"),
    path("sign-in", sign_in.sign_in, name="sign-in"),
    path("sign-in/second-step", sign_in_step.second_step, name="second-step"),
    path("sign-in/second-step/passkey", passkeys.second, name="passkey-second"),
    path("sign-in/passkey", passkeys.sign_in, name="passkey-sign-in"),
    path("passkeys/options/<slug:purpose>", passkeys.options, name="passkey-options"),
    path("reauthenticate/passkey", passkeys.reauthenticate, name="passkey-reauthenticate"),
    path("reauthenticate", reauthentication.reauthenticate, name="reauthenticate"),
    path("sign-out", sign_in.sign_out, name="sign-out"),
    path("forgot-password", passwords.forgot_password, name="forgot-password"),
    path("reset-password", passwords.reset_password, name="reset-password"),
    path("settings/profile", settings.profile, name="settings-profile"),
    path("settings/security", passwords.security, name="settings-security"),
    path("settings/security/authenticator/start", totp.start_totp, name="totp-start"),
    path("settings/security/authenticator", totp.set_up_totp, name="totp-set-up"),
    path("settings/security/authenticator/remove", totp.remove_totp, name="totp-remove"),
    path("settings/security/passkeys/new", passkeys.new, name="passkey-new"),
    path("settings/security/passkeys/<uuid:id>/remove", passkeys.remove, name="passkey-remove"),
    path("settings/security/recovery-codes", recovery_codes.renew_codes, name="recovery-codes"),
    path("settings/activity", settings.activity, name="settings-activity"),
    path("settings/sessions", settings.sessions, name="settings-sessions"),
    path("settings/sessions/<uuid:id>/end", settings.end_session, name="session-end"),
    path("settings/sessions/end-others", settings.end_other_sessions, name="sessions-end-others"),
    path("settings/email", emails.change_email, name="settings-email"),
    path("settings/email/cancel", emails.cancel_email, name="settings-email-cancel"),
    path("confirm-new-email", emails.confirm_new_email, name="confirm-new-email"),
    path("email-change", emails.email_change, name="email-change"),
    path("settings/data", data.data, name="settings-data"),
    path("settings/data/export", data.start_export, name="export-start"),
    path("settings/data/exports/<uuid:id>/take", data.take_export, name="export-take"),
    path("settings/leave", leaving.leave, name="leave"),
    path("settings/stay", leaving.stay, name="stay"),
    path("settings/api-keys", api_keys.api_keys, name="settings-api-keys"),
    path("settings/api-keys/new", api_keys.new_api_key, name="api-key-new"),
    path("settings/api-keys/<uuid:id>/end", api_keys.end_api_key, name="api-key-end"),
]
