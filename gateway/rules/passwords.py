"""
The gateway password: the companion of a one-time password, never good for anything alone.

Theory (NIST SP 800-63B-4 3.1.1.2). What makes a password good is its length, and that nobody else
would try it. So there are a least length and a list of what everybody tries, and nothing else: no
rule about digits and signs, no date at which it ends; pasting is welcome.

1. One form (`prepared`) is hashed, compared and counted: NFKC, as NIST wants it, so that what an
   IME types in full width is the same password; besides, as RFC 8265 4.2.2 (OpaqueString) wants
   it, every kind of blank is U+0020, case stays, and blanks at the ends stay. Control characters
   and code points that Unicode has not assigned yet are refused: the one cannot be typed again,
   the other might be normalised differently tomorrow.
2. Its length counts code points of that form.
3. The whole password is looked at, as NIST wants it, not words that it contains: it is refused
   if it is nothing but up to `WORDS_TOLD` words that everybody tries, or that belong to this
   person or company, with digits and signs around them (`Password2026!`); a short piece
   repeated; or a row of keys.
4. Whoever signs in is not told any of this: what has no form is just wrong.

The words are our own small list. Whoever finds a password by it online has 33 tries a day
(`throttle`); what the list is for is the three dozen that would be tried first.
"""

from __future__ import annotations

import enum
import re
import unicodedata
from collections.abc import Iterable

LEAST_LENGTH = 12
"""Code points, by default: NIST asks for 8 where a second factor is there, 15 where none is."""

LEAST_LENGTH_FLOOR = 8
"""The least that the configuration may ask for: NIST SP 800-63B-4 3.1.1.2."""

TYPED_LIMIT = 256
"""Characters: NIST wants at least 64 to be possible; more than this is no password, but a load."""

ARGON2_MEMORY_KIB = 65_536
"""In kibibytes: 64 MiB, the second recommended option of RFC 9106 4 (where memory is scarce)."""

ARGON2_PASSES = 3
"""Of the same option."""

ARGON2_LANES = 4
"""Of the same option."""

ARGON2_SALT_BYTES = 16
"""128 bits: RFC 9106 3.1 recommends it for passwords."""

ARGON2_TAG_BYTES = 32
"""256 bits, of the same option."""

HASHES_AT_ONCE = 2
"""128 MiB at most, on threads of their own: a flood of sign-ins must not starve the rest."""

HASHES_WAITING = 64
"""Sign-ins that wait for their turn; who comes then is told to try again, and is not counted."""

WORDS_TOLD = 3
"""Of words that everybody tries: four of them by chance are a passphrase."""

MOTIF_LIMIT = 4
"""Characters of a piece that, repeated, makes no password, however long."""

CONTEXT_LEAST = 3
"""Letters of a word of this company or person: shorter ones are in every other word."""

_LISTED = """
password passwords passwort passphrase passcode pass passwd pwd qwerty qwertyuiop asdf asdfgh
asdfghjkl zxcvbn zxcvbnm qazwsx qazwsxedc abc abcd abcdef iloveyou loveyou lovely love welcome
letmein changeme change default secret topsecret login logon signin admin administrator root
superuser user username guest test tester testing demo sample example master monkey dragon
tiger football baseball soccer sunshine princess superman batman pokemon pikachu naruto
doraemon totoro starwars computer internet server network system security google gmail
microsoft windows office outlook apple iphone android samsung nintendo sony toyota honda nissan
toshiba hitachi fujitsu panasonic gateway passkey groupware intranet portal desknets desknet
neo cybozu garoon kintone company kaisha spring summer autumn winter january february march
april june july august september october november december monday tuesday wednesday thursday
friday saturday sunday haru natsu aki fuyu sakura fuji nihon nippon japan tokyo osaka kyoto
nagoya yokohama fukuoka sapporo reiwa heisei showa arigatou arigato konnichiwa ohayou ohayo
aishiteru daisuki himitsu tanaka suzuki sato satou takahashi yamada taro tarou hanako
パスワード ぱすわーど ひみつ 秘密 ログイン テスト 管理者 株式会社 有限会社 会社
ありがとう こんにちは おはよう さくら 桜 東京 大阪 日本 愛してる だいすき 大好き
"""

WORDS = frozenset(_LISTED.split())
"""What people make passwords of: the usual ones, rows of keys, names, seasons, of Japan too."""

