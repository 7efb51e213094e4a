"""Headings of names, texts and references, in several languages: lower case, without accents and punctuation."""

from __future__ import annotations

HEADINGS = {
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
        handler, description 1, transaction partner, zahlungsempfaenger, empfaenger, partnername,
        supplierfound, controparte, favorecido, namn, avsandare, avsender, mottakernavn, mottaker, nazov
        protistrany, meno protistrany, prijemce, platce, nazov prijemcu, ellenoldali nev, kedvezmenyezett,
        kedvezmenyezett neve, dikaioychos, onomateponymo, nume platitor beneficiar, beneficiar, platitor,
        ordonator, primatelj, naziv primatelja, platitelj, prejemnik, placnik, odbiorca zleceniodawca, nazwa
        odbiorcy, nazwa nadawcy, kontrahent, zleceniodawca, maksja, saajan nimi, maksajan nimi, partneris,
        moketojas, moketojas gavejas, kontragent, poluchatel, otpravitel, company, vendor, payee payer, paid
        to, received from, beneficiary name, remitter, sender name, receiver, receiver name, recipient name,
        gegenpartei, begunstigter auftraggeber, name des zahlungsbeteiligten, zahlungspflichtiger empfanger,
        transaktionspartner, haendler, naam begunstigde, naam opdrachtgever, opdrachtgever, ontvanger,
        marchand, commercant, donneur d ordre, emetteur, emetteur destinataire, destinataire, nom du tiers,
        contrepartie, destinatario, mittente, ordinante, esercente, fornitore, beneficiario ordenante,
        comercio, establecimiento, emisor, proveedor, remitente, origem destino, estabelecimento, nome
        beneficiario, modtager navn, afsender modtager, navn, nimi, naam van de tegenpartij, counterpart,
        counterpart name, merchant description, nazev uctu protiuctu, partner elnevezese, sender receiver
        name, maksunsaaja
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
        beschreibung2, beschreibung3, investmentname, transactiondetails, label, subject line, memo 2,
        reference memo, title, titel, motif, objet, szczegoly transakcji, szczegoly, tytul przelewu, tytul
        platnosci, informacia pre prijemcu, ucel platby, popis transakce, popis transakcie, detaily,
        selitys, paskirties aprasymas, maksajuma merkis, apraksts, opis placanja, opis placila, namen,
        svrha, svrha placanja, opis transakcije, detalii tranzactie, explicatie, descriere tranzactie,
        perigrafi kinisis, perigrafi synallagis, naznachenie, naznachenie platezha, opisanie, opisanie
        operacii, osnovanie, tranzakcio reszletei, islem aciklamasi, transaction info, transaction
        information, transaction narrative, remittance information, remittance info, payment details,
        payment description, payment information, details of payment, additional information, transaction
        memo, activity description, mitteilung, mitteilungen, avisierungstext, text mottagare,
        transaktionstext, spesifikasjon, posteringstekst, egen tekst, besked, detaljer, libelle de l
        operation, libelle interne, libelle bancaire, detail de l operation, nature de l operation, vrije
        tekst, betalingsomschrijving, omschrijving mededeling, details van de verrichting, descrizione
        movimento, descrizione completa, motivazione, dettaglio, dettagli operazione, concepto movimiento,
        descripcion del movimiento, detalle, detalles, informacion adicional, historico lancamento,
        descricao da transacao, descricao do lancamento, detalhes, zahlungszweck, otsikko, paaiskinimai,
        narratives
    """,
    "kind": """
        type, transaction type, trans type, tran type, action, transaction code, code, type code, activity
        type, activity, kind, category type, transaktionstyp, transactietype, transaktionsart, umsatzart,
        buchungsart, vorgang, vorgangsart, geschaftsvorfall, mutatiesoort, type mutatie, soort, type
        operation, type d operation, type de transaction, tipo, tipo operazione, tipo movimento, tipo de
        movimiento, rodzaj operacji, typ, typ operacji, typ operacie, typ transakce, typ operacji rodzaj,
        transaktionstype, tranzakcio tipusa, tranzakcio jellege, forgalom tipusa, laji, buy sell,
        subcategory, transactiontype, kod, operacija, tapahtumalaji, art der buchung, buchungsschlussel,
        order type kind, operation, transactiecode, categorie type, tipologia, tipo lancamento, tipo de
        operacion, tipo transazione, rodzaj transakcji, typ transakcji, typ transakcie, typ platby, typ
        pohybu, transaksjonstype, posteringstype, tipus, tip tranzactie, typos synallagis, typos, vrsta
        transakcije, tip transakcije, tehingu liik, darijuma veids, operacijos tipas, tapahtumatyyppi, islem
        turu, islem tipi, type de mouvement, type mouvement, soort transactie, verrichtingstype, soort
        verrichting, soort beweging, buchungsschluessel, geschaeftsvorfall, type verrichting
    """,
    "state": """
        status, state, transaction status, buchungsstatus, stav, stato, statut, estado, stan, tila, booking
        status, payment status, info, statuscode, captured status, booking state, buchung status,
        contabilizzazione
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
        number, serial, afschriftnummer, rekening afschrift, referenznummer, numero riferimento, id
        transazione, identificador, verifikationsnummer, radnummer, numref, bilagsnummer, numer transakcji,
        id operacji, id transakcji, referinta, numar document, numar referinta, arithmos synallagis, ar
        anaforas, arithmos anaforas, cislo dokladu, identifikator, viitenumber, viitenumero, darijuma
        numurs, dokumento nr, tranzakcio szama, hivatkozas, numero operacion, numero operacao, numero doc,
        numero operazione, riferimento, transactienummer, betalingsreferentie, num operation, numero d
        operation, trans no, transaction no, receipt number, confirmation, order number, bank reference,
        payment id, lfd nr, lopenummer
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
        kontoinhaber, account, accountnum, rapporto, conta, numero da conta, ucet, vlastni ucet, konyvelesi
        szamla, sajat szamlaszam, logariasmos, arithmos logariasmoy, fra konto, tili, own iban, racun, broj
        racuna, konts, konta numurs, saskaita, hesap no, cont iban, schet, nomer scheta, iban, iban numero,
        cuenta origen, kortnummer, numer karty, numero de tarjeta, account iban number, szamla szam,
        customer account no, posted account, bank account
    """,
    "account_name": """
        account name, account title, kontoname, kontobezeichnung, naam rekening, rubrieknaam, rekeningnaam,
        nom du compte, account type, account label, product, produkt, nombre cuenta, kontotyp, accountlabel,
        kontonamn, nazwa konta, nome da conta, kontonavn, nazev uctu, nazov uctu, szamla elnevezese, onoma
        logariasmoy, tilin nimi, nume cont, naziv racuna, konta nosaukums, intitule du compte, intestazione
        conto, szamla nev, account description
    """,
    "ignore": """
        counterparty iban, partner iban, bic, swift, swift code, bic swift code, blz, bankleitzahl,
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
        position, branch, customer reference, mandatory, points, rewards, order type, venue, waarde, beurs,
        user, users, bookmark, icon, color, interest, payment method, card type, mcc, merchant category,
        merchant category code, country code, latitude, longitude, payment type, fund type, source name,
        target name, batch, created by, auth code, terminal, unnamed, other party account number, other
        party account, beneficiary account, rekening tegenpartij, rekeningnummer tegenpartij, na konto z
        konta, til konto, to account, to account number, partner szamlaszama, ellenoldali szamla, cont
        beneficiar, iban platitor beneficiar, saajan tilinumero, rachunek kontrahenta, logariasmos
        dikaioychoy, partner account, partner account number, beneficiary iban, payee account number, payee
        account, tegenrekeningnummer, rekening begunstigde, mottagarkonto, motpartskonto, modtagerkonto,
        mottakerkonto, avsenderkonto, conta destino, conta origem, compte destinataire, compte beneficiaire,
        conto beneficiario, iban beneficiario, iban controparte, cuenta beneficiario, konstantni symbol,
        specificky symbol, bsb, other account, other account number, destination account, kod banky, bank
        partnera, labels, etichete, etiquetas, partner azonosito, sender receiver account,
        kategoriya, kwota blokady zwolnienie blokady
    """,
}
