"""A day with copyparty behind the gateway, by curl: log in, look, upload, download, tidy up."""

from __future__ import annotations

import hashlib
import io
import json
import random
import zipfile
from pathlib import Path

import pytest

from tests.apps.cabinet import CONTENT, MEMO, NFC, NFD, ROOM, TABLE, Cabinet, digest
from tests.apps.conftest import log_in
from tests.apps.copyparty import ACCOUNT, PASSWORD
from tests.apps.curl import Curl
from tests.instruments.raw_client import Answer

LARGE_BYTES = 21 * 2**20 + 13
"""More than 20 MiB, and no multiple of any block."""

PARALLEL = 8


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A large file that no compression makes smaller."""
    path = tmp_path_factory.mktemp("large") / "large.bin"
    path.write_bytes(random.Random(2026).randbytes(LARGE_BYTES))
    return path


def listed(answer: Answer) -> list[str]:
    """The addresses of the files in copyparty's listing (`?ls`)."""
    return [file["href"] for file in json.loads(answer.body)["files"]]


def test_the_apps_own_log_in_stands_beside_ours(newcomer: Curl, cabinet: Cabinet) -> None:
    """The app's form signs in to the app; its cookie and the gateway's are kept side by side."""
    before = newcomer.ask(cabinet.target + "?ls")

    log_in(newcomer)
    after = newcomer.ask(cabinet.target + "?ls")

    assert (403, 200) == (before.status, after.status)
    assert {"__Host-gw", "cppws"} == set(newcomer.cookies())
    assert ACCOUNT == json.loads(after.body)["acct"]


def test_the_apps_log_out_is_not_ours(curl: Curl, cabinet: Cabinet) -> None:
    """Who leaves the app is still signed in at the gateway, and can log in to the app again."""
    curl.ask("/", "--form", "act=logout")
    left = curl.ask(cabinet.target + "?ls")
    log_in(curl)

    assert 403 == left.status
    assert 200 == curl.ask(cabinet.target + "?ls").status


def test_the_apps_cookie_arrives_as_it_was_set(newcomer: Curl) -> None:
    """The attributes that the app gave its cookie are the ones that the browser gets."""
    form = ("--form", "act=login", "--form", f"uname={ACCOUNT}", "--form", f"cppwd={PASSWORD}")
    answer = newcomer.ask("/", *form)

    (line,) = answer.values(b"set-cookie")
    pair, *attributes = [part.partition(b"=") for part in line.split(b"; ")]

    assert b"cppws" == pair[0]
    wanted = [b"Path", b"Expires", b"Secure", b"HttpOnly", b"SameSite"]
    assert wanted == [name for name, _, _ in attributes]


def test_names_in_both_unicode_forms_and_shift_jis_are_listed(
    curl: Curl, cabinet: Cabinet
) -> None:
    """NFC, NFD and Shift_JIS names stay three different names, to the byte."""
    answer = curl.ask(cabinet.target + "?ls")

    names = [href.partition("?")[0] for href in listed(answer)]

    in_folder = [name for name in CONTENT if "/" not in name]
    wanted = {cabinet.of(name).removeprefix(cabinet.target) for name in in_folder}
    assert wanted == set(names)
    assert {b"composed", b"decomposed"} == {
        curl.ask(cabinet.of(NFC)).body,
        curl.ask(cabinet.of(NFD)).body,
    }


@pytest.mark.parametrize(
    "framing",
    [
        pytest.param((), id="with its length"),
        pytest.param(("--header", "Transfer-Encoding: chunked"), id="in chunks"),
        pytest.param(("--header", "Expect:"), id="without asking first"),
    ],
)
def test_a_large_upload_is_on_the_disk_byte_for_byte(
    curl: Curl, cabinet: Cabinet, large: Path, framing: tuple[str, ...]
) -> None:
    """21 MiB by PUT, however the client frames them, are the same 21 MiB on the server."""
    answer = curl.ask(cabinet.of("大きな表.bin"), "--upload-file", str(large), *framing)

    assert 201 == answer.status
    assert digest(large) == digest(cabinet.path / "大きな表.bin")
    location = curl.origin + cabinet.of("大きな表.bin")
    assert [location.encode("ascii")] == answer.values(b"location")


def test_a_client_that_asks_before_it_sends_is_told_to_go_on(
    curl: Curl, cabinet: Cabinet, large: Path
) -> None:
    """`Expect: 100-continue` is answered with 100, once, and then with the app's own answer."""
    expect = ("--header", "Expect: 100-continue")
    answer = curl.ask(cabinet.of("new.bin"), "--upload-file", str(large), *expect)

    assert (b"HTTP/1.1 100 Continue\r\n\r\n",) == answer.interim
    assert 201 == answer.status


