"""Headings of days, money and units, in several languages: lower case, without accents and punctuation."""

from __future__ import annotations

HEADINGS = {
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
        dato, created, created date utc, created utc, started date time, buchungszeit, posteringsdato,
        transaksjonsdato, im nia, im nia synallagis, imerominia synallagis, imerominia kinisis, data
        operatiei, data inregistrarii, data finalizare, data procesarii, datum realizace, datum zpracovani,
        datum uctovani, zauctovano, datum operacije, datum knjizenja, datum transakcije, data zaksiegowania,
        data realizacji, fecha de la operacion, fecha movimiento, fecha de movimiento, fecha transaccion,
        fecha de transaccion, fecha de contabilizacion, fecha contabilizacion, fecha mov, f contable, fecha
        proceso, data de lancamento, data do lancamento, data transacao, data da transacao, data hora, data
        e hora, data de operacao, data operacao, date ecriture, date d imputation, date mouvement, date du
        mouvement, date transaction, date de la transaction, date compta, data di registrazione, data di
        contabilizzazione, data contabilizzazione, data transazione, data e ora, transactie datum, datum
        transactie, datum boeking, verwerkingsdatum, datum verrichting, bokf dag, tapahtumapaiva,
        kirjauspvm, maksupaiva, kande kuupaev, makse kuupaev, darijuma datums, maksajuma datums, atlikimo
        data, data ir laikas, konyveles datum, konyvelesi datum, tranzakcio idopontja, tarih saat, data
        operacii, data provodki, posted, posted on, transaction post date, booking time, date time,
        datetime, date and time, utc date, date utc, local date, transaction datetime, time utc, entry date,
        activity date, created at, completed at, date completed, date of posting, process date, datum und
        uhrzeit, buchungszeitpunkt, f operativa, datum izvrsenja, txn date, trans dt, posted transactions
        date, data platezha,
        datum des abschlusses, date de fin, fecha de finalizacion, data di completamento, data de conclusao,
        data zrealizowania, datum voltooid, utc time
    """,
    "other_date": """
        transaction date, trans date, value date, valuta, valuta datum, valutadatum, wertstellung,
        wertstellungstag, wert, wertstellungsdatum, settlement date, settle date, settled date, started
        date, date de valeur, date valeur, dateval, fecha valor, f valor, data valuta, data valor, data
        waluty, rentedatum, valutadag, valutadato, rentedato, belegdatum, kaufdatum, umsatztag,
        authorization date, authorised date, authorised on, interest date, value date time, arvopaiva,
        ertenap, erteknap, datum valuty, transaction time, expiry date, closing date, dividend pay date,
        dividend ex date, available on utc, invoice date, due date, date uitvoering, uitvoeringsdatum,
        reference date, finished on, created on, date of transaction, zeit, time zone, tijd, valordato,
        valuteringsdato, valordatum, reskontradatum, im nia valeur, imerominia axias, valeur, datum valute,
        datum valutace, datum odepsani, datum odeslani, data valutei, data rozliczenia, data zlecenia, data
        zlecenia operacji, kjopsdato, kobsdato, inkopsdatum, ostopaiva, fecha de valor, fec valor, data
        balancete, data do balancete, data da compra, date d achat, data acquisto, aankoopdatum, purchase
        date, date of purchase, auth date, authorisation date, initiated date, created date, valutierung,
        erteknap datuma, data platnosci, datum nakupu,
        datum des beginns, date de debut, fecha de inicio, data di inizio, data de inicio, data rozpoczecia,
        startdatum, data de inceput
    """,
    "amount": """
        amount, transaction amount, amt, value, total, total amount, gross, sum, paid amount, amount in
        account currency, billing amount, betrag, umsatz, wert in eur, betrag in eur, bedrag, bedrag eur,
        montant, montant eur, montant de l operation, importe, importo, valor, valor r, montante,
        importancia, kwota, kwota operacji, kwota transakcji, kwota w walucie rachunku, belob, belop, summa,
        castka, objem, suma, osszeg, maara, summ, tutar, islem tutari, poso, booked amount, amount original,
        local amount, transaktionsbetrag, zahlungsbetrag, kaufbetrag, amount usd, lastschrift gutschrift,
        mouvement, iznos, source amount after fees, waarde netto, betrag netto, total inclusive of fees and
        or spread, net transaction amount, umsatz betrag, saldo mutatie, belopp, monto, importe eur, importe
        euros, valoare, suma tranzactie, suma platita, tranzakcio osszege, konyvelt osszeg, forgalom, castka
        v mene uctu, castka transakce, zauctovana castka, suma v mene uctu, suma transakcie, belob i dkk,
        belop i nok, transaktionsbelopp, transaksjonsbelop, belob dkk, summa eur, maara euroa, maara eur,
        iznos transakcije, znesek, znesek v eur, iznos u eur, suma eur, suma operacijos, darijuma summa,
        maksajuma summa, importo operazione, importo eur, importo in euro, valor da transacao, valor
        transacao, valor em euros, valor movimento, valor brl, montante em eur, montant de la transaction,
        montant net, montant en euros, montant en eur, bedrag in eur, mutatiebedrag, transactiebedrag,
        bedrag euro, betrag eur, betrag chf, buchungsbetrag, umsatzbetrag, umsatz in eur, belastung
        gutschrift, amount gbp, amount eur, amount in eur, cad, usd, eur, gbp, chf, poso se eur, poso
        synallagis, poso kinisis, summa platezha, summa operacii, posted amount, amount posted, charge
        amount, payment amount, amount charged
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
        belastad, rashod, egreso, retiro, gasto, reti, debite, chik, odliv, belop ut, belob ud, haevet,
        udbetalt, udgift, udgifter, utbetalningar, utgift, utgifter, otto, wydatki, wydatek, kwota
        obciazenia, odchozi, vydaj, vydaje, kiadas, suma debit, debit suma, debitare, iesiri, chreosi,
        chreoseis, isplata, isplate, duguje, v breme, deebet, spisanie, money spent, amount out, amount
        debit, debit amt, withdrawal dr, withdrawals dr, withdrawal amount inr, dr amount, paid out gbp,
        outgoing, outgoings, expense, expenses, debito r, valor debito, a debito, egresos, gastos, debe,
        importe debe, depenses, depense, montant debit, debit euros, importo dare, importo addebito,
        afschrijvingen, uitgave, abgang, lastschriften, borc, giden, outflows
    """,
    "credit": """
        credit, credit amount, credits, deposit, deposits, deposit amount, deposit amt, money in, paid in,
        in, inflow, received, payments in, haben, gutschrift, gutschriften, eingang, einnahmen, einnahme,
        habenbetrag, bij, inkomsten, entrees, credit eur, abono, abonos, avere, accrediti, accredito,
        entrate, entrata, credito, creditos, entrada, entradas, uznania, uznanie, inn, inn pa konto,
        insattning, jovairas, gutschrift in chf, cr, credit usd, inn til konto, in pa konto, lodgement,
        lodgements, prihod, ingreso, ingresos, kredit, credite, priliv, belop inn, belop in, belob ind,
        indsat, indbetalt, indtaegt, indtaegter, inbetalningar, inntekt, inkomst, pano, wplywy, wplyw, kwota
        uznania, prichozi, prijem, prijmy, bevetel, suma credit, credit suma, creditare, intrari, pistosi,
        pistoseis, uplata, uplate, potrazuje, v dobro, kreedit, postuplenie, zachislenie, money received,
        amount in, amount credit, credit amt, deposit cr, deposits cr, deposit amount inr, cr amount, paid
        in gbp, incoming, income, credito r, valor credito, a credito, haber, importe haber, recettes,
        recette, montant credit, credit euros, importo avere, importo accredito, bijschrijvingen, zugang,
        alacak, gelen, inflows
    """,
    "direction": """
        debit credit, credit debit, cr dr, dr cr, d c, c d, credit debit indicator, debit or credit, af bij,
        bij af, soll haben, s h, credit debet, debit kredit, debet kredit, dc, cd, direction, in out,
        transaction direction, sens, signe, segno, znacka, d k, k d, type debit credit, sign, deb cred,
        balance impact, umsatztyp, indicator, d s h, kreditdebet, credit debit code, debet credit,
        debetkredit, creditdebet, debe haber, typ av belopp, smer platby, smer, kredit debet, irany, t j,
        prosimo posoy, prosimo, ch p, dbcr, db cr, cr db, debit credit flag, credit or debit, in or out,
        money in out, income expense, inflow outflow, expense income, bewegung, buchungsrichtung, richtung,
        vorzeichen, naturaleza, natureza, entree sortie, entrada saida, dare avere, d a, wn ma, plus minus,
        drcr, crdr
    """,
    "balance": """
        balance, running balance, runningbalance, closing balance, account balance, current balance,
        available balance, ledger balance, cash balance, balance after, balance after transaction, saldo,
        kontostand, saldo nach buchung, saldo na mutatie, saldo na trn, saldo nach umsatz, neuer saldo,
        solde, saldo disponible, saldo contable, saldo po operacji, balans, zustatek, zostatok, egyenleg,
        saldo efter, bokfort saldo, bakiye, saldo final, jaak, likutis, ypoloipo, saldo konta, salg,
        bookings balance, disponibelt belopp, end balance, saldo finale, solde eur, accountbalance, sold,
        sold final, sold curent, sold contabil, saldo contabile, saldo contabilistico, saldo apos movimento,
        saldo disponivel, saldo eur, saldo r, solde apres operation, solde progressif, saldo efter
        transaktion, kontosaldo, balance gbp, balance eur, running total, balance amount, book balance,
        ending balance, saldo po transakcji, saldo rachunku, saldo koncowe, zustatek po transakci, zostatok
        po transakcii, konyvelt egyenleg, stanje, stanje racuna, novo stanje, atlikums, konta atlikums,
        likutis po operacijos, logistiko ypoloipo, ostatok, kalan bakiye, saldo acumulado, saldo posterior,
        saldo resultante, new balance, saldo apos, saldos, disponible, saldo actual, balance inr, closing
        bal,
        bal
    """,
    "currency": """
        currency, currency code, ccy, cur, account currency, settlement currency, amount currency, currency
        symbol, curr, price currency, wahrung, waehrung, whg, wkz, whrg, kontowahrung, buchungswahrung,
        valuta code, munt, muntsoort, valuta mutatie, devise, monn, monnaie, divisa, moneda, valuta cod,
        moeda, waluta, valuta kod, mena, devizanem, valuutta, valuuta, para birimi, nomisma, currency name,
        source currency, valuta betrag, valuutta koodi, currency total, kontowaehrung, munteenheid, devies,
        penznem, szamla devizaneme, valuta konta, valyuta, mena uctu, currency iso, iso currency, devise du
        compte, moeda da conta, moneda de la cuenta, divisa cuenta, account ccy, base currency, valiuta,
        waluta rachunku, trx currency, wahrungscode
    """,
    "fee": """
        fee, fees, commission, commissions, fees and or spread, fee amount, transaction fee, gebuhr,
        gebuhren, gebuehr, gebuehren, provision, kosten, frais, comision, comisiones, commissione,
        commissioni, prowizja, avgift, stamp duty, fx fee amount, currency conversion fee, valuta kosten,
        courtage, spesen, fremde kosten, source fee amount, fee total, charges and fees,
        oplata, poplatek, poplatky, poplatok, dij, jutalek, costo, costi, taxa, taxas, tarifa, tarifas,
        gebyr, gebyrer, palkkio, komisyon, masraf, komissiya, surcharge, service fee, processing fee, network
        fee, trading fee, transaction cost, transaction costs, transactiekosten, brokerage, brokerage fee,
        mokestis, komisinis mokestis, teenustasu, provizija, naknada, taksa, komision, costs
    """,
    "tax": """
        tax, withholding tax, belasting, steuer, steuern, kest, quellensteuer, impots, impuesto, withheld
        tax, taxes, tax amount
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
        oorspronkelijk bedrag, transaction amount original, target amount after fees, kwota w walucie, kwota
        operacji w walucie, puvodni castka, castka v puvodni mene, povodna suma, eredeti osszeg, suma
        initiala, archiko poso, alkuperainen summa, originalbelob, originalbelop, valutabelop, utlandskt
        belopp, valor original, valor em moeda estrangeira, valor us, importo originale, importe original,
        importe en moneda original, montant d origine, montant devise, bedrag in vreemde valuta, amount in
        original currency, amount in transaction currency, original transaction amount, merchant amount,
        amount merchant currency, fremdbetrag, betrag originalwahrung, amount foreign currency
    """,
    "original_currency": """
        original currency, foreign currency, fremdwahrung, originalwahrung, type foreign currency, local
        currency, currency foreign, originele valuta, oorspr munt, transaction currency, devise d origine,
        target currency, instrument currency, valuta koers, currency price, waluta oryginalna, alkuperainen
        valuutta, ursprungswahrung, valuta originale, divisa original, moeda original, moneda original,
        utlandsk valuta, originalvaluta, puvodni mena, povodna mena, eredeti devizanem, valuta initiala,
        archiko nomisma, waluta transakcji, waluta operacji, foreign ccy, original ccy, merchant currency,
        transaktionsvaluta, devise origine, vreemde valuta
    """,
    "exchange_rate": """
        exchange rate, rate, wechselkurs, fx rate, umrechnungskurs, kurs umrechnung, wisselkoers, koers
        valuta, taux de change, tipo de cambio, kurs wymiany, vaxelkurs, base fx rate, to rate, cambio,
        devisenkurs
    """,
    "asset": """
        asset, coin, crypto, cryptocurrency
    """,
}
