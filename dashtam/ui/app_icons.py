"""The mark as PNG, for phones that keep Dashtam among their apps: drawn from its geometry, without a library.

`manage.py draw_icons` writes the files, which are kept with the other static files.
"""

import struct
import zlib

SIZES = (180, 192, 512)
GREEN, WHITE = (0x0B, 0x5A, 0x62), (0xFF, 0xFF, 0xFF)
# The mark is drawn in a square of 32 units, as in favicon.svg. Phones cut icons to a circle of 80 % of their width:
# all of the mark lies inside it.
UNITS, SCALE = 32, 0.62
CENTRE = (16.5, 16.0)  # of the mark
FINE = 3  # points a pixel, in each direction


def png(size: int) -> bytes:
    """The icon of so many pixels, as PNG (ISO/IEC 15948): eight bits each of red, green and blue."""
    rows = b"".join(b"\0" + _row(y, size) for y in range(size))
    header = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in chunks)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _row(y: int, size: int) -> bytes:
    """One row of pixels."""
    steps = [(step + 0.5) / FINE for step in range(FINE)]
    heights = [_unit(y + step, size, CENTRE[1]) for step in steps]
    row = bytearray()
    for x in range(size):
        inside = sum(
            _in_mark(_unit(x + step, size, CENTRE[0]), height) for step in steps for height in heights
        )
        share = inside / FINE**2
        row += bytes(round(a + (b - a) * share) for a, b in zip(GREEN, WHITE, strict=True))
    return bytes(row)


def _unit(pixel: float, size: int, centre: float) -> float:
    """The place of a pixel in the square of the mark."""
    return (pixel / size - 0.5) * UNITS / SCALE + centre


def _in_mark(x: float, y: float) -> bool:
    """True inside the half-round shape, and outside the two lines across it."""
    upper, lower = abs(y - 12.5) <= 1.25 and x <= 17.5, abs(y - 19.5) <= 1.25 and x <= 12.5
    if upper or lower or x < 5 or not 4 <= y <= 28:
        return False
    return x <= 15.5 or ((x - 15.5) / 12.5) ** 2 + ((y - 16) / 12) ** 2 <= 1
