"""Bytes to text, whatever the encoding."""

from __future__ import annotations

from advisor.errors import ReadRefused

_BOMS = {
    b"\xef\xbb\xbf": "utf-8-sig",
    b"\xff\xfe\x00\x00": "utf-32",
    b"\x00\x00\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
# So many letters of several bytes, at least, for each damaged one, where a text is in UTF-8.
_VALID = 2


def decode(data: bytes) -> str:
    """Return the text of a file, whatever its encoding.

    A damaged byte of a text in UTF-8 becomes «\ufffd».

    Raises:
        ReadRefused: the bytes are not text.
    """
    for bom, encoding in _BOMS.items():
        if data.startswith(bom):
            return data.decode(encoding, "replace")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        repaired = data.decode("utf-8", "replace")
        damaged = repaired.count("\ufffd")
        # Other encodings have next to no sequence that UTF-8 allows.
        if _VALID * damaged <= sum(not char.isascii() for char in repaired) - damaged:
            return repaired
        from charset_normalizer import from_bytes

        # Western encodings first: they are what French offices left behind.
        best = from_bytes(
            data, cp_isolation=["cp1252", "iso8859_15", "mac_roman", "cp850", "utf_16"]
        ).best()
        if best is None:
            raise ReadRefused("read_not_text") from None
        text = str(best)
    if (
        "\x00" in text
        or sum(char < " " and char not in "\t\n\r\f" for char in text) > len(text) / 50
    ):
        raise ReadRefused("read_not_text")
    return text
