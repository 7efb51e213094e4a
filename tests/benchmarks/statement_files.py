"""Statement files of many rows, one of each format; as a program: the cost of reading one.

`python -m tests.benchmarks.statement_files FORMAT ROWS` prints seconds of the processor and megabytes as JSON, beside
what the standard library's `iterparse` takes for as many entries of CAMT: the yardstick of all formats.
"""

import gc
import io
import json
import resource
import sys
import time
from collections.abc import Callable, Iterable
from itertools import count
from xml.etree.ElementTree import iterparse

_CAMT = '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><Stmt><Id>1</Id>'
_HEADS = {
    "ofx": "OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\nSECURITY:NONE\nENCODING:USASCII\nCHARSET:1252\n\n<OFX>"
    "<BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>USD<BANKACCTFROM><BANKID>1<ACCTID>20000000<ACCTTYPE>CHECKING"
    "</BANKACCTFROM><BANKTRANLIST>\n",
    "camt": f"{_CAMT}<Acct><Id><Othr><Id>20000001</Id></Othr></Id><Ccy>EUR</Ccy></Acct>\n",
    "mt940": ":20:BENCH\n:25:20000002\n:28C:1/1\n:60F:C250101EUR0,00\n",
    "qif": "!Account\nNBench\nTBank\n^\n!Type:Bank\n",
    "csv": "Account number,Date,Description,Amount (EUR)\n",
}
_TAILS = {
    "ofx": "</BANKTRANLIST><LEDGERBAL><BALAMT>0<DTASOF>20260131</LEDGERBAL></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>",
    "camt": "</Stmt></BkToCstmrStmt></Document>",
    "mt940": ":62F:C251231EUR1,00\n-\n",
    "qif": "",
    "csv": "",
}
_ROWS: dict[str, Callable[..., str]] = {
    "ofx": "<STMTTRN><TRNTYPE>DEBIT<DTPOSTED>2025{m:02}{d:02}<TRNAMT>-{a}.{c:02}<FITID>row-{n:07}<NAME>Corner "
    "shop, till {t}<MEMO>A purchase of some things for the house and the garden</STMTTRN>\n".format,
    "camt": '<Ntry><Amt Ccy="EUR">{a}.{c:02}</Amt><CdtDbtInd>DBIT</CdtDbtInd><BookgDt><Dt>2025-{m:02}-{d:02}</Dt>'
    "</BookgDt><AcctSvcrRef>R{n}</AcctSvcrRef><AddtlNtryInf>Till {t}</AddtlNtryInf></Ntry>\n".format,
    "mt940": ":61:25{m:02}{d:02}{m:02}{d:02}D{a},{c:02}NTRFNONREF//B{n}\n:86:Corner shop, till {t}\n".format,
    "qif": "D2025-{m:02}-{d:02}\nT-{a}.{c:02}\nPCorner shop, till {t}\nN{n}\n^\n".format,
    "csv": "20000003,2025-{m:02}-{d:02},Corner shop {n} till {t},-{a}.{c:02}\n".format,
}
FORMATS = tuple(_HEADS)
SHARE = 5  # the yardstick reads a fifth of the rows


def written(format: str, rows: Iterable[int]) -> bytes:
    """A file with those rows."""
    line = _ROWS[format]
    body = (line(n=n, m=n % 12 + 1, d=n % 28 + 1, a=n % 900 + 1, c=n % 100, t=n % 97) for n in rows)
    return (_HEADS[format] + "".join(body) + _TAILS[format]).encode()


def large(format: str, size: int) -> bytes:
    """A file of at most so many bytes."""
    rows, left = 0, size - len(_HEADS[format]) - len(_TAILS[format])
    for n in count(1):
        left -= len(_ROWS[format](n=n, m=n % 12 + 1, d=n % 28 + 1, a=n % 900 + 1, c=n % 100, t=n % 97))
        if left < 0:
            break
        rows = n
    return written(format, range(1, rows + 1))


def main(format: str, rows: int) -> dict[str, float]:
    """Seconds of the processor for a file and for the yardstick, and the largest memory in between."""
    from providers.formats import parse_statement_file

    gc.disable()  # as in the process that reads people's files
    data = written(format, range(rows))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    started = time.process_time()
    file = parse_statement_file(data)
    took = time.process_time() - started
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    found = sum(len(each.transactions) for each in file.statements)
    del file
    entries = written("camt", range(rows // SHARE))
    started = time.process_time()
    for _, element in iterparse(io.BytesIO(entries)):  # noqa: S314 its own file
        if element.tag.endswith("Ntry"):
            element.clear()
    return {
        "rows": found,
        "seconds": took,
        "yardstick": (time.process_time() - started) * SHARE,
        "memory": memory,
        "before": before,
    }


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], int(sys.argv[2]))))
