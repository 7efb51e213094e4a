"""OFX says more than rows: terms of options are kept, and lists of further balances are mentioned."""

from decimal import Decimal

import pytest

from providers.formats import parse_statement_file
from tests.providers.formats.ofx.writing import HEADER, bank_file, row

LIST = "<BALLIST><BAL><NAME>Points<DESC>Points<BALTYPE>NUMBER<VALUE>12</BAL></BALLIST>"
BROKERAGE = (
    "<OFX><INVSTMTMSGSRSV1><INVSTMTTRNRS><INVSTMTRS><DTASOF>20260131<CURDEF>USD"
    "<INVACCTFROM><BROKERID>b<ACCTID>1</INVACCTFROM><INVPOSLIST><POSOPT><INVPOS>"
    "<SECID><UNIQUEID>O1<UNIQUEIDTYPE>CUSIP</SECID><UNITS>1<MKTVAL>5</INVPOS></POSOPT></INVPOSLIST>"
    "<INVBAL><AVAILCASH>7<MARGINBALANCE>0<SHORTBALANCE>0{more}</INVBAL></INVSTMTRS></INVSTMTTRNRS></INVSTMTMSGSRSV1>"
    "<SECLISTMSGSRSV1><SECLIST><OPTINFO><SECINFO><SECID><UNIQUEID>O1<UNIQUEIDTYPE>CUSIP</SECID><SECNAME>{name}</SECINFO>"
    "<OPTTYPE>CALL<STRIKEPRICE>150<DTEXPIRE>20270115<SHPERCTRCT>100</OPTINFO></SECLIST></SECLISTMSGSRSV1></OFX>"
)


@pytest.mark.parametrize(
    ("name", "shown"),
    [("ACME", "ACME (call 150 2027-01-15)"), ("ACME 150 Call", "ACME 150 Call (2027-01-15)")],
)
def test_t14_the_terms_of_an_option_are_in_its_name(name: str, shown: str) -> None:
    file = parse_statement_file((HEADER + BROKERAGE.format(name=name, more="")).encode())
    (held,) = file.statements[0].holdings
    assert (held.security.name, held.security.type, file.notices) == (shown, "option", ())


def test_t14_a_list_of_further_balances_is_mentioned() -> None:
    bank = parse_statement_file(bank_file(row()).replace(b"</STMTRS>", f"{LIST}</STMTRS>".encode()))
    invested = parse_statement_file((HEADER + BROKERAGE.format(name="ACME", more=LIST)).encode())
    for file in (bank, invested):
        assert [(each.code, "BALLIST" in each.reason) for each in file.notices] == [("section_skipped", True)]
    assert invested.statements[0].cash_balance == Decimal(7)