def test_a_form_upload_keeps_its_japanese_name(curl: Curl, cabinet: Cabinet, large: Path) -> None:
    """A multipart upload arrives whole, under the name that the browser's form gave it."""
    forms = [f"f=@{large};filename={name}" for name in ("議事録 表.bin", NFD)]
    words = [word for form in forms for word in ("--form", form)]
    answer = curl.ask(cabinet.of(ROOM) + "/?j", "--form", "act=bput", *words)

    assert 201 == answer.status
    told = [file["sha512"] for file in json.loads(answer.body)["files"]]
    sent = hashlib.sha512(large.read_bytes()).hexdigest()
    assert [True, True] == [sent.startswith(each) for each in told]
    room = cabinet.path / ROOM
    assert {digest(large)} == {digest(room / "議事録 表.bin"), digest(room / NFD)}


def test_an_interrupted_download_is_resumed(
    curl: Curl, cabinet: Cabinet, large: Path, tmp_path: Path
) -> None:
    """A client that has half of a file gets the other half, and has the file."""
    (cabinet.path / "表.bin").write_bytes(large.read_bytes())
    half = tmp_path / "half"
    half.write_bytes(large.read_bytes()[: LARGE_BYTES // 2])

    address = curl.origin + cabinet.of("表.bin")
    said = curl.run(
        "--continue-at", "-", "--output", str(half), "--write-out", "%{http_code}", address
    )

    assert "206" == said
    assert digest(large) == digest(half)


def test_a_page_is_sent_compressed_and_read_by_the_client(curl: Curl) -> None:
    """A script that the app keeps gzipped comes gzipped, and unpacks to the plain one."""
    packed = curl.ask("/.cpr/w/util.js", "--compressed")
    plain = curl.ask("/.cpr/w/util.js")

    assert [b"gzip"] == packed.values(b"content-encoding")
    assert [] == plain.values(b"content-encoding")
    assert packed.body == plain.body


def test_a_folder_comes_as_a_zip_of_unknown_length(curl: Curl, cabinet: Cabinet) -> None:
    """An archive that the app makes while it sends is whole, with every name and byte."""
    answer = curl.ask(cabinet.of(ROOM) + "/?zip")

    assert [] == answer.values(b"content-length")
    with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
        assert archive.testzip() is None
        assert [f"{ROOM}/{MEMO}"] == archive.namelist()
        assert b"in a folder" == archive.read(f"{ROOM}/{MEMO}")


def test_many_downloads_at_once_do_not_mix(curl: Curl, cabinet: Cabinet, tmp_path: Path) -> None:
    """Eight files of different content, fetched at the same time, are each their own."""
    words: list[str] = ["--parallel", "--parallel-immediate", "--fail"]
    for number in range(PARALLEL):
        source = random.Random(number).randbytes(2**20 + number)
        (cabinet.path / f"表{number}.bin").write_bytes(source)
        words += ["--output", str(tmp_path / f"表{number}.bin")]
        words.append(curl.origin + cabinet.of(f"表{number}.bin"))

    curl.run(*words)

    names = [f"表{number}.bin" for number in range(PARALLEL)]
    wanted = [digest(cabinet.path / name) for name in names]
    assert wanted == [digest(tmp_path / name) for name in names]


def test_a_folder_is_made_moved_copied_and_removed(curl: Curl, cabinet: Cabinet) -> None:
    """WebDAV with the public address in `Destination` does on the disk what it says."""
    new = cabinet.of("新しい書類")
    to_new = f"Destination: {curl.origin}{new}/%E8%A1%A8.txt"
    to_copy = f"Destination: {curl.origin}{new}/%E5%86%99%E3%81%97.txt"

    statuses = [
        curl.ask(new, "--request", "MKCOL").status,
        curl.ask(cabinet.of(TABLE), "--request", "MOVE", "--header", to_new).status,
        curl.ask(new + "/%E8%A1%A8.txt", "--request", "COPY", "--header", to_copy).status,
        curl.ask(new + "/%E8%A1%A8.txt", "--request", "DELETE").status,
    ]

    assert [201, 201, 201, 200] == statuses
    assert not (cabinet.path / TABLE).exists()
    left = {path.name: path.read_text() for path in (cabinet.path / "新しい書類").iterdir()}
    assert {"写し.txt": CONTENT[TABLE]} == left


@pytest.mark.parametrize("name", [NFD, TABLE])
def test_a_folder_is_listed_by_webdav(curl: Curl, cabinet: Cabinet, name: str) -> None:
    """PROPFIND names what is in the folder, by paths that the client can ask for as they are."""
    depth = ("--header", "Depth: 1")
    answer = curl.ask(cabinet.target, "--request", "PROPFIND", *depth)

    href = f"<D:href>{cabinet.of(name)}</D:href>"

    assert 207 == answer.status
    assert href.encode("ascii") in answer.body
    assert CONTENT[name].encode() == curl.ask(cabinet.of(name)).body
