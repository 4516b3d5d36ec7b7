"""The page at which somebody who is signed in proves anew who they are."""

from __future__ import annotations

import pytest

from tests.instruments.house import Browser, House

BOUND = "端末またはセキュリティキーに固定されたパスキー"


@pytest.mark.parametrize(
    ("path", "is_bound"),
    [
        ("/sign-in-required", False),
        ("/step-up-required/any", False),
        ("/step-up-required/device-bound", True),
    ],
)
def test_it_says_who_and_why(path: str, is_bound: bool) -> None:
    """In the app's place, with the person's name, a way through and two ways out."""
    browser = House().enrolled()
    browser.sign_in()

    page = browser.open(path)

    assert 401 == page.status
    assert "山田 太郎さんとしてログインしています。" in page.text
    assert is_bound == (BOUND in page.text.partition('<p class="lead">')[2].partition("</p>")[0])
    for hook in ('id="passkey"', 'id="logout"', 'id="back"', 'data-after="reload"'):
        assert hook in page.text
    assert any(
        "frame-ancestors 'self'" in each for each in page.headers["content-security-policy"]
    )


def test_for_nobody_it_is_the_sign_in_page() -> None:
    """Who is not signed in has nothing to prove anew."""
    page = Browser(House()).open("/step-up-required/device-bound")

    assert 401 == page.status
    assert 'data-page="sign-in"' in page.text


def test_a_step_up_keeps_the_session_and_offers_nothing() -> None:
    """The answer to a second proof carries a new token, and no offer."""
    browser = House().enrolled()
    browser.sign_in()
    before = dict(browser.cookies)

    answer = browser.sign_in()

    assert {"ok": True, "offer_passkey": False} == answer.json
    assert before != browser.cookies
