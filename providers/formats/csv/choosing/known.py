"""Layouts of banks that we know: what their headings alone do not say. Understanding works without; this only settles.

Each is: name | the headings it has | order of day and month | sign | currency | kind of account | fee.
An empty part is found in the file. The headings are
those that must all be there, in lower case without punctuation; a line that is indented goes on with the one before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from providers.formats.csv.words.plain import plain
from providers.records import AccountType

_LAYOUTS = """
American Express | date, description, amount, extended details, appears on your statement as, address | |
    reversed | | credit |
American Express | date, description, card member, account, amount | mdy | reversed | USD | credit |
American Express | datum, beschreibung, karteninhaber, konto, betrag | dmy | reversed | EUR | credit |
Apple Card | transaction date, clearing date, description, merchant, category, type, amount usd | mdy |
    reversed | USD | credit |
Bank of America | date, description, amount, running bal | mdy | as_written | USD | depository |
Bank of America | posted date, reference number, payee, address, amount | mdy | as_written | USD | credit |
Barclays | number, date, account, amount, subcategory, memo | dmy | as_written | GBP | depository |
Capital One | transaction date, posted date, card no, description, category, debit, credit | mdy | | USD |
    credit |
Capital One 360 | account number, transaction date, transaction amount, transaction type, transaction
    description, balance | mdy | | USD | depository |
Charles Schwab | date, status, type, checknumber, description, withdrawal, deposit, runningbalance | mdy |
    | USD | depository |
Charles Schwab | date, type, check, description, withdrawal, deposit, runningbalance | mdy | | USD |
    depository |
Charles Schwab | date, action, symbol, description, quantity, price, fees comm, amount | mdy | as_written
    | USD | investment | included
Chase | transaction date, post date, description, category, type, amount, memo | mdy | as_written | USD |
    credit |
Chase | transaction date, post date, description, category, type, amount | mdy | as_written | USD | credit |
Chase | type, trans date, post date, description, amount | mdy | as_written | USD | credit |
Chase | details, posting date, description, amount, type, balance, check or slip | mdy | as_written | USD
    | depository |
Citi | status, date, description, debit, credit | mdy | | USD | credit |
Citi | status, date, description, debit, credit, member name | mdy | | USD | credit |
Coinbase | timestamp, transaction type, asset, quantity transacted | | action | | investment | included
DCU | date, transaction type, description, amount, id, memo, current balance | mdy | as_written | USD |
    depository |
DEGIRO | datum, tijd, valutadatum, product, isin, omschrijving, fx, mutatie, saldo | dmy | as_written | |
    investment | included
Discover | trans date, post date, description, amount, category | mdy | reversed | USD | credit |
DKB | buchungsdatum, wertstellung, status, zahlungspflichtige r, zahlungsempfanger in, verwendungszweck,
    umsatztyp | dmy | as_written | EUR | depository |
eToro | date, type, details, amount, units, realized equity change, realized equity, balance | dmy |
    action | USD | investment | included
Fidelity | run date, action, symbol, description, type, price, quantity, commission, fees, accrued
    interest, amount | mdy | as_written | USD | investment | included
Fidelity | run date, account, account number, action, symbol, description, type, quantity, amount | mdy |
    as_written | | investment | included
Freetrade | title, type, timestamp, account currency, total amount, buy sell, ticker, isin | | action | |
    investment | included
Lloyds Banking Group | transaction date, transaction type, sort code, account number, transaction
    description, debit amount, credit amount, balance | dmy | | GBP | depository |
ING | datum, naam omschrijving, rekening, tegenrekening, code, af bij, bedrag eur | | | EUR | depository |
ING | buchung, valuta, auftraggeber empfanger, buchungstext, verwendungszweck, betrag, wahrung | dmy |
    as_written | | depository |
Interactive Brokers | currency, fxratetobase, symbol, quantity, tradeprice, ibcommission, netcash | |
    as_written | | investment | included
Kraken | txid, refid, time, type, aclass, asset, amount, fee, balance | | as_written | | investment | apart
Mint | date, description, original description, amount, transaction type, category, account name | mdy | |
    USD | other |
Monzo | transaction id, date, time, type, name, emoji, category, amount, currency | dmy | as_written | |
    depository |
N26 | booking date, value date, partner name, partner iban, type, payment reference, account name, amount
    eur | | as_written | EUR | depository |
