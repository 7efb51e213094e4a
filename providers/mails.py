"""Mails of providers: a connection that needs its person."""

from notifications.kinds import Kind, Phrases, register

REASONS = {
    "consent_expired": "your permission for Dashtam to read it has expired",
    "consent_expiring": "your permission for Dashtam to read it will end soon",
    "revoked_by_user": "the permission was withdrawn at the institution",
    "outcome_unknown": "an answer from the institution was lost, and with it our access",
    "provider_unavailable": "the institution has not answered for a while",
    "rate_limited": "the institution asked us to slow down, and the next update comes later than usual",
}
OTHER_REASON = "the institution asks you to sign in again"

register(
    {
        "connection_needs_attention": Kind(
            "Look at the connection",
            "/connections/{connection_id}",
            needs=("connection_id", "provider_name", "reason"),
            phrases={"why": Phrases("reason", REASONS, OTHER_REASON)},
        ),
    }
)