ROWS = (
    "0123456789" * 3,
    "abcdefghijklmnopqrstuvwxyz" * 2,
    "qwertyuiop@[asdfghjkl;:]zxcvbnm,./",
    "qwertyuiop[]asdfghjkl;'zxcvbnm,./",
    "`1234567890-=qwertyuiop",
    "1234567890-^",
    "1q2w3e4r5t6y7u8i9o0p",
    "q1w2e3r4t5y6u7i8o9p0",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/",
    "qazwsxedcrfvtgbyhnujmikolp",
    "zaq12wsxcde34rfvbgt56yhnmju78ik,",
    "!qaz@wsx#edc$rfv%tgb^yhn&ujm",
    "あいうえおかきくけこさしすせそたちつてとなにぬねのはひふへほまみむめもやゆよらりるれろわをん",
    "いろはにほへとちりぬるをわかよたれそつねならむうゐのおくやまけふこえてあさきゆめみしゑひもせす",
)
"""Keys side by side, on keyboards of either layout, and what every child can say."""

_ALIKE = str.maketrans("0134578@$!l", "oieastbasii")
"""What people write for letters, `p@55w0rd`; and l is i, since 1 stands for either."""


class Flaw(enum.StrEnum):
    """Why a password is not taken; the page has a sentence for each."""

    UNREADABLE = "unreadable"
    """There are characters in it that cannot be typed again for certain."""
    TOO_SHORT = "too-short"
    TOO_LONG = "too-long"
    EXPECTED = "expected"
    """Nothing but words that everybody tries, or of this person or company."""
    SIMPLE = "simple"
    """A short piece repeated, or a row of keys."""


def prepared(typed: str) -> str | None:
    """The one form of what was typed, to be hashed as UTF-8; None for what is no password."""
    if not typed or len(typed) > TYPED_LIMIT:
        return None
    form = unicodedata.normalize("NFKC", typed)
    form = "".join(" " if unicodedata.category(each) == "Zs" else each for each in form)
    return None if any(_is_unfit(each) for each in form) else form


def flaw_of(
    typed: str, *, least_length: int = LEAST_LENGTH, context: Iterable[str] = ()
) -> Flaw | None:
    """
    Why this password may not be set; None for a good one.

    Args:
        typed: as it came from the form.
        least_length: in code points, `LEAST_LENGTH_FLOOR` or more.
        context: the person's names and mail address, the company's name, the gateway's host.
    """
    if len(typed) > TYPED_LIMIT:
        return Flaw.TOO_LONG
    form = prepared(typed)
    if form is None:
        return Flaw.UNREADABLE if typed else Flaw.TOO_SHORT
    if len(form) < least_length:
        return Flaw.TOO_SHORT
    plain = form.casefold()
    if _is_simple(plain):
        return Flaw.SIMPLE
    return Flaw.EXPECTED if _is_expected(plain, words_of(context)) else None


def words_of(context: Iterable[str]) -> frozenset[str]:
    """The words of these texts, whole and in parts, as somebody would try them."""
    words: set[str] = set()
    for text in context:
        plain = unicodedata.normalize("NFKC", text).casefold()
        parts = re.split(r"[\W\d_]+", plain)
        words.update((*parts, "".join(parts)))
    return frozenset(each for each in words if len(each) >= CONTEXT_LEAST)


def _is_unfit(letter: str) -> bool:
    """Controls, surrogates, private and unassigned code points, separators of lines; not Cf."""
    return unicodedata.category(letter) in ("Cc", "Cs", "Co", "Cn", "Zl", "Zp")


def _is_simple(plain: str) -> bool:
    """Whether it is a short piece repeated, or a row of keys, forwards or backwards."""
    if _period(plain) <= MOTIF_LIMIT:
        return True
    return any(plain in row or plain[::-1] in row for row in ROWS)


def _period(text: str) -> int:
    """Characters after which the text repeats itself, to its end; its length if it never does."""
    return next(
        each for each in range(1, len(text) + 1) if text[each:] == text[: len(text) - each]
    )


def _is_expected(plain: str, context: frozenset[str]) -> bool:
    """Whether nothing is in it but a few of these words, or one of them many times."""
    period = _period(plain)
    # What ends in the midst of a repetition is no whole number of words: it is read as it is.
    core = plain[:period] if len(plain) % period == 0 else plain
    spelled = core.translate(_ALIKE)
    words = {each.translate(_ALIKE) for each in WORDS | context}
    reached = _beyond_gaps(core, {0})
    for _ in range(WORDS_TOLD):
        ends = {at + len(word) for at in reached for word in words if spelled.startswith(word, at)}
        reached = _beyond_gaps(core, ends)
        if len(core) in reached:
            return True
    return False


def _beyond_gaps(text: str, starts: set[int]) -> set[int]:
    """Where a word may begin: there, and behind each of the digits and signs that follow."""
    reached = set(starts)
    for start in starts:
        at = start
        while at < len(text) and not text[at].isalpha():
            at += 1
            reached.add(at)
    return reached
