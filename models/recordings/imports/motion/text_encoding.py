"""The encoding of text files that are neither UTF-8 nor UTF-16.

Loggers and Excel still write others, whose bytes are often valid in one another: 加速度 may be
Shift-JIS, EUC-JP, GBK or Big5. So an encoding counts only if it gives words that headers of its
languages have.
"""

from __future__ import annotations

import re

WESTERN = "cp1252"
_JAPANESE = "時刻|日時|時間|加速|角速|ジャイロ"
_WORDS = {
    "cp932": re.compile(_JAPANESE),
    "euc_jp": re.compile(_JAPANESE),
    "gb18030": re.compile("时间|日期|加速|陀螺|角速"),
    "big5": re.compile("時間|日期|加速|陀螺|角速"),
    "cp949": re.compile("시간|시각|날짜|가속|자이로|각속"),
    "cp1251": re.compile("время|дата|ускор|акселер|гироскоп", re.IGNORECASE),
    "cp1253": re.compile("χρόν|ημερομην|επιτάχ|επιταχ|γυροσκ", re.IGNORECASE),
}
_HEAD_BYTES = 65_536


def legacy_encoding(data: bytes) -> str:
    """Return the encoding of text that is not UTF-8, by the words in its beginning.

    It is Windows' for western Europe where no other gives a word of a header.
    """
    head = data[:_HEAD_BYTES]
    for encoding, words in _WORDS.items():
        # The head may end within a character, and a file may have a byte that its encoding lacks.
        if words.search(head.decode(encoding, errors="ignore")):
            return encoding
    return WESTERN
