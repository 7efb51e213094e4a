"""Character sets of files that are no Unicode and do not say what they are."""

import pytest

from providers.formats.charsets import charset_of
from providers.formats.csv.parser import parse_csv
from providers.formats.mt940.parser import parse_mt940
from providers.formats.ofx.parser import parse_ofx
from providers.formats.options import ReadOptions
from providers.formats.qif.parser import parse_qif

TEXTS = {
    "German": ("Bäckerei Größe über Straße Müller", ("cp1252", "cp850", "mac_roman")),
    "Swiss": ("Bäckerei Zürich, Café à Genève, reçu, Hôtel Größe, où", ("cp1252",)),
    "guests": ("Müller über Größe, Straße, schön, für Jørgen, Åse, Renée, Ñuñez, Böse, Käse", ("cp1252",)),
    "French": ("Épicerie à côté, reçu février, Hôtel où ça naît", ("cp1252", "mac_roman")),
    "Spanish": ("Panadería, año, niño, cigüeña, José, Málaga", ("cp1252",)),
    "Portuguese": ("Padaria São João, operação, à vista, José", ("cp1252",)),
    "Danish": ("Bageriet på hjørnet, løn, æbler, Århus", ("cp1252",)),
    "Swedish": ("Lön från Åkesson, köp på öl och mjölk", ("cp1252", "cp850")),
    "Icelandic": ("Þetta er búð á horninu, ræða, ýsa, ðæ", ("latin-1",)),
    "Polish": ("Piekarnia Żytnia, świeże bułki, ŁÓDŹ, płatność kartą", ("cp1250", "cp852")),
    "Czech": ("Pekařství U Růže, čerstvý chléb, šťáva, účet", ("cp1250", "cp852")),
    "Hungarian": ("Pékség a sarkon, őszi vásár, űrhajó, tőke", ("cp1250", "cp852")),
    "Turkish": ("Fırın, taze ekmek alışveriş, ÖĞRENCİ, çarşı, ŞUBE, ağaç", ("cp1254",)),
    "Lithuanian": ("Kepykla, šviežia duona, sąskaita, įmoka, žuvis, ūkis, ėmė", ("cp1257",)),
    "Russian": ("Пекарня на углу, зарплата за январь", ("cp1251", "koi8-r", "cp866")),
    "Greek": ("Φούρνος στη γωνία, μισθός Ιανουαρίου", ("cp1253",)),
    "Hebrew": ("מאפייה בפינה, משכורת ינואר, חנות ספרים", ("cp1255",)),
    "Japanese": ("パン屋での買い物, 給料 アクメ, キオスク", ("cp932",)),
    "Chinese": ("街角的面包店, 一月份工资, 书店的消费", ("gb18030",)),
    "Korean": ("모퉁이 빵집, 일월 급여, 서점에서 산 책", ("cp949",)),
}
CASES = [(text, codec) for text, codecs in TEXTS.values() for codec in codecs]


@pytest.mark.parametrize(("text", "codec"), CASES, ids=[codec for _, codec in CASES])
def test_t14_words_tell_their_character_set(text: str, codec: str) -> None:
    data = text.encode(codec)
    assert data.decode(charset_of(data)) == text
    table = f"Date;Text;Amount\n2026-01-14;{text};-4.50\n2026-01-15;Pay;1200.00\n".encode(codec)
    assert parse_csv(table).statements[0].transactions[0].description == text


def test_t14_the_other_formats_are_read_in_it_too() -> None:
    head = ":20:A\n:25:1234567890\n:60F:C260113PLN9,00\n:61:260114D4,50NMSC\n"
    row = f"{head}:86:Świeże bułki, Łódź\n:62F:C260114PLN4,50\n"
    (told,) = parse_mt940(row.encode("cp1250")).statements[0].transactions
    assert told.description == "Świeże bułki, Łódź"
    row = "<STMTTRN><DTPOSTED>20260114<TRNAMT>-4.50<FITID>1<NAME>パン屋での買い物</STMTTRN>"
    head = "OFXHEADER:100\nENCODING:USASCII\nCHARSET:NONE\n\n<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS>"
    head += "<CURDEF>JPY<BANKTRANLIST>"
    foot = "</BANKTRANLIST></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>\n"
    (told,) = parse_ofx(f"{head}{row}{foot}".encode("cp932")).statements[0].transactions
    assert told.description == "パン屋での買い物"
    text = "!Type:Bank\nD2026-01-14\nT-4.50\nPПекарня на углу\n^\n"
    (told,) = parse_qif(text.encode("cp1251"), ReadOptions()).statements[0].transactions
    assert told.description == "Пекарня на углу"
