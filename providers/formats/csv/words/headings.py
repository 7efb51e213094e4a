"""Headings of columns, in several languages: lower case, without accents and punctuation."""

from __future__ import annotations

from typing import Literal, get_args

Role = Literal[
    "date", "other_date", "amount", "net", "debit", "credit", "direction", "balance", "currency", "fee",
    "tax", "payee", "description", "kind", "state", "reference", "check_number", "account", "account_name",
    "symbol", "isin", "security", "quantity", "price", "original_amount", "original_currency",
    "exchange_rate", "asset", "ignore",
]  # fmt: skip
ROLES: tuple[Role, ...] = get_args(Role)

# The longest phrase that is in a heading as whole words decides its role.
_HEADINGS: dict[Role, str] = {
    "date": """
        date, post date, posted date, posting date, date posted, booking date, booked, booked date, book
        date, date processed, completed date, transaction posted date, clearing date, effective date,
        processing date, run date, trade date, timestamp, time, datum, buchungstag, buchungsdatum, buchung,
        gebucht am, buchungstermin, boekdatum, boekingsdatum, boekingsdag, boekings datum, transactiedatum,
        date operation, date d operation, date de l operation, date comptable, date de comptabilisation,
        dateop, date de transaction, date comptabilisation, fecha, fecha operacion, fecha de operacion,
        fecha contable, f operacion, data, data operazione, data contabile, data registrazione, data
        lancamento, data mov, data movimento, data do movimento, data da operacao, data operacji, data
        ksiegowania, data transakcji, bogforingsdato, bokforingsdag, bokforingsdatum, bokfort, dato, dag,
        datum transakce, datum zauctovani, datum provedeni, datum splatnosti, datum operacie, konyveles
        datuma, konyveles napja, tranzakcio datuma, kirjauspaiva, paivamaara, pvm, kuupaev, operacijos data,
        datums, dátum, tarih, islem tarihi, data tranzactiei, data tranzactie, data valutarii, imerominia,
        rentedatum start, fecha valor contable, transaktionsdag, transaktionsdatum, bokforingsdato, utfort
        dato, created, created date utc, created utc, started date time, buchungszeit
    """,
    "other_date": """
        transaction date, trans date, value date, valuta, valuta datum, valutadatum, wertstellung,
        wertstellungstag, wert, wertstellungsdatum, settlement date, settle date, settled date, started
        date, date de valeur, date valeur, dateval, fecha valor, f valor, data valuta, data valor, data
        waluty, rentedatum, valutadag, valutadato, rentedato, belegdatum, kaufdatum, umsatztag,
        authorization date, authorised date, authorised on, interest date, value date time, arvopaiva,
        ertenap, erteknap, datum valuty, transaction time, expiry date, closing date, dividend pay date,
        dividend ex date, available on utc, invoice date, due date, date uitvoering, uitvoeringsdatum,
        reference date, finished on, created on, date of transaction, zeit, time zone, tijd
    """,
    "amount": """
        amount, transaction amount, amt, value, total, total amount, gross, sum, paid amount, amount in
        account currency, billing amount, betrag, umsatz, wert in eur, betrag in eur, bedrag, bedrag eur,
        montant, montant eur, montant de l operation, importe, importo, valor, valor r, montante,
        importancia, kwota, kwota operacji, kwota transakcji, kwota w walucie rachunku, belob, belop, summa,
        castka, objem, suma, osszeg, maara, summ, tutar, islem tutari, poso, booked amount, amount original,
        local amount, transaktionsbetrag, zahlungsbetrag, kaufbetrag, amount usd, lastschrift gutschrift,
        mouvement, iznos, source amount after fees, waarde netto, betrag netto, total inclusive of fees and
        or spread, net transaction amount, umsatz betrag, saldo mutatie
    """,
    "net": """
        net, net amount, netto, nettobetrag, net value
    """,
    "debit": """
        debit, debit amount, debits, withdrawal, withdrawals, withdrawal amount, withdrawal amt, money out,
        paid out, out, outflow, spent, charges, payments out, soll, lastschrift, belastung, belastungen,
        ausgang, ausgaben, ausgabe, sollbetrag, debet, af, uitgaven, debits euro, sorties, debit eur, cargo,
        cargos, adeudo, dare, addebiti, addebito, uscite, uscita, debito, debitos, saida, saidas,
        obciazenia, obciazenie, ut, ut fra konto, uttag, terheles, belastung in chf, dr, debit transactions,
        debit usd, einzelbetrag belastung, ut av konto, ut fran konto, debet belob, purchase amount,
        belastad, rashod, egreso, retiro, gasto, reti, debite, chik, odliv
    """,
    "credit": """
        credit, credit amount, credits, deposit, deposits, deposit amount, deposit amt, money in, paid in,
        in, inflow, received, payments in, haben, gutschrift, gutschriften, eingang, einnahmen, einnahme,
        habenbetrag, bij, inkomsten, entrees, credit eur, abono, abonos, avere, accrediti, accredito,
        entrate, entrata, credito, creditos, entrada, entradas, uznania, uznanie, inn, inn pa konto,
        insattning, jovairas, gutschrift in chf, cr, credit usd, inn til konto, in pa konto, lodgement,
        lodgements, prihod, ingreso, ingresos, kredit, credite, priliv
    """,
    "direction": """
        debit credit, credit debit, cr dr, dr cr, d c, c d, credit debit indicator, debit or credit, af bij,
        bij af, soll haben, s h, credit debet, debit kredit, debet kredit, dc, cd, direction, in out,
        transaction direction, sens, signe, segno, znacka, d k, k d, type debit credit, sign, deb cred,
        balance impact, umsatztyp, indicator, d s h, kreditdebet, credit debit code, debet credit,
        debetkredit
    """,
    "balance": """
        balance, running balance, runningbalance, closing balance, account balance, current balance,
        available balance, ledger balance, cash balance, balance after, balance after transaction, saldo,
        kontostand, saldo nach buchung, saldo na mutatie, saldo na trn, saldo nach umsatz, neuer saldo,
        solde, saldo disponible, saldo contable, saldo po operacji, balans, zustatek, zostatok, egyenleg,
        saldo efter, bokfort saldo, bakiye, saldo final, jaak, likutis, ypoloipo, saldo konta, salg,
        bookings balance, disponibelt belopp, end balance, saldo finale, solde eur
    """,
    "currency": """
        currency, currency code, ccy, cur, account currency, settlement currency, amount currency, currency
        symbol, curr, price currency, wahrung, waehrung, whg, wkz, whrg, kontowahrung, buchungswahrung,
        valuta code, munt, muntsoort, valuta mutatie, devise, monn, monnaie, divisa, moneda, valuta cod,
        moeda, waluta, valuta kod, mena, devizanem, valuutta, valuuta, para birimi, nomisma, currency name,
        source currency, valuta betrag, valuutta koodi, currency total, kontowaehrung
    """,
    "fee": """
        fee, fees, commission, commissions, fees and or spread, fee amount, transaction fee, gebuhr,
        gebuhren, gebuehr, gebuehren, provision, kosten, frais, comision, comisiones, commissione,
        commissioni, prowizja, avgift, stamp duty, fx fee amount, currency conversion fee, valuta kosten,
        courtage, spesen, fremde kosten, source fee amount, fee total, charges and fees
    """,
    "tax": """
        tax, withholding tax, belasting, steuer, steuern, kest, quellensteuer, impots, impuesto, withheld
        tax, taxes, tax amount
    """,
    "payee": """
        payee, merchant, merchant name, counterparty, counter party, counterparty name, name, partner name,
        beneficiary, payer, recipient, sender, other party, to from, partner, empfanger, auftraggeber,
        auftraggeber empfanger, beguenstigter zahlungspflichtiger, begunstigter, zahlungspflichtige r,
        zahlungsempfanger in, zahlungspflichtiger, zahlungsempfanger, beguenstigter auftraggeber, empfanger
        auftraggeber, auftraggeber begunstigter, name zahlungsbeteiligter, beguenstigter, name empfanger,
        name gegenkonto, buchungsempfanger, sender receiver, payee name, tegenpartij, naam tegenpartij,
        tegenpartij naam, naam, naam omschrijving, naam tegenrekening, begunstigde, nom, beneficiaire,
        tiers, tiers paye, nom de la contrepartie, nom contrepartie, beneficiario, ordenante, odbiorca,
        nadawca, nadawca odbiorca, nazwa kontrahenta, dane kontrahenta, mottagare, modtager,
        betalingsmottaker, mottaker avsender, afsender, saaja maksaja, saaja, saaja maksja nimi, saaja nimi,
        partner neve, partner nev, nazev protiuctu, nazev protistrany, nazov protiuctu, jmeno protistrany,
        nume beneficiar, nume, maksetaja saaja, gavejas, beneficiary payer name, sanemejs maksatajs, alici,
        handler, description 1, transaction partner, zahlungsempfaenger, empfaenger, partnername
    """,
    "description": """
        description, transaction description, details, detail, transaction details, particulars, narrative,
        narration, memo, memo description, reference text, payment reference, note, notes, text, remarks,
        reason, message, extended details, purpose, extended description, additional info, original
        description, full description, line description, item title, statement description, transaction
        remarks, narrative 1, narrative 2, narrative 3, desc, libelle operation, comment, comments, subject,
        booking text, verwendungszweck, buchungstext, umsatztext, beschreibung, umsatzbeschreibung,
        zahlungsgrund, bezeichnung, buchungsdetails, zahlungsreferenz, vermerk, vwz, verwendungszweck
        zahlungsgrund, omschrijving, omschrijving 1, omschrijving 2, omschrijving 3, mededeling,
        mededelingen, vrije mededeling, opmerking, bericht, mutatie omschrijving, libelle, libelles, libelle
        complet, libelle simplifie, intitule, designation, communication, communications, informations
        complementaires, libelle suppl, concepto, descripcion, observaciones, movimiento, mas datos,
        concepto ampliado, glosa, descrizione, causale, causale descrizione, descrizione operazione,
        descrizione estesa, operazione, dettagli, historico, descricao, descritivo, lancamento, descricao do
        movimento, opis, opis operacji, opis transakcji, tytul, tytul operacji, tytulem, tekst, beskrivning,
        beskrivelse, meddelande, melding, rubrik, referens, forklaring, kozlemeny, megjegyzes, leiras,
        popis, poznamka, zprava pro prijemce, informacie pre prijimatela, zprava, sprava pre prijimatela,
        aciklama, selgitus, selite, viesti, tapahtuma, paskirtis, mokejimo paskirtis, detalas, detalii,
        explicatii, descriere, aitiologia, perigrafi, teksti, description 2, description 3, beschreibung1,
        beschreibung2, beschreibung3, investmentname, transactiondetails, label, labels, subject line, memo
        2, reference memo, title, titel, motif, objet
    """,
    "kind": """
        type, transaction type, trans type, tran type, action, transaction code, code, type code, activity
        type, activity, kind, category type, transaktionstyp, transactietype, transaktionsart, umsatzart,
        buchungsart, vorgang, vorgangsart, geschaftsvorfall, mutatiesoort, type mutatie, soort, type
        operation, type d operation, type de transaction, tipo, tipo operazione, tipo movimento, tipo de
        movimiento, rodzaj operacji, typ, typ operacji, typ operacie, typ transakce, typ operacji rodzaj,
        transaktionstype, tranzakcio tipusa, tranzakcio jellege, forgalom tipusa, laji, buy sell,
        subcategory, transactiontype, kod, operacija, tapahtumalaji, art der buchung, buchungsschlussel,
        order type kind, operation, transactiecode, categorie type
    """,
    "state": """
        status, state, transaction status, buchungsstatus, stav, stato, statut, estado, stan, tila, booking
        status, payment status, info, statuscode, captured status
    """,
    "reference": """
        reference, reference number, transaction id, transaction reference, id, ref, refid, ref no,
        reference no, txn id, order id, unique id, reference id, chq ref number, transactie id,
        transaktionsnummer, referenz, kundenreferenz, end to end id, ende zu ende referenz, mandatsreferenz,
        bankreferenz, transaction number, confirmation number, transactiereferentie, volgnr, volgnummer,
        referentie, betalingskenmerk, n de transaction, numero de reference, reference operation,
        referencia, numero de documento, documento, docto, numer referencyjny, referensnummer, arkivref,
        archive id, tranzakcio azonosito, bizonylatszam, id transakce, id transakcie, cislo transakce, id
        pohybu, variabilni symbol, transaction hash, fitid, txid, trade id, position id, invoice number,
        booking reference, viite, arkistointitunnus, buchungsreferenz, transaktions nr, receipt id, sequence
        number, serial, afschriftnummer, rekening afschrift
    """,
    "check_number": """
        check number, check, check no, cheque number, cheque no, cheque, chequenumber, checknumber, check or
        slip, checknum, serial number, schecknummer, numero de cheque, num cheque, check slip
    """,
    "account": """
        account number, account no, account nr, account iban, iban konto, konto, kontonummer, auftragskonto,
        eigenes konto, iban auftragskonto, rekening, rekeningnummer, iban bban, eigen rekening, own account,
        accountnumber, numero de compte, compte, numero compte, numero de cuenta, cuenta, numero conto,
        conto, rachunek, numer rachunku, numer konta, konto nr, szamlaszam, cislo uctu, account id, card
        number, card no, kartennummer, portefeuille, kontonr, tilinumero, saskaitos nr, kliendi konto,
        klienta konts, produit, cont, numar cont, opdrachtgeversrekening, iban rekening, card last four,
        bankverbindung, from account number, number of account, rekeningnr, iban account number, iban
        kontoinhaber, account
    """,
    "account_name": """
        account name, account title, kontoname, kontobezeichnung, naam rekening, rubrieknaam, rekeningnaam,
        nom du compte, account type, account label, product, produkt, nombre cuenta, kontotyp, accountlabel,
        kontonamn, nazwa konta
    """,
    "symbol": """
        symbol, ticker, ticker symbol, tickersymbol, stock symbol, cusip
    """,
    "isin": """
        isin, isin code, wkn isin, isincode
    """,
    "security": """
        security, security name, instrument, security description, wertpapier, wertpapierbezeichnung, fund,
        fund name, stock, product name, titre, valeur nom, titel bezeichnung, naam fonds, investment name
    """,
    "quantity": """
        quantity, shares, units, no of shares, number of shares, quantity transacted, qty, volume, anzahl,
        stuck, stueck, stucke, nominal, aantal, volumen, quantite, cantidad, quantita, ilosc, antal, antall,
        anteile, shares units
    """,
    "price": """
        price, price per share, price share, share price, unit price, price at transaction, kurs, koers,
        cours, precio, prezzo, cena, preis, price per share in account currency, ausfuhrungskurs, price usd
    """,
    "original_amount": """
        original amount, foreign amount, amount in foreign currency, foreign currency amount, betrag
        fremdwahrung, fremdwahrungsbetrag, originalbetrag, ursprungsbetrag, lastschrift ursprungsbetrag,
        betrag in fremdwahrung, origineel bedrag, amount original currency, montant en devise, montant en
        devises, importe divisa, importo in valuta, kwota oryginalna, foreign spend amount, amount foreign,
        local currency amount, betrag in originalwahrung, local money, original value, oorspr bedrag,
        oorspronkelijk bedrag, transaction amount original, target amount after fees
    """,
    "original_currency": """
        original currency, foreign currency, fremdwahrung, originalwahrung, type foreign currency, local
        currency, currency foreign, originele valuta, oorspr munt, transaction currency, devise d origine,
        target currency, instrument currency, valuta koers, currency price, waluta oryginalna, alkuperainen
        valuutta, ursprungswahrung
    """,
    "exchange_rate": """
        exchange rate, rate, wechselkurs, fx rate, umrechnungskurs, kurs umrechnung, wisselkoers, koers
        valuta, taux de change, tipo de cambio, kurs wymiany, vaxelkurs, base fx rate, to rate, cambio,
        devisenkurs
    """,
    "asset": """
        asset, coin, crypto, cryptocurrency
    """,
    "ignore": """
        counterparty iban, partner iban, iban, bic, swift, swift code, bic swift code, blz, bankleitzahl,
        glaubiger id, glaeubiger id, creditor id, mandate, mandate id, mandat, tegenrekening, tegenrekening
        iban bban, kontonummer iban, gegenkonto, iban gegenkonto, iban zahlungsbeteiligter, bic
        zahlungsbeteiligter, sort code, sortcode, counterparty account, counterparty number, compte
        contrepartie, cuenta destino, rachunek odbiorcy, rachunek nadawcy, numer rachunku odbiorcy, numer
        rachunku kontrahenta, cislo protiuctu, protiucet, category, kategorie, kategori, categorie,
        categoria, kategoria, spending category, sub category, unterkategorie, tags, budget, cost center,
        product id, email, from email address, to email address, address, city, zip, zip code, postal code,
        post code, city state, country, phone, time zone, card holder, cardholder, purchased by,
        karteninhaber, kontoinhaber, account holder, sales tax, shipping and handling amount, insurance
        amount, accrued interest, exchange quantity, gain loss, result, realized equity, realized equity
        change, market value, cost basis, amount refunded, converted amount refunded, converted amount,
        converted currency, converted, auslagenersatz ruecklastschrift, sammlerreferenz, daily balance,
        balance currency, previous balance, starting balance, start balance, receipt, image, appears on your
        statement as, counterparty status, address status, dividend amount per share, dividend gross
        distribution amount, dividend net distribution amount, dividend eligible quantity, total shares
        amount, subtotal, counterparty bic, bic tegenpartij, bank, bank name, banque, code iso, creditor,
        ordering party, ultimate debtor, nwa, exchange currency, card name, fee currency, tax currency,
        result currency, aclass, subclass, wallet, subtype, cost, currency result, currency withholding tax,
        currency currency conversion fee, bank code, iban gegenpartij, account type code, bic code,
        position, valeur, branch, customer reference, mandatory, points, rewards, order type, venue, waarde,
        beurs, user, users, bookmark, icon, color, interest, payment method, card type, mcc, merchant
        category, merchant category code, country code, latitude, longitude, payment type, fund type, source
        name, target name, batch, created by, auth code, terminal, unnamed
    """,
}


def phrases() -> dict[str, Role]:
    """Each phrase with its role; the first role that names it has it."""
    found: dict[str, Role] = {}
    for role, text in _HEADINGS.items():
        for phrase in text.split(","):
            found.setdefault(" ".join(phrase.split()), role)
    return found
