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


def decode(data: bytes) -> str:
    """Return the text of a file, whatever its encoding.

    Raises:
        ReadRefused: the bytes are not text.
    """
    for bom, encoding in _BOMS.items():
        if data.startswith(bom):
            return data.decode(encoding, "replace")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
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
