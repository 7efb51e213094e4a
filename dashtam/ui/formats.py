"""Numbers and times as people read them: exact decimals and moments in, text out."""

from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal

from dashtam.ui.currencies import NAMES, SYMBOLS, is_currency, minor_units

MINUS = "\N{MINUS SIGN}"
NO_BREAK = "\N{NO-BREAK SPACE}"

# A page writes hundreds of days: strftime takes four times as long.
_MONTHS = ("", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SUFFIXES = ((12, "T"), (9, "B"), (6, "M"), (3, "k"))

Amount = Decimal | int | str


def exact(amount: Amount) -> Decimal:
    """The amount as a Decimal. Raises TypeError for a float, which has already lost cents."""
    if isinstance(amount, float):
        raise TypeError("Money and quantities are Decimal, never float.")
    return Decimal(amount)


def _rounded(amount: Amount, currency: str, places: int | None) -> tuple[bool, str]:
    """True if it is negative once rounded, and its digits; -0.001 USD is 0.00, without a sign."""
    if places is None:
        least = 0 if currency else 2  # of a file that does not say its currency
        places = minor_units(currency) if is_currency(currency) else max(least, _decimals(exact(amount)))
    text = format(exact(amount), f",.{places}f")
    digits = text.lstrip("-")
    return text.startswith("-") and any(digit in digits for digit in "123456789"), digits


def _decimals(amount: Decimal) -> int:
    """The decimals that it has, without zeros at the end: a thousandth of a coin is not nothing."""
    exponent = amount.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def money_text(amount: Amount, currency: str, *, signed: bool = False, places: int | None = None) -> str:
    """`−$1,234.50`, or `−CHF 1,234.50` where no symbol is unmistakable; `signed` also shows a plus."""
    return money_words(amount, currency, signed=signed, places=places)[0]


def money_words(
    amount: Amount, currency: str, *, signed: bool = False, places: int | None = None
) -> tuple[str, str]:
    """The text of an amount, and `minus 1,234.50 US dollars` for screen readers, which skip the minus sign."""
    negative, digits = _rounded(amount, currency, places)
    sign = MINUS if negative else "+" if signed and exact(amount) > 0 else ""
    shown = f"{sign}{SYMBOLS.get(currency) or (currency and currency + NO_BREAK)}{digits}"
    return shown, f"{'minus ' if negative else ''}{digits} {NAMES.get(currency, currency)}".rstrip()


def quantity_text(amount: Amount) -> str:
    """Every digit the quantity has and no trailing zeros: `0.00052`, `1,200`."""
    text = format(exact(amount), ",f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text.replace("-", MINUS) if text != "-0" else "0"


def share_text(share: Decimal) -> str:
    """`12.5%`; a share that is not nothing never reads as nothing."""
    text = f"{share * 100:.1f}%".replace("-", MINUS)
    if share and not any(digit in text for digit in "123456789"):
        return "< 0.1%" if share > 0 else f"> {MINUS}0.1%"
    return text


def compact_text(amount: Decimal, step: Decimal) -> str:
    """`12.5k`, `−3M`: as many decimals as amounts a `step` apart need to read differently."""
    size = max(abs(amount), step)
    exponent, suffix = next((pair for pair in _SUFFIXES if size >= 10 ** pair[0]), (0, ""))
    scaled, places = amount.scaleb(-exponent), max(0, exponent - step.adjusted())
    if places > 3 and exponent:
        scaled, places, suffix = amount, max(0, -step.adjusted()), ""
    text = format(scaled, f",.{places}f")
    return "0" if amount == 0 else text.replace("-", MINUS) + suffix


def aware(moment: datetime) -> datetime:
    """The moment in UTC; one without a zone is taken as UTC."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def date_text(day: date) -> str:
    """`9 Mar 2026`."""
    return f"{day.day} {_MONTHS[day.month]} {day.year}"


def moment_text(moment: datetime, zone: tzinfo = UTC) -> str:
    """`9 Mar 2026, 14:05 UTC`; a zone whose name is only an offset reads `UTC+03`."""
    moment = aware(moment).astimezone(zone)
    name = moment.tzname() or ""
    return f"{date_text(moment)}, {moment.hour:02}:{moment.minute:02} {'UTC' if name[:1] in {'+', '-'} else ''}{name}"


def _count(number: int, unit: str) -> str:
    return f"{number} {unit}{'' if number == 1 else 's'}"


def relative_text(moment: datetime, now: datetime, zone: tzinfo = UTC) -> str:
    """`3 hours ago` or `in 12 days`; a plain date, in the zone, beyond a week back or a month ahead."""
    ahead = aware(moment) - aware(now)
    span = abs(ahead)
    if span < timedelta(seconds=45):
        return "just now"
    if span >= (timedelta(days=31) if ahead > timedelta() else timedelta(days=7)):
        return date_text(aware(moment).astimezone(zone))
    if span < timedelta(hours=1):
        words = _count(max(1, span // timedelta(minutes=1)), "minute")
    elif span < timedelta(days=1):
        words = _count(span // timedelta(hours=1), "hour")
    else:
        words = _count(span.days, "day")
    return f"in {words}" if ahead > timedelta() else f"{words} ago"
