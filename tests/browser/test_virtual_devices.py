"""The instruments themselves: virtual phones, PCs and keys are as good as real ones here."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import pytest_twisted
import webauthn
from OpenSSL import SSL
from twisted.internet.defer import maybeDeferred
from twisted.internet.posixbase import PosixReactorBase
from twisted.internet.ssl import ContextFactory
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)
from webauthn.registration.verify_registration_response import VerifiedRegistration

from tests.browser.bare_site import bare_site
from tests.browser.conftest import OpenPage
from tests.instruments.certificates import Authority
from tests.instruments.devtools import BrowserError
from tests.instruments.page import Page
from tests.instruments.virtual_authenticator import Transport

CHALLENGE = b"c" * 32
TRANSPORTS: tuple[Transport, ...] = ("internal", "hybrid", "usb", "nfc", "ble", "smart-card")


async def press(page: Page, button: str, options: str) -> str:
    """Hand the options to the page, press, and read the answer or the error's name."""
    await page.call("() => { document.querySelector('#result').textContent = '' }")
    await page.type("#options", options)
    await page.click(button)
    return await page.text("#result")


async def register(page: Page, origin: str) -> VerifiedRegistration:
    """Register a passkey with the page, checked as a server does."""
    rp_id = urlsplit(origin).hostname or ""
    options = webauthn.generate_registration_options(
        rp_id=rp_id,
        rp_name="bare",
        user_name="taro",
        user_id=b"u" * 64,
        challenge=CHALLENGE,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
    )
    return webauthn.verify_registration_response(
        credential=await press(page, "#register", webauthn.options_to_json(options)),
        expected_challenge=CHALLENGE,
        expected_rp_id=rp_id,
        expected_origin=origin,
        require_user_verification=True,
    )


async def sign_in(
    page: Page,
    *,
    verification: UserVerificationRequirement = UserVerificationRequirement.REQUIRED,
) -> str:
    """Sign in without a user name; gives the answer as JSON, or the error's name."""
    rp_id = await page.evaluate("location.hostname")
    options = webauthn.generate_authentication_options(
        rp_id=rp_id, challenge=CHALLENGE, user_verification=verification
    )
    return await press(page, "#sign-in", webauthn.options_to_json(options))


def verify(answer: str, registered: VerifiedRegistration, origin: str) -> bytes:
    """Check an answer as a server does; gives the credential's id."""
    return webauthn.verify_authentication_response(
        credential=answer,
        expected_challenge=CHALLENGE,
        expected_rp_id=urlsplit(origin).hostname or "",
        expected_origin=origin,
        credential_public_key=registered.credential_public_key,
        credential_current_sign_count=0,
        require_user_verification=True,
    ).credential_id


class ChainFiles(ContextFactory):
    """A certificate for `listenSSL`; Twisted's own options warn about pyOpenSSL's."""

    def __init__(self, certificate: Path, private_key: Path) -> None:
        self.context = SSL.Context(SSL.TLS_SERVER_METHOD)
        self.context.use_certificate_chain_file(str(certificate))
        self.context.use_privatekey_file(str(private_key))

    def getContext(self) -> SSL.Context:  # noqa: N802 (IOpenSSLContextFactory)
        """The one context."""
        return self.context


@asynccontextmanager
async def tls_site(
    reactor: PosixReactorBase, authority: Authority, directory: Path
) -> AsyncIterator[str]:
    """The bare page over https, with a leaf of that authority."""
    files = authority.issue("gw.example.test").write(directory)
    port = reactor.listenSSL(0, bare_site(), ChainFiles(*files), interface="127.0.0.1")
    yield f"https://gw.example.test:{port.getHost().port}"
    await maybeDeferred(port.stopListening)


