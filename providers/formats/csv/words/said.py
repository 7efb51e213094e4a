"""Words of cells about their row: money in or out, booked or not, and rows that move nothing."""

from __future__ import annotations

import re
from functools import lru_cache

from providers.formats.csv.words import of_scripts
from providers.formats.csv.words.plain import plain


def _words(text: str, others: str) -> frozenset[str]:
    return frozenset(text.split()) | {plain(word) for word in others.split()}


DEBIT = _words(
    """
    - -1 af ausgabe ausgaben ausgang belastung cargo cheltuiala d dare dbit debe debet debit debite debito
    deducted dr expense expenses gider k_d lastschrift minus money_out neg obciazenie odchozi out
    out_outgoing outflow outgoing paid_out purchase s saida sale_debit saque sent soll sortie t terheles
    uscita ut uttag vydaj withdrawal wydatek
    """,
    of_scripts.DEBIT,
)
CREDIT = _words(
    """
    + +1 abono avere bij c cr crdt credit credite credito deposit deposito eingang einnahme einnahmen
    entrada entrata entree gelir gutschrift h haben haber in income incoming inflow inn insattning j
    jovairas k kredit money_in paid_in plus pos prichozi prijem received uznanie wplyw
    """,
    of_scripts.CREDIT,
)
BOOKED = _words(
    """
    abgeschlossen approved ausgefuhrt bokford booked captured cleared completado completato complete
    completed comptabilise concluido contabilizado contabilizzato done efectuado effectue erledigt eseguito
    executada executed final finished geboekt gebucht gennemfort konyvelt liquidado ok paid posted processed
    realizado reconciled reserveret_bogfort rozliczona settled succeeded success successful tamamlandi
    taytetty teljesult termine toteutettu uddfort udfort uitgevoerd umsatz_gebucht uploaded utford utfort
    aanvaard accepte accepted acceptee geaccepteerd issued partially_refunded refunded
    payment_deposited payment_sent transfer_sent zakonczono zakonczona wykonana wykonano terminado terminada
    uspeshno provedeno provedena vykonana dokonceno isvykdyta ivykdyta teostatud izpildits finalizata finalizat
    tamamlandi gerceklesti kabul_edildi ispolneno ispolnen vypolneno sikeres
    valide verbucht verwerkt zaksiegowana zauctovana zauctovano zrealizowana zuctovane
    """,
    of_scripts.BOOKED,
)
PENDING = _words(
    """
    w_realizacji oczekujacy cekajuce caka_na_spracovanie zpracovava_se nezauctovano nezuctovane laukiama apstrade
    ootel in_asteptare v_obrabotke v_ozhidanii na_cekanju rezervisano rezervirano blokirano fuggo_tetel
    a_venir afventer ausstehend authorisation authorised authorization authorized autorizzato awaiting
    beklemede blokace blokada blokovane cekajici created da_contabilizzare en_attente en_cours en_proceso
    fuggo fuggoben future gereserveerd held hold in_bearbeitung in_behandeling in_progress in_sospeso
    nierozliczona non_contabilizzato oczekujaca odottaa offen on_hold reserverat pendente pendiente pending
    pending_transaction preauth processing reserverad reserveret reservert reserviert scheduled
    temporary_hold umsatz_vorgemerkt uncleared unposted unsettled varaus venter vorgemerkt
    vorgemerkte_buchung w_toku
    """,
    of_scripts.PENDING,
)
VOID = _words(
    """
    cofnieto devuelto revertido revertida reverti stornato rimborsato ruckgangig_gemacht teruggedraaid
    otkloneno otmeneno otkazano zamitnuta odmitnuto odmietnute odbijeno atmesta noraidits tagasi_lukatud respinsa
    anulata reddedildi iptal_edildi stornovano annulled rescinded
    abgebrochen abgelehnt afvist annule annullato annulleret anulado anulowana avbruten avvist blocked
    cancelado canceled cancelled declined deleted denied echoue elutasitott error expired failed fallido
    fallito fehlgeschlagen geannuleerd geweigerd hylatty incomplete iptal mislukt misslyckad nieudana
    not_completed odrzucona peruttu rechazado recusado refuse refused rejected rejete removed returned_void
    reversed reverted rifiutato storniert torolt unsuccessful void voided zamitnuto zrusena zuruckgewiesen
    """,
    of_scripts.VOID,
)
# Rows that state something and move nothing: their text is one of these, or begins with one of several words.
_NO_MOVEMENT: dict[str, str] = {
    "an opening or closing balance": """
        opening balance, beginning balance, starting balance, closing balance, ending balance, balance
        brought forward, balance carried forward, brought forward, carried forward, previous balance,
        balance b f, balance c f, account balance, available balance, current balance, balance, opening,
        closing, anfangssaldo, endsaldo, kontostand, saldovortrag, alter saldo, neuer saldo, saldo,
        anfangsbestand, abschlusssaldo, schlusssaldo, beginsaldo, eindsaldo, solde, ancien solde, nouveau
        solde, solde initial, solde final, saldo inicial, saldo final, saldo anterior, saldo iniziale, saldo
        finale, saldo poczatkowe, saldo koncowe, ingaende saldo, utgaende saldo, nyitoegyenleg,
        zaroegyenleg, pocatecni zustatek, konecny zustatek, s a l d o, saldo do dia, saldo total disponivel dia,
        saldo total disponivel, saldo total, total avail balance,
        saldo awal, saldo akhir, likutis pradziai, likutis pabaigai, pradinis likutis, galutinis likutis,
        sakuma atlikums, beigu atlikums, algsaldo, loppsaldo, pocatecni stav, konecny stav, zaciatocny
        zostatok, pociatocny zostatok, konecny zostatok, pocetno stanje, zavrsno stanje, zacetno stanje,
        koncno stanje, sold initial, sold final, alkusaldo, loppusaldo, primosaldo, ultimosaldo, primo saldo,
        ultimo saldo, inngaende saldo, utgaende saldo, indgaende saldo, devreden bakiye, onceki bakiye,
        acilis bakiyesi, kapanis bakiyesi, nachalnyy ostatok, vhodyashtiy ostatok, ishodyashtiy ostatok,
        proigoymeno ypoloipo, archiko ypoloipo, teliko ypoloipo, saldo disponivel, saldo em conta
    """,
    "a total": """
        total, totals, subtotal, sub total, sum, grand total, account total, total credits, total debits,
        transactions total, summe, gesamtsumme, gesamt, summen, totaal, totaux, total general, totale,
        totali, suma, summa, i alt, sum of, cost, anzahl, osszesen, celkem, spolu, yhteensa,
        apyvarta, apgrozijums, kaive, razem, totalt, toplam, itogo, synolo, ukupno, skupaj,
        kokku, kopa, is viso, obrat, obraty, umsatzsumme
    """,
    "a hold": """
        temporary hold, account hold, hold, google temporary hold, general authorization, account hold for
        open authorization, hold on balance, payment review hold, reversal of general account hold, general
        hold, memo hold
    """,
    "a note": """
        pending transactions, posted transactions, memo, the data, date downloaded, disclaimer, brokerage
        services, no transactions, end of, downloaded, generated, printed, exported on
    """,
}
_PHRASES: dict[str, str] = {}
for _sort, _text in (*_NO_MOVEMENT.items(), *of_scripts.NO_MOVEMENT.items()):
    for _phrase in _text.split(","):
        _PHRASES.setdefault(plain(_phrase), _sort)
_LONGEST = max(phrase.count(" ") + 1 for phrase in _PHRASES)
_FIRST = frozenset(phrase.partition(" ")[0] for phrase in _PHRASES)
_WORD = re.compile("[0-9A-Za-z]+")


def word_in(cell: str, words: frozenset[str]) -> bool:
    """True if the cell is one of those words or short phrases."""
    text = plain(cell)
    return (text.replace(" ", "_") if text else cell.strip()) in words


@lru_cache(8192)
def no_movement(text: str) -> str | None:
    """The sort of row that moves nothing, if the text is or begins with the words of one."""
    if text.isascii() and (beginning := _WORD.search(text)) and beginning.group().lower() not in _FIRST:
        return None
    words = plain(text)
    if words in _PHRASES:
        return _PHRASES[words]
    first = words.split(" ", _LONGEST)
    if first[0] not in _FIRST:
        return None
    beginnings = (" ".join(first[:size]) for size in range(min(len(first), _LONGEST), 1, -1))
    return next((_PHRASES[each] for each in beginnings if each in _PHRASES), None)
