"""The securities that can be bought. None of them exists."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Security:
    """A stock or fund. `price` (cents) starts its walk; `drift` and `swing` are daily, in basis points."""

    id: str
    symbol: str
    name: str
    type: str
    cusip: str | None
    isin: str | None
    price: int
    drift: int
    swing: int
    dividend: int  # cents per unit and quarter
    reinvests: bool = False


# CUSIPs starting with 99 are set aside for private use, so none of these can be a real security.
SECURITIES = {
    security.id: security
    for security in (
        Security(
            id="sec_meridian",
            symbol="MRDN",
            name="Meridian Total World ETF",
            type="ETF",
            cusip="99000A109",
            isin="US99000A1097",
            price=8_412,
            drift=3,
            swing=70,
            dividend=38,
            reinvests=True,
        ),
        Security(
            id="sec_kestrel",
            symbol="KSTL",
            name="Kestrel Bond Ladder ETF",
            type="ETF",
            cusip="99000B107",
            isin="US99000B1070",
            price=4_965,
            drift=1,
            swing=18,
            dividend=41,
            reinvests=True,
        ),
        Security(
            id="sec_alder",
            symbol="ALDR",
            name="Alder & Wick Lanterns, Inc.",
            type="EQUITY",
            cusip="99000C105",
            isin="US99000C1053",
            price=2_730,
            drift=4,
            swing=160,
            dividend=9,
        ),
        Security(
            id="sec_quill",
            symbol="QLL",
            name="Quillon Robotics Corp.",
            type="EQUITY",
            cusip="99000D103",
            isin="US99000D1037",
            price=14_120,
            drift=5,
            swing=210,
            dividend=0,
        ),
        Security(
            id="sec_willow",
            symbol="WLWFX",
            name="Willow Balanced Fund",
            type="MUTUAL_FUND",
            cusip=None,
            isin=None,
            price=1_906,
            drift=2,
            swing=45,
            dividend=12,
            reinvests=True,
        ),
    )
}