@pytest_twisted.ensureDeferred
async def test_each_kind_of_device_registers_and_signs_in(page: Page, bare_url: str) -> None:
    """A virtual device of each kind makes a passkey that a server verifies, and signs in."""
    await page.goto(bare_url)

    for transport in TRANSPORTS:
        device = await page.add_authenticator(transport)
        registered = await register(page, bare_url)
        used = verify(await sign_in(page), registered, bare_url)
        held = await device.credential_ids()
        await device.unplug()

        assert ([registered.credential_id], registered.credential_id) == (held, used), transport


@pytest_twisted.ensureDeferred
async def test_a_phone_signs_in_a_pc(open_page: OpenPage, bare_url: str) -> None:
    """The passkey that a phone made signs in on a PC over hybrid, without a user name."""
    phone, pc = await open_page(), await open_page()
    await phone.views.phone()
    handset = await phone.add_authenticator("internal", is_synced=True)
    await phone.goto(bare_url)
    registered = await register(phone, bare_url)
    [credential] = await handset.credentials()
    nearby = await pc.add_authenticator("hybrid", is_synced=True)
    await nearby.add_credential(credential)
    await pc.goto(bare_url)

    answer = await sign_in(pc)

    assert registered.credential_id == verify(answer, registered, bare_url)
    assert "cross-platform" == json.loads(answer)["authenticatorAttachment"]
    assert registered.credential_backed_up


@pytest_twisted.ensureDeferred
async def test_a_passkey_works_over_tls_of_the_tests_authority(
    page: Page, reactor: PosixReactorBase, authority: Authority, tmp_path: Path
) -> None:
    """The browser takes the certificates of the run's authority, and passkeys work there."""
    await page.add_authenticator()

    async with tls_site(reactor, authority, tmp_path) as url:
        await page.goto(url)
        registered = await register(page, url)
        answer = await sign_in(page)

    assert registered.credential_id == verify(answer, registered, url)


@pytest_twisted.ensureDeferred
async def test_another_authority_is_not_trusted(
    page: Page, reactor: PosixReactorBase, tmp_path: Path
) -> None:
    """A certificate of somebody else is refused by the browser, as at any office."""
    async with tls_site(reactor, Authority(), tmp_path) as url:
        with pytest.raises(BrowserError, match="ERR_CERT_AUTHORITY_INVALID"):
            await page.goto(url)


@pytest_twisted.ensureDeferred
async def test_a_device_that_verifies_nobody_says_so(page: Page, bare_url: str) -> None:
    """When finger and PIN fail, a page that demands verification gets nothing."""
    device = await page.add_authenticator("internal")
    await page.goto(bare_url)
    registered = await register(page, bare_url)
    await device.set_user_verified(is_verified=False)

    demanded = await sign_in(page)
    lax = await sign_in(page, verification=UserVerificationRequirement.DISCOURAGED)

    assert "NotAllowedError" == demanded
    with pytest.raises(webauthn.helpers.exceptions.InvalidAuthenticationResponse):
        verify(lax, registered, bare_url)


@pytest_twisted.ensureDeferred
async def test_a_device_that_lies_is_seen_through(page: Page, bare_url: str) -> None:
    """A wrong signature and missing UV and UP bits are refused by the server's check."""
    device = await page.add_authenticator()
    await page.goto(bare_url)
    registered = await register(page, bare_url)

    for lie in ("is_bogus_signature", "is_bad_verification", "is_bad_presence"):
        await device.override_bits(**{lie: True})
        answer = await sign_in(page)
        with pytest.raises(webauthn.helpers.exceptions.InvalidAuthenticationResponse):
            verify(answer, registered, bare_url)


@pytest_twisted.ensureDeferred
async def test_a_counter_and_the_backup_bits_can_be_set(page: Page, bare_url: str) -> None:
    """The passkey on a device can be made to look like a clone or a flipped backup bit."""
    device = await page.add_authenticator(is_synced=True)
    await page.goto(bare_url)
    await register(page, bare_url)
    [credential] = await device.credentials()

    await device.set_credential(credential, sign_count=40, is_backed_up=False)

    [changed] = await device.credentials()
    assert (40, True, False) == tuple(
        changed[name] for name in ("signCount", "backupEligibility", "backupState")
    )
