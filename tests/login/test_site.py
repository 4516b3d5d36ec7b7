"""Our pages, as a browser sees them."""

from __future__ import annotations

import re

import pytest
from twisted.logger import capturedLogs

from gateway.login.site import ROOMS
from gateway.pages.routes import ROUTE_MARK
from tests.instruments.house import Browser, House

HOOKS = ("passkey", "phone", "security-key", "message", "language")


def signed_in(house: House) -> Browser:
    """A browser with an open session."""
    browser = house.enrolled()
    assert 200 == browser.sign_in().status
    return browser


def test_every_route_came_through_the_one_decorator() -> None:
    """No address of ours skips the checks that all share."""
    marked = {
        rule.rule: getattr(room.app.endpoints[rule.endpoint], "__wrapped__", None)
        for room in ROOMS
        for rule in room.app.url_map.iter_rules()
    }

    assert len(marked) >= 13
    assert {path: path for path in marked} == {
        path: getattr(view, ROUTE_MARK, None) for path, view in marked.items()
    }


def test_every_route_names_its_methods() -> None:
    """No address of ours answers to a method that it does not name."""
    methods = [rule.methods for room in ROOMS for rule in room.app.url_map.iter_rules()]

    assert {frozenset({"GET", "HEAD"}), frozenset({"POST"})} == {
        frozenset(each or ()) for each in methods
    }


def test_no_two_rooms_share_a_first_part() -> None:
    """Each address leads to one room, whatever the others answer."""
    parts = [
        {
            rule.rule.removeprefix("/.gateway").split("/")[1]
            for rule in room.app.url_map.iter_rules()
        }
        for room in ROOMS
    ]

    assert len(set().union(*parts)) == sum(map(len, parts))


def test_the_sign_in_page_in_place() -> None:
    """In the app's place the page comes with 401, and may be framed by the app's own pages."""
    page = Browser(House()).open("/sign-in-required")

    assert 401 == page.status
    assert ['Passkey realm="gateway"'] == page.headers["www-authenticate"]
    assert 'data-after="reload"' in page.text
    assert "frame-ancestors 'self'" in page.headers["content-security-policy"][0]
    assert "x-frame-options" not in page.headers


def test_the_sign_in_page_at_its_own_address() -> None:
    """At /.gateway/login the same page comes with 200, and leads to the app's first page."""
    page = Browser(House()).open("/.gateway/login")

    assert 200 == page.status
    assert 'data-after="home"' in page.text
    assert "www-authenticate" not in page.headers


@pytest.mark.parametrize(("language", "title"), [("ja", "ログイン"), ("en", "Sign in")])
def test_the_sign_in_page_has_its_hooks_in_both_languages(language: str, title: str) -> None:
    """Every button that outside tests press is there, and nothing that does not work yet."""
    browser = Browser(House())
    browser.language = language

    page = browser.open("/sign-in-required")

    assert f"<h1>{title}</h1>" in page.text
    assert [] == [each for each in HOOKS if f'id="{each}"' not in page.text]
    assert "use-otp" not in page.text


@pytest.mark.parametrize(
    "path", ["/sign-in-required", "/.gateway/login", "/.gateway/enroll/x", "/.gateway/nothing"]
)
def test_our_pages_are_guarded(path: str) -> None:
    """Every page of ours is never kept, never sniffed, and runs our own files only."""
    page = Browser(House()).open(path)

    policy = page.headers["content-security-policy"][0]
    assert ["no-store"] == page.headers["cache-control"]
    assert ["nosniff"] == page.headers["x-content-type-options"]
    assert ["strict-origin"] == page.headers["referrer-policy"]
    assert "default-src 'none'" in policy
    assert "script-src https://gw.example.test/.gateway/static/;" in policy
    assert "unsafe" not in policy
    assert "publickey-credentials-get=(self)" in page.headers["permissions-policy"][0]
    assert "server" not in page.headers


def all_pages(house: House) -> list[str]:
    """Every page that a person can see, as text."""
    browser = signed_in(house)
    stranger = Browser(house)
    path = house.invite(house.add_person("guest", "<script>alert(1)</script>"))
    return [
        stranger.open("/sign-in-required").text,
        stranger.open(path).text,
        stranger.open("/.gateway/enroll/x").text,
        stranger.open("/.gateway/nothing").text,
        browser.open("/.gateway/login").text,
        browser.open("/.gateway/account").text,
        browser.submit("/.gateway/logout", "").text,
    ]


def test_no_page_has_inline_script_or_style() -> None:
    """The content security policy forbids both, so no page may need them."""
    for page in all_pages(House()):
        assert [] == re.findall(r"<script(?![^>]*\bsrc=)", page)
        assert [] == re.findall(r"\s(?:style|on[a-z]+)=|<style|javascript:", page)


