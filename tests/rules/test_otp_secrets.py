"""The secret of an authenticator app: made, shown, and taken over from other systems."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pyotp
import pytest
import qrcode
from hypothesis import given
from hypothesis import strategies as st

from gateway.rules.otp import code_of
from gateway.rules.otp_secrets import (
    IMPORT_TEXT_LIMIT,
    ISSUER_LIMIT,
    SECRET_BYTES,
    ImportedSecret,
    ImportFlaw,
    base32,
    enrolment_uri,
    issuer_for,
    new_secret,
    read_import,
    spelled_secret,
)

SECRET = b"12345678901234567890"
SHORT = SECRET[:10]
"""80 bits: what many systems drew, once."""

HOST = "gw.example.co.jp"

labels = st.text(min_size=1).filter(lambda text: text.strip() != "")


def uri_with(wishes: str, *, secret: bytes = SECRET) -> str:
    """What another system exports."""
    return f"otpauth://totp/Old:taro?secret={base32(secret)}&issuer=Old{wishes}"


def bitmap(text: str, *, scale: int = 4) -> str:
    """The QR code of that text as a portable bitmap."""
    code = qrcode.QRCode(border=4)
    code.add_data(text)
    lines = ["".join("01"[is_dark] * scale for is_dark in row) for row in code.get_matrix()]
    side = len(lines) * scale
    return f"P1 {side} {side}\n" + "\n".join(line for line in lines for _ in range(scale))


def test_a_secret_has_160_bits() -> None:
    """All the randomness that was asked for is in the secret."""
    assert bytes(range(SECRET_BYTES)) == new_secret(lambda size: bytes(range(size)))


def test_broken_randomness_makes_no_secret() -> None:
    """A source of randomness that gives less than was asked makes no secret."""
    with pytest.raises(AssertionError, match="randomness"):
        new_secret(lambda size: bytes(size - 1))


def test_people_read_it_in_groups_of_four() -> None:
    """The text to be typed is eight groups of four letters."""
    assert "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ" == spelled_secret(SECRET)


@given(st.binary(min_size=14, max_size=64))
def test_the_text_says_the_secret(secret: bytes) -> None:
    """Typed as it is shown, in either case, the text is the secret."""
    assert "=" not in base32(secret)
    expected = ImportedSecret(secret=secret, is_short=len(secret) < SECRET_BYTES)
    assert expected == read_import(spelled_secret(secret)) == read_import(base32(secret).lower())


def test_the_address_for_the_qr_code() -> None:
    """The issuer stands in the label and as a parameter; what is a default is left out."""
    uri = enrolment_uri(SECRET, issuer="Example Co", account="taro@example.co.jp")

    assert uri == (
        "otpauth://totp/Example%20Co:taro@example.co.jp"
        "?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Example%20Co"
    )


@given(issuer=labels, account=labels)
def test_other_programs_read_the_address(issuer: str, account: str) -> None:
    """Whatever the names are, pyotp reads the secret, one issuer, and one account."""
    try:
        uri = enrolment_uri(SECRET, issuer=issuer, account=account)
    except UnicodeEncodeError:
        return  # a lone surrogate: no name of a person or a company has one
    read = pyotp.parse_uri(uri)

    assert isinstance(read, pyotp.TOTP)
    assert SECRET == read.byte_secret()
    assert re.fullmatch(
        r"otpauth://totp/[^:?&#+]*:[^:?&#+]*\?secret=[A-Z2-7]+&issuer=[^:&#+]*", uri
    )
    assert uri.count("%3A") == 0


@pytest.mark.skipif(shutil.which("zbarimg") is None, reason="zbarimg is not installed")
@pytest.mark.parametrize("issuer", ["Example Co", "株式会社サンプル"])
def test_a_camera_reads_the_address(issuer: str, tmp_path: Path) -> None:
    """What a camera reads from the picture is the address."""
    uri = enrolment_uri(SECRET, issuer=issuer, account="yamada.taro")
    picture = tmp_path / "qr.pbm"
    picture.write_text(bitmap(uri))

    command = ["zbarimg", "--raw", "-q", "-Sdisable", "-Sqrcode.enable", str(picture)]
    seen = subprocess.run(command, check=True, capture_output=True, text=True).stdout

    assert uri == seen.strip()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("Example Co", "Example Co", id="as it is"),
        pytest.param("  Example\u3000Co ", "Example Co", id="blanks"),
        pytest.param("Ｅｘａｍｐｌｅ", "Example", id="full-width"),
        pytest.param("Example: Tokyo", "Example- Tokyo", id="colon"),
        pytest.param("Example：Tokyo", "Example-Tokyo", id="full-width colon"),
        pytest.param("株式会社サンプル", HOST, id="Japanese"),
        pytest.param("", HOST, id="none"),
        pytest.param("x" * (ISSUER_LIMIT + 1), HOST, id="too long"),
        pytest.param("Exam\x07ple", HOST, id="control character"),
    ],
)
def test_old_apps_can_show_the_issuer(name: str, expected: str) -> None:
    """The company's name is shown if every app can show it, the host's name otherwise."""
    assert expected == issuer_for(name, host=HOST)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", id="Base32"),
        pytest.param("gezd gnbv gy3t qojq gezd gnbv gy3t qojq", id="groups, lower case"),
        pytest.param("GEZD-GNBV-GY3T-QOJQ-GEZD-GNBV-GY3T-QOJQ\n", id="hyphens"),
        pytest.param(uri_with(""), id="address"),
        pytest.param(uri_with("&algorithm=SHA1&digits=6&period=30"), id="defaults named"),
        pytest.param(uri_with("&algorithm=HmacSHA1"), id="another name for SHA-1"),
        pytest.param(uri_with("&algorithm=sha-1&image="), id="more wishes"),
    ],
)
def test_secrets_of_other_systems_are_taken_over(text: str) -> None:
    """What another system exports works on, in every common form."""
    assert ImportedSecret(secret=SECRET, is_short=False) == read_import(text)


def test_a_secret_of_128_bits_works_and_should_be_renewed() -> None:
    """A shorter secret that is good enough is taken over, and marked."""
    assert ImportedSecret(secret=SECRET[:16], is_short=True) == read_import(base32(SECRET[:16]))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(base32(SHORT), ImportFlaw.TOO_SHORT, id="80 bits"),
        pytest.param(base32(SECRET[:13]), ImportFlaw.TOO_SHORT, id="104 bits"),
        pytest.param(uri_with("", secret=SHORT), ImportFlaw.TOO_SHORT, id="80 bits, address"),
        pytest.param(base32(b"x" * 65), ImportFlaw.TOO_LONG, id="520 bits"),
        pytest.param("A" * (IMPORT_TEXT_LIMIT + 1), ImportFlaw.TOO_LONG, id="endless"),
        pytest.param("", ImportFlaw.NOT_BASE32, id="nothing"),
        pytest.param("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJ0", ImportFlaw.NOT_BASE32, id="a zero"),
        pytest.param("GEZDGNBVGY3TQOJQGEZDGNBVG", ImportFlaw.NOT_BASE32, id="cut off"),
        pytest.param("秘密の文字列", ImportFlaw.NOT_BASE32, id="Japanese"),
        pytest.param("otpauth://totp/Old:taro?issuer=Old", ImportFlaw.NOT_BASE32, id="no secret"),
        pytest.param(
            uri_with("").replace("totp", "hotp"), ImportFlaw.NOT_TOTP, id="counted codes"
        ),
        pytest.param("https://totp/?secret=GEZD", ImportFlaw.NOT_TOTP, id="another address"),
        pytest.param("otpauth://[totp/?secret=A", ImportFlaw.NOT_TOTP, id="broken address"),
        pytest.param(uri_with("&secret=AAAA"), ImportFlaw.NOT_TOTP, id="two secrets"),
        pytest.param(uri_with("&a=1" * 30), ImportFlaw.NOT_TOTP, id="many wishes"),
        pytest.param(uri_with("&algorithm=SHA256"), ImportFlaw.OTHER_SETTINGS, id="SHA-256"),
        pytest.param(uri_with("&digits=8"), ImportFlaw.OTHER_SETTINGS, id="eight digits"),
        pytest.param(uri_with("&period=60"), ImportFlaw.OTHER_SETTINGS, id="a minute"),
    ],
)
def test_what_cannot_be_taken_over_says_why(text: str, expected: ImportFlaw) -> None:
    """Who has to enrol anew is told the reason, an old short secret above all."""
    assert expected is read_import(text)


@given(st.text())
def test_any_text_is_a_secret_or_a_reason(text: str) -> None:
    """Whatever a file of another system says, reading it is no error."""
    read = read_import(text)

    assert isinstance(read, ImportFlaw) or 6 == len(code_of(read.secret, 1))
