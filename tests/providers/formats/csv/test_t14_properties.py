"""Random statements in random dialects: written, and read back exactly; damaged, and never read wrongly."""

import datetime as dt
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from providers.formats.csv.parser import parse_csv
from providers.formats.errors import StatementError

WORDS = {
    "en": (
        "Date",
        "Description",
        "Amount",
        "Money out",
        "Money in",
        "Balance",
        "Debit/Credit",
        "Debit",
        "Credit",
    ),
    "de": ("Buchungstag", "Verwendungszweck", "Betrag", "Soll", "Haben", "Saldo", "Soll/Haben", "S", "H"),
    "nl": ("Datum", "Omschrijving", "Bedrag", "Af", "Bij", "Saldo na mutatie", "Af Bij", "Af", "Bij"),
    "fr": ("Date opération", "Libellé", "Montant", "Débit", "Crédit", "Solde", "Sens", "D", "C"),
    "es": ("Fecha", "Concepto", "Importe", "Cargo", "Abono", "Saldo", "Debe/Haber", "D", "H"),
    "it": ("Data", "Causale", "Importo", "Uscite", "Entrate", "Saldo", "Segno", "D", "C"),
    "pt": ("Data", "Histórico", "Valor", "Saída", "Entrada", "Saldo em conta", "D/C", "D", "C"),
    "no": ("Dato", "Forklaring", "Beløp", "Beløp ut", "Beløp inn", "Saldo", "D/K", "D", "K"),
    "da": ("Dato", "Tekst", "Beløb", "Hævet", "Indsat", "Saldo", "D/K", "D", "K"),
    "sv": ("Bokföringsdag", "Rubrik", "Belopp", "Uttag", "Insättning", "Saldo", "D/K", "D", "K"),
}
DAYS = (
    "%Y-%m-%d",
    "%d.%m.%Y",
    "%d.%m.%y",
    "%Y%m%d",
    "%d %b %Y",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%Y-%m-%dT12:30:00Z",
)
# Without an “e”: a fee that was paid in is a question, and rightly so.
TEXT = st.text(st.sampled_from("abcdfghi ÄÖüé;,|\"'/-&#123"), min_size=1, max_size=20).map(
    lambda text: f"x {text} y"
)
ROW = st.tuples(
    st.dates(dt.date(2020, 1, 1), dt.date(2029, 12, 31)), st.integers(-9_999_999, 9_999_999), TEXT
)


@dataclass(frozen=True)
class Dialect:
    language: str
    delimiter: str
    comma: bool
    grouped: bool
    day: str
    signs: str
    balance: bool
    newest_first: bool
    encoding: str
    line_end: str
    preamble: int

    def number(self, cents: int) -> str:
        text = f"{Decimal(cents) / 100:,.2f}" if self.grouped else f"{Decimal(cents) / 100:.2f}"
        return text.translate(str.maketrans(",.", ".,")) if self.comma else text

    def cell(self, text: str) -> str:
        plain = not any(mark in text for mark in (self.delimiter, '"', "\n"))
        return text if plain else '"' + text.replace('"', '""') + '"'

    def amounts(self, cents: int) -> list[str]:
        if self.signs == "pair":
            return [self.number(-cents), ""] if cents < 0 else ["", self.number(cents)]
        if self.signs == "word":
            return [self.number(abs(cents)), WORDS[self.language][7 if cents < 0 else 8]]
        return [self.number(cents)]


DIALECT = st.builds(
    Dialect,
    language=st.sampled_from(sorted(WORDS)),
    delimiter=st.sampled_from(",;\t|"),
    comma=st.booleans(),
    grouped=st.booleans(),
    day=st.sampled_from(DAYS),
    signs=st.sampled_from(("signed", "pair", "word")),
    balance=st.booleans(),
    newest_first=st.booleans(),
    encoding=st.sampled_from(("utf-8", "utf-8-sig", "utf-16", "cp1252")),
    line_end=st.sampled_from(("\n", "\r\n")),
    preamble=st.integers(0, 3),
)


def written(
    dialect: Dialect, rows: list[tuple[dt.date, int, str]]
) -> tuple[bytes, list[tuple[dt.date, Decimal]]]:
    """The bytes of the statement, and its rows as they must be read."""
    words = WORDS[dialect.language]
    # A day after the 12th tells day from month, and signs of both kinds tell that there are signs.
    rows = sorted([*rows, (dt.date(2024, 5, 31), -120, "x out y"), (dt.date(2024, 6, 30), 340, "x in y")])
    balances, balance = [], 0
    for _, cents, _ in rows:
        balance += cents
        balances.append(balance)
    listed = list(zip(rows, balances, strict=True))[:: -1 if dialect.newest_first else 1]
    sums = {"signed": [words[2]], "pair": [words[3], words[4]], "word": [words[2], words[6]]}[dialect.signs]
    lines = [f"Statement of account {number}" for number in range(dialect.preamble)]
    lines.append(
        dialect.delimiter.join(
            map(dialect.cell, [words[0], *sums, words[1], *([words[5]] if dialect.balance else [])])
        )
    )
    for (day, cents, text), after in listed:
        cells = [day.strftime(dialect.day), *dialect.amounts(cents), text]
        cells += [dialect.number(after)] if dialect.balance else []
        lines.append(dialect.delimiter.join(map(dialect.cell, cells)))
    text = dialect.line_end.join([*lines, ""])
    return text.encode(dialect.encoding), [(day, Decimal(cents) / 100) for (day, cents, _), _ in listed]


def amounts_of(data: bytes) -> list[tuple[dt.date, Decimal]]:
    return [(row.date, row.amount) for each in parse_csv(data).statements for row in each.transactions]


QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@QUICK
@given(DIALECT, st.lists(ROW, max_size=12))
def test_t14_a_random_statement_in_a_random_dialect_is_read_back_exactly(
    dialect: Dialect, rows: list[tuple[dt.date, int, str]]
) -> None:
    rows = [row for row in rows if row[1]]
    data, expected = written(dialect, rows)
    assert amounts_of(data) == expected


@QUICK
@given(
    DIALECT,
    st.lists(ROW, min_size=2, max_size=8),
    st.floats(0, 1),
    st.sampled_from(["cut", "quote", "drop", "twice"]),
)
def test_t14_damage_gives_a_reason_or_the_rows_and_nothing_wrong(
    dialect: Dialect, rows: list[tuple[dt.date, int, str]], place: float, damage: str
) -> None:
    # Where the rows that show it are cut off, headings in another language than English mean that the day is first.
    assume(dialect.language == "en" or dialect.day != "%m/%d/%Y")
    rows = [row for row in rows if row[1]]
    data, expected = written(dialect, rows)
    text = data.decode(dialect.encoding)
    at = int(place * len(text))
    line = text.rfind(dialect.line_end, 0, at) + 1
    hurt = {
        "cut": text[:at],
        "quote": text[:at] + '"' + text[at:],
        "drop": text[:line] + text[at:],
        "twice": text[:line] + text[line:at] + text[line:],
    }[damage]
    with suppress(StatementError):
        found = amounts_of(hurt.encode(dialect.encoding))
        assert {day for day, _ in found} <= {day for day, _ in expected}
        if damage in {"cut", "quote"}:
            assert set(found) <= set(expected)
