"""What the ECB's feed says, in its own XML."""

from collections.abc import Mapping
from datetime import date

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01"'
    ' xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">\n'
    "<gesmes:subject>Reference rates</gesmes:subject>\n"
    "<gesmes:Sender><gesmes:name>European Central Bank</gesmes:name></gesmes:Sender>\n<Cube>\n"
)
TAIL = "</Cube>\n</gesmes:Envelope>\n"


def feed(days: Mapping[date | str, Mapping[str, str]]) -> str:
    """A `eurofxref` document of these days."""
    cubes = (
        f'<Cube time="{day}">'
        + "".join(f'<Cube currency="{unit}" rate="{rate}"/>' for unit, rate in rates.items())
        + "</Cube>\n"
        for day, rates in days.items()
    )
    return HEAD + "".join(cubes) + TAIL
