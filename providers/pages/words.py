"""States, reasons, kinds and other codes in words, for every code that a page may show."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone

# account type: (title of a group of such accounts, its icon)
TYPES = {
    "depository": ("Cash", "bank"),
    "credit": ("Cards", "card"),
    "loan": ("Loans", "loan"),
    "investment": ("Investments", "investment"),
    "other": ("Other accounts", "wallet"),
}

# account type: the name of one such account
ACCOUNT_KINDS = {
    "depository": "Bank account",
    "credit": "Credit card",
    "loan": "Loan",
    "investment": "Investment account",
    "other": "Another kind",
}

KINDS = {
    "purchase": "Purchase",
    "payment": "Payment",
    "deposit": "Deposit",
    "withdrawal": "Withdrawal",
    "transfer": "Transfer",
    "check": "Check",
    "atm": "Cash machine",
    "credit": "Credit",
    "debit": "Debit",
    "interest": "Interest",
    "fee": "Fee",
    "tax": "Tax",
    "buy": "Buy",
    "sell": "Sell",
    "dividend": "Dividend",
    "reinvestment": "Reinvestment",
    "capital_gain": "Capital gain",
    "return_of_capital": "Return of capital",
    "journal": "Internal booking",
    "split": "Split",
    "merger": "Merger or spin-off",
    "option": "Option event",
    "cash_in": "Cash in",
    "cash_out": "Cash out",
    "unknown": "Not classified",
}

CAPABILITIES = {
    "accounts": "Your accounts: name, kind, currency and the last digits of the number",
    "balances": "Their balances",
    "balance_history": "Their balances on earlier days",
    "transactions": "Their transactions, pending and posted",
    "holdings": "What your investment accounts hold",
}

# The part of an account that its balance does not count.
LACKS = {
    "cash": "without its cash, which is not reported",
    "holdings": "without some holdings, whose value is not reported",
    "cash_and_holdings": "without its cash and some holdings, which are not reported",
}

TRIGGERS = {
    "initial": "After connecting",
    "manual": "At your request",
    "scheduled": "On schedule",
}

FORMATS = {
    "ofx1": "OFX 1 (SGML)",
    "ofx2": "OFX 2 (XML)",
    "camt.052": "CAMT.052 (report of a day)",
    "camt.053": "CAMT.053 (statement)",
    "camt.054": "CAMT.054 (notification)",
    "mt940": "MT940",
    "mt942": "MT942 (report of a day)",
    "qif": "QIF",
    "csv": "CSV",
    "zip": "Zip of several formats",
}

# Meanings of the columns of a table.
COLUMN_ROLES = {
    "date": "Date",
    "other_date": "Another date",
    "amount": "Amount",
    "net": "Net amount",
    "debit": "Money out",
    "credit": "Money in",
    "direction": "In or out",
    "balance": "Balance",
    "currency": "Currency",
    "fee": "Fee",
    "tax": "Tax",
    "payee": "Payee",
    "description": "Description",
    "kind": "Type",
    "state": "Status",
    "reference": "Reference",
    "check_number": "Check number",
    "account": "Account number",
    "account_name": "Account name",
    "symbol": "Symbol",
    "isin": "ISIN",
    "security": "Security",
    "quantity": "Quantity",
    "price": "Price",
    "original_amount": "Foreign amount",
    "original_currency": "Foreign currency",
    "exchange_rate": "Exchange rate",
    "asset": "Asset or coin",
    "ignore": "Not used",
}

# Reasons for the state of a connection or a sync run. `{name}` is the institution.
REASONS = {
    "consent_expired": "Your permission at {name} has run out. Reconnect to give it again.",
    "revoked_by_user": "The permission was withdrawn at {name}. Reconnect if that was not what you wanted.",
    "consent_ended": "{name} no longer accepts our access. Reconnect to give it again.",
    "outcome_unknown": "An answer from {name} was lost while renewing access, so it may refuse us. Please reconnect.",
    "provider_unavailable": "{name} does not answer at the moment. We keep trying; there is nothing you need to do.",
    "provider_unreadable": "{name} sent something we could not read, so your numbers stay as they are. We keep trying.",
    "provider_refused": "{name} did not accept our request. If this lasts, tell your administrator.",
    "rate_limited": "{name} asked us to slow down, so the next update comes later. There is nothing you need to do.",
    "not_supported": "{name} does not offer this, so it was left out.",
    "provider_not_configured": "{name} is not set up on this Dashtam any more. Ask your administrator to add it again.",
    "connection_disabled": "{name} has lost its access to an institution. Reconnect to repair it there.",
    "period_too_long": "{name} gave fewer days than Dashtam asked for. “Update now” gets you more.",
    "settings_needed": "{name} wants you to look at your settings there. There is nothing to change here.",
    "continuation_void": "{name} lost its place in a long list. Dashtam reads it again by itself.",
    "attention_needed": "{name} wants you to sign in there, or to check your settings. Nothing has to change here.",
    "service_off": "{name} has switched off this access for your account. Switch it on there, and updates go on.",
    "address_not_allowed": "{name} takes this token from one other address only. Make one for any, and reconnect.",
    "query_refused": "{name} no longer knows this query. Open it there, and reconnect with its id.",
    "incomplete": "{name} says that it has not sent everything yet. We keep trying.",
    "told_by_server": "{name} reports a fault of its own. We keep trying; there is nothing you need to do.",
    "still_generating": "{name} was still preparing its statement. We ask again later.",
    "payment_required": "{name} answers only on a paid plan. What was read so far stays.",
    "address_refused": "{name} is set up at an address that Dashtam may not call. Tell your administrator.",
    "foreign_address": "{name} sent us to an address that is not its own, so we did not go there. We keep trying.",
    "key_unknown": "What is stored for this connection was encrypted with a key that is gone. Reconnect to continue.",
    "envelope_invalid": "What is stored for this connection cannot be opened. Reconnect to continue.",
    "absurd_number": "{name} sent a number too large to be true, so we left your numbers as they were. We keep trying.",
    "unknown_currency": "{name} sent an amount in a currency we do not know, so it was left out. We keep trying.",
    "bad_id": "{name} sent records we cannot tell apart, so they were left out. We keep trying.",
    "contradictory_page": "{name} sent a list that contradicts itself, so it was left out. We keep trying.",
    "unstorable_value": "{name} sent a value we cannot keep, so it was left out. We keep trying.",
    "outgoing_paused": "This Dashtam is a copy and does not call {name}. Its administrator can change that.",
    "quota_spent": "{name} allows no more requests for now. Dashtam goes on by itself as soon as it does.",
    "changed_while_reading": "{name} changed its data while it was read. Dashtam tries again by itself.",
    "budget_spent": "One update cannot read all that {name} has. What was read stays, and the next goes on from there.",
    "endless_feed": "The transaction list of {name} did not end over many updates, so we read only one more page each"
    " time. Tell your administrator: its connector may need an update.",
    "interrupted": "Dashtam was restarted in the middle. What was read stays, and the next update goes on from there.",
    "sync_overtaken": "Another update took over. Nothing was lost.",
    "connection_not_syncable": "This connection cannot be updated as it is. Reconnect it first.",
    "service_busy": "Dashtam was busy. The next update comes on schedule.",
    "database_unavailable": "Dashtam's own database did not answer. The next update comes on schedule.",
    "internal_error": "Something went wrong on our side. We try again; if it lasts, tell your administrator.",
    "disconnected_by_user": "You ended this connection. What was collected stays here.",
    "disconnected": "The connection was ended, so nothing more was read.",
}

_STATES = {
    "pending": "You have not finished connecting {name}. Start again to continue.",
    "active": "Everything is up to date.",
    "unread": "Nothing has been read yet. The first update starts shortly.",
    "busy": "Being updated now.",
    "file": "Imported from files. Import another one whenever you like.",
    "expiring": "Your permission at {name} ends soon. Renew it to keep your numbers up to date.",
    "degraded": "The last update did not work. We keep trying; there is nothing you need to do.",
    "reauth_required": "{name} wants you to sign in again. Until then your numbers stay as they are.",
    "revoked": "{name} ended our access. Reconnect to continue.",
    "disconnected": "You ended this connection. What was collected stays here.",
}

MORE_ACCOUNTS = "You have not shared them with Dashtam yet. Choose there which of them you want here."
OFFERED = timedelta(days=21)
_TONES = ("danger", "warning", "info")
_NEVER = datetime.max.replace(tzinfo=UTC)

BY_HAND = "You keep these accounts yourself and enter their balances."

_ATTENTION = {
    "expiring": ("warning", "Renew your permission at {name}", "Renew it"),
    "degraded": ("info", "{name} could not be updated", ""),
    "reauth_required": ("danger", "{name} needs you to sign in again", "Reconnect"),
    "revoked": ("danger", "{name} ended our access", "Reconnect"),
}


@dataclass(frozen=True, slots=True)
class Attention:
    """A notice about a connection, by its `name`, that needs its person. `action` is the text of the button, if any."""

    tone: str
    title: str
    text: str
    action: str
    name: str
    connection: Mapping[str, Any]


def reason(code: str, name: str) -> str:
    """The sentence for a state_reason or an error code; nothing for none."""
    if not code:
        return ""
    known = REASONS.get(code, "Something unexpected happened ({code}). We try again on schedule.")
    return known.format(name=name, code=code)


def state(connection: Mapping[str, Any], *, busy: bool = False, file: bool = False) -> str:
    """The state and its reason in one or two sentences. `busy`: an update is under way; `file`: fed by imports."""
    name = connection["provider_name"]
    if file and connection["state"] == "active":
        return _STATES["file"]
    if busy and connection["state"] in ("active", "degraded"):
        return _STATES["busy"]
    if connection["state"] == "active" and connection["last_success_at"] is None:
        return _STATES["unread"]
    if connection["state"] in ("active", "expiring", "disconnected", "pending"):
        return _STATES[connection["state"]].format(name=name)
    return reason(connection["state_reason"] or "", name) or _STATES[connection["state"]].format(name=name)


def attention(connection: Mapping[str, Any], name: str = "") -> Attention | None:
    """The notice about this connection, if its state needs one; `name` is that of the institution behind it."""
    if connection["state"] not in _ATTENTION:
        return _offer(connection, name)
    tone, title, action = _ATTENTION[connection["state"]]
    named = _named(connection, name)
    return Attention(tone, title.format(name=named), state(connection), action, named, connection)


def _named(connection: Mapping[str, Any], name: str) -> str:
    provider = str(connection["provider_name"])
    return provider if name in ("", provider) else f"{name} (through {provider})"


def _offer(connection: Mapping[str, Any], name: str) -> Attention | None:
    """The notice about accounts that could be added: for some weeks, since its person may not want them."""
    offered = connection["accounts_offered_at"]
    if connection["state"] != "active" or offered is None or timezone.now() - offered > OFFERED:
        return None
    named = _named(connection, name)
    title = f"There are more accounts at {named}"
    return Attention("info", title, MORE_ACCOUNTS, "Add accounts", named, connection)


def most_urgent_first(found: Iterable[Attention]) -> list[Attention]:
    """Connections that have stopped before those that will, and these by when they will."""

    def urgency(each: Attention) -> tuple[int, datetime]:
        return _TONES.index(each.tone), each.connection["consent_expires_at"] or _NEVER

    return sorted(found, key=urgency)


def kind(code: str) -> str:
    """The name of a transaction's kind; an unknown one is shown as it is."""
    return KINDS.get(code, code.replace("_", " ").capitalize())


def category(code: str) -> str:
    """The name of a category: an institution's code in words, a person's own as they wrote it."""
    if "_" not in code and not code.isupper() and not code.islower():
        return code
    return code.replace("_", " ").lower().capitalize()
