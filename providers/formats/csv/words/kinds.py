"""Words of types and actions for the kinds of transactions."""

from __future__ import annotations

from functools import lru_cache

from providers.formats.csv.words.plain import plain
from providers.records import Kind

_KINDS: dict[Kind, str] = {
    Kind.REINVESTMENT: """
        reinvest, reinvestment, reinvested, reinvest shares, thesaurierung, stock distribution
    """,
    Kind.DIVIDEND: """
        dividend, dividends, dividende, dividendes, dividendo, div, contant dividend, distribution,
        ausschuttung, ertrag, dywidenda, utdelning, dividend received, osinko, cash div
    """,
    Kind.TAX: """
        foreign tax, withholding, tax, steuer, kest, quellensteuer, sdrt, stamp duty, kapitalertragsteuer
    """,
    Kind.FEE: """
        fee, fees, service charge, gebuhr, gebuehr, entgelt, tarieven, frais, commission, custody fee,
        overnight fee, comision, kosten, avgift, prowizja, oplata, account fee, charge
    """,
    Kind.INTEREST: """
        interest, zinsen, zins, habenzins, rente, interets, interes, intereses, interessi, odsetki, ranta,
        renter, interest paid, interest on cash, intadjust, muni exempt int, korko, interest payment,
        einbehaltene
    """,
    Kind.SPLIT: """
        split, stock split, aktiensplit, reverse split
    """,
    Kind.MERGER: """
        merger, spinoff, spin off, fusion
    """,
    Kind.BUY: """
        buy, bought, purchase of, kauf, koop, achat, compra, acquisto, kop, kupno, aankoop, you bought,
        market buy, limit buy, savings plan, open position, koop fondsen, kjop, kob, sparplan, osto
    """,
    Kind.SELL: """
        sell, sold, sale of, verkauf, verkoop, vente, venta, vendita, salj, sprzedaz, you sold, market sell,
        limit sell, position closed, verkoop fondsen, redemption, redemption payout, salg, myynti
    """,
    Kind.ATM: """
        atm, cash withdrawal, bargeldauszahlung, geldautomat, geldautomaat, cajero, retrait, prelievo, cash
        machine, cashpoint, bankomat
    """,
    Kind.CHECK: """
        check, cheque, check paid, scheck
    """,
    Kind.TRANSFER: """
        transfer, ach, wire, xfer, uberweisung, ueberweisung, umbuchung, overboeking, overschrijving,
        virement, transferencia, traspaso, bonifico, przelew, overforing, overforsel, prevod, atutalas,
        send, receive, convert, transferred, journaled, dauerauftrag, credit transfer, debit transfer,
        payment transfer
    """,
    Kind.PAYMENT: """
        payment, direct debit, bill payment, lastschrift, incasso, prelevement, recibo, addebito,
        domiciliacion, zahlung, autopay, automatic payment, folgelastschrift, basislastschrift, dd,
        directdebit, standing order
    """,
    Kind.DEPOSIT: """
        deposit, top up, topup, salary, payroll, einzahlung, storting, lohn, gehalt, gehalt rente, income,
        cash top up, directdep, direct deposit, contribution, einlage, versement
    """,
    Kind.CASH_OUT: """
        withdrawal, withdraw, auszahlung, onttrekking, withdraw request, payout
    """,
    Kind.PURCHASE: """
        sale, purchase, card payment, card, pos, visa, mastercard, kartenzahlung, betaalautomaat, carte,
        tarjeta, contactless, debit card, shopping, compra con tarjeta, mastercard zahlung
    """,
    Kind.CREDIT: """
        credit, gutschrift, refund, crdt, haben, return, cashback, adjustment
    """,
    Kind.DEBIT: """
        debit, dbit
    """,
}
# Each phrase with its kind; of phrases as long as each other, the first one counts.
_PHRASES: dict[str, tuple[int, int, Kind]] = {}
for _kind, _text in _KINDS.items():
    for _phrase in (" ".join(each.split()) for each in _text.split(",")):
        _PHRASES.setdefault(_phrase, (len(_phrase), -len(_PHRASES), _kind))
_LONGEST = max(phrase.count(" ") + 1 for phrase in _PHRASES)
_FIRST = frozenset(phrase.partition(" ")[0] for phrase in _PHRASES)


@lru_cache(8192)
def kind_of(text: str) -> Kind | None:
    """The kind that a type or action names, by the longest phrase in it; None if it names none that we know."""
    words = plain(text).split()
    found = [
        known
        for start, word in enumerate(words)
        if word in _FIRST
        for end in range(start + 1, min(start + _LONGEST, len(words)) + 1)
        if (known := _PHRASES.get(" ".join(words[start:end]))) is not None
    ]
    return max(found)[2] if found else None
