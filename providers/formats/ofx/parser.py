"""The parser of OFX and QFX files: bytes to statements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from providers.formats.errors import NoStatementsError, ProviderStatementError, StatementTooLargeError
from providers.formats.ofx.bank import read_bank_statement
from providers.formats.ofx.document import MAX_BYTES, read_document
from providers.formats.ofx.fields import Fields
from providers.formats.ofx.findings import OfxFindings
from providers.formats.ofx.investment import read_investment_statement
from providers.formats.ofx.securities import read_securities
from providers.formats.ofx.tags import ACTIVITIES, STATEMENTS, STRUCTURE
from providers.formats.ofx.tokens import parse_tree
from providers.formats.ofx.tree import Count, Node
from providers.formats.ofx.values import uses_decimal_commas
from providers.formats.statement import Institution, Security, Statement, StatementFile

MAX_STATEMENTS = 200
MAX_HOLDINGS = 10_000
_EXPECTED = STRUCTURE | {"SIGNUPMSGSRSV1", "PROFMSGSRSV1", "EMAILMSGSRSV1"}
_ROWS = ACTIVITIES | {"STMTTRN"}
# Some exporters write a list of transactions without the statement around it.
_ROOTS = STATEMENTS | {"BANKTRANLIST"}
_MEANINGS = {
    "2000": "a general error on its side",
    "2003": "that it does not know this account",
    "2004": "that this account is closed",
    "2019": "that the same download was asked for twice",
    "15000": "that the password has to be changed first",
    "15500": "that the sign-in was refused",
    "15501": "that the account is in use elsewhere",
    "15502": "that the sign-in is locked",
}


def parse_ofx(data: bytes, *, max_bytes: int = MAX_BYTES, count: Count = lambda _: None) -> StatementFile:
    """Read an OFX file. Raises StatementError for a file without a readable statement, and nothing else.

    Rows that are not certain are in `rejected`, sections and balances we cannot use in `notices`. `count` is
    called now and then with the number of aggregates so far, most of which are rows.
    """
    text, version = read_document(data, max_bytes)
    decimal_commas = uses_decimal_commas(text)
    tree = parse_tree(text, count)
    del text
    nodes = list(tree.descendants(outside=_ROOTS | _ROWS))
    securities = read_securities(nodes)
    findings = OfxFindings()
    _report_strays(tree, nodes, findings)
    statements: list[Statement] = []
    signons = [node for node in nodes if node.tag == "SONRS"]
    first = institution = _institution(signons[0]) if signons else Institution()
    for node in nodes:
        fields = Fields(node, decimal_commas)
        if node.tag == "SONRS":  # of two institutions in one file, each has its own before its statements
            institution = _institution(node)
        elif node.tag in _ROOTS:
            statement = _statement(fields, securities, findings)
            statements.append(replace(statement, institution=institution))
        _bound(statements)
    _report_errors(nodes, findings, found=bool(statements))
    return StatementFile(
        format=version,
        institution=first,
        statements=tuple(statements),
        rejected=tuple(findings.rejected),
        rejected_count=findings.rejected_count,
        notices=tuple(findings.notices),
        notices_count=findings.notices_count,
    )


def _bound(statements: Sequence[Statement]) -> None:
    if len(statements) > MAX_STATEMENTS:
        raise StatementTooLargeError("The file has too many accounts. Download fewer at a time.")
    if statements and len(statements[-1].holdings) > MAX_HOLDINGS:
        raise StatementTooLargeError("The file has too many holdings. Download one account at a time.")


def _statement(fields: Fields, securities: Mapping[str, Security], findings: OfxFindings) -> Statement:
    if fields.node.tag == "INVSTMTRS":
        return read_investment_statement(fields, securities, findings)
    return read_bank_statement(fields, findings)


def _institution(node: Node) -> Institution:
    signon, fi = Fields(node), Fields(node).within("FI")
    return Institution(
        name=fi.text("ORG") or signon.text("ORG") or None,
        fid=fi.text("FID") or None,
        intuit_id=signon.text("INTU.BID") or fi.text("INTU.BID") or None,
    )


def _report_errors(nodes: Sequence[Node], findings: OfxFindings, *, found: bool) -> None:
    """Raise for an error of the institution only if the file has no statement; else note it."""
    errors = [
        (node.line, Fields(node).word("CODE"))
        for node in nodes
        if node.tag == "STATUS" and Fields(node).word("SEVERITY") == "ERROR"
    ]
    for line, code in errors:
        message = f"Your institution answered with an error: {_meaning(code)}."
        if not found:
            message += " Sign in at its website, then download the file again."
            raise ProviderStatementError(message, status_code=code)
        findings.notice("account_error", line, message)
    if not found:
        message = (
            "The file has no bank, card or investment statement. Download the transactions of an account."
        )
        raise NoStatementsError(message)


def _meaning(code: str) -> str:
    known = _MEANINGS.get(code)
    return f"it says {known} (code {code})" if known else f"code {code or 'missing'}"


def _report_strays(tree: Node, nodes: Sequence[Node], findings: OfxFindings) -> None:
    """Note the sections we do not read; reject rows outside of any statement."""
    for node in [tree, *nodes]:
        if node.tag in {"", "OFX"}:
            findings.sections(node, _EXPECTED | _ROWS)
        if node.tag in _ROWS:
            findings.reject(node.line, "This row is outside of any statement.")