N26 | date, payee, account number, transaction type, payment reference, amount eur | | as_written | EUR |
    depository |
Nationwide | date, transaction type, description, paid out, paid in, balance | dmy | | GBP | depository |
NatWest | date, type, description, value, balance, account name, account number | dmy | as_written | GBP | |
PayPal | date, time, timezone, name, type, status, currency, gross, fee, net | | as_written | | depository
    | included
PayPal | date, time, time zone, name, type, status, currency, gross, fee, net | mdy | as_written | |
    depository | included
Rabobank | portefeuille, naam, datum, type mutatie, valuta mutatie, volume, koers | dmy | as_written | |
    investment | included
E*TRADE | transactiondate, transactiontype, securitytype, symbol, quantity, amount, price, commission | mdy |
    as_written | USD | investment | included
Robinhood | activity date, process date, settle date, instrument, description, trans code, quantity, price,
    amount | mdy | as_written | USD | investment | included
Vanguard | account number, trade date, settlement date, transaction type, transaction description, investment
    name, symbol, shares | mdy | as_written | USD | investment | included
Revolut | type, product, started date, completed date, description, amount, fee, currency, state, balance
    | | as_written | | depository | apart
Revolut | type, started date, completed date, description, amount, fee, currency, state | | as_written | |
    depository | apart
Revolut | date, ticker, type, quantity, price per share, total amount, currency, fx rate | | action | |
    investment | included
ING | date, class, subcategory, desc, notes, image, amount, balance | dmy | as_written | EUR | depository |
Sparkasse | auftragskonto, buchungstag, valutadatum, buchungstext, verwendungszweck, betrag, waehrung,
    info | dmy | as_written | | depository |
Starling | date, counter party, reference, type, amount gbp, balance gbp | dmy | as_written | GBP |
    depository |
Stripe | id, description, seller message, created, amount, amount refunded, currency, converted amount,
    fee | | as_written | | other | apart
Stripe | id, type, source, amount, fee, net, currency, created utc, available on utc | | as_written | |
    other | included
TD Ameritrade | date, transaction id, description, quantity, symbol, price, commission, amount | mdy |
    as_written | USD | investment | included
Trade Republic | datum, transactietype, waarde netto, opmerking, isin, aantal, kosten, belasting | |
    action | EUR | investment | included
Trade Republic | datum, typ, wert, notiz, isin, anteile, gebuhren, steuern | | action | EUR | investment |
    included
Trade Republic | date, type, value, note, isin, shares, fees, taxes | | action | EUR | investment | included
Trading 212 | action, time, isin, ticker, name, no of shares, price share | | action | | investment | included
UBS | produit, monn, description, date de valeur, description 1, debit, credit, solde | dmy | | | depository |
Venmo | id, datetime, type, status, note, from, to, amount total | | as_written | USD | depository |
Wise | id, status, direction, created on, finished on, source fee amount | | | | depository |
Wise | transferwise id, date, amount, currency, description, payment reference, running balance | dmy |
    as_written | | depository | included
"""


@dataclass(frozen=True, slots=True)
class Known:
    """The facts that are known of a layout."""

    name: str
    headings: tuple[str, ...]
    date_order: str
    sign: str
    currency: str
    account_type: AccountType | None
    fee: str


def _read(line: str) -> Known:
    name, headings, order, sign, currency, kind, *fee = (part.strip() for part in line.split("|"))
    account = cast("AccountType", kind) if kind else None
    return Known(name, tuple(headings.split(", ")), order, sign, currency, account, fee[0] if fee else "")


KNOWN = tuple(_read(line) for line in _LAYOUTS.strip().replace("\n    ", " ").splitlines())


def known_layout(headings: Sequence[str]) -> Known | None:
    """The layout that has all its headings in the table, in their order; of several the one that names most."""
    found = [plain(heading) for heading in headings]
    fitting = [known for known in KNOWN if _in_order(known.headings, found)]
    return max(fitting, key=lambda known: len(known.headings), default=None)


def _in_order(wanted: Sequence[str], found: Sequence[str]) -> bool:
    """True if they begin alike, and the wanted ones are all there one after the other; few must be all there are."""
    filled = [each for each in found if each]
    if not filled or filled[0] != wanted[0]:
        return False
    rest = iter(filled)
    return all(each in rest for each in wanted) and (len(wanted) > 5 or len(filled) == len(wanted))