def test_names_are_shown_and_never_run() -> None:
    """A display name that looks like script stands in the page as text."""
    pages = "".join(all_pages(House()))

    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in pages
    assert "<script>alert" not in pages


def test_visitors_leave_nothing_behind() -> None:
    """A thousand visits without sign-in leave no session and no ceremony."""
    house = House()
    for _ in range(500):
        Browser(house).open("/sign-in-required")
        Browser(house).open("/.gateway/login")

    assert [] == house.await_(house.store.sessions())
    assert 0 == len(house.sessions)
    assert 0 == len(house.site.ceremonies)


def test_visitors_get_no_cookie() -> None:
    """A page sets no cookie before the person does something."""
    assert [] == Browser(House()).open("/sign-in-required").cookies


def test_whoever_is_signed_in_is_told_so() -> None:
    """The sign-in address greets whoever is in already, and leads on."""
    page = signed_in(House()).open("/.gateway/login")

    assert 200 == page.status
    assert "山田 太郎さんとしてログインしています。" in page.text
    assert 'href="/"' in page.text


# Language, health, static files, and what is not there


def test_the_chosen_language_is_remembered() -> None:
    """Who picks English gets English, whatever the browser says."""
    browser = Browser(House())

    answer = browser.post("/.gateway/language", {"language": "en"})

    assert [
        "__Host-gw-lang=en; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=34560000"
    ] == answer.cookies
    assert "Sign in with a passkey" in browser.open("/.gateway/login").text


def test_the_language_form_works_without_script() -> None:
    """Without script the language button leads to the sign-in page in that language."""
    browser = Browser(House())

    answer = browser.submit("/.gateway/language", "language=en")

    assert (303, ["/.gateway/login"]) == (answer.status, answer.headers["location"])
    assert "en" == browser.cookies["__Host-gw-lang"]


@pytest.mark.parametrize("body", ["language=fr", "", "language=", "x", "language=en&language=ja"])
def test_a_language_that_we_do_not_speak_is_refused(body: str) -> None:
    """Only the two languages that we have can be chosen."""
    answer = Browser(House()).submit("/.gateway/language", body)

    assert (400, []) == (answer.status, answer.cookies)


def test_health_says_only_that_it_lives() -> None:
    """A load balancer learns that the gateway answers, and nothing else."""
    answer = Browser(House()).request("GET", "/.gateway/health")

    assert (200, b'{"status":"pass"}') == (answer.status, answer.body)
    assert ["application/health+json"] == answer.headers["content-type"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/.gateway/health", ["GET", "HEAD"]),
        ("POST", "/.gateway/login", ["GET", "HEAD"]),
        ("GET", "/.gateway/logout", ["POST"]),
        ("GET", "/.gateway/passkey/verify", ["POST"]),
        ("HEAD", "/.gateway/logout", ["POST"]),
    ],
)
def test_other_methods_are_refused(method: str, path: str, allowed: list[str]) -> None:
    """Each address says which methods it knows."""
    answer = Browser(House()).request(method, path)

    assert 405 == answer.status
    assert allowed == sorted(answer.headers["allow"][0].split(", "))


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "FOO"])
def test_odd_methods_never_reach_a_page(method: str) -> None:
    """No page of ours knows any method but GET, HEAD and POST."""
    assert 405 == Browser(House()).request(method, "/.gateway/login").status


@pytest.mark.parametrize(
    "path",
    [
        "/.gateway/nothing",
        "/.gateway/",
        "/.gateway/login/",
        "/.gateway//login",
        "//.gateway/login",
        "/.gateway/%6cogin",
        "/.gateway/x/../login",
        "/.gateway/%93%FA",
        "/.gateway/login;x",
        "/.gateway/enroll/%00",
        "/.gateway/enroll/a%2Fb",
        "/.gateway/static/../../etc/passwd",
        "/.gateway/static/%2e%2e/passwd",
        "/.gateway/static/nothing.js",
        "/.gateway/" + "a" * 5_000,
    ],
)
def test_what_is_not_there_is_a_page_of_ours(path: str) -> None:
    """An unknown or odd address gets our own page, in the person's language, and no traceback."""
    with capturedLogs() as logged:
        answer = Browser(House()).open(path)

    assert 404 == answer.status
    assert "このページはありません。" in answer.text
    assert [] == [each for each in logged if "log_failure" in each]


def test_static_files_are_kept_for_ever_under_their_version() -> None:
    """What has been fetched once is never asked for again until the next release."""
    house = House()
    page = Browser(house).open("/sign-in-required").text
    (style,) = re.findall(r'href="([^"]+gateway\.css)"', page)

    answer = Browser(house).request("GET", style)

    assert 200 == answer.status
    assert ["public, max-age=31536000, immutable"] == answer.headers["cache-control"]
    assert ["text/css; charset=utf-8"] == answer.headers["content-type"]
