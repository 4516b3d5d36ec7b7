"""
Scripts that run before a page's own: they look over its shoulder, or play it false.

What they see outlives a reload: it is kept in the tab's session storage.
"""

from __future__ import annotations

import json
from typing import Any

from tests.instruments.page import Page

OPTIONS = """
for (const act of ['create', 'get']) {
    const real = navigator.credentials[act].bind(navigator.credentials);
    navigator.credentials[act] = (options) => {
        const seen = JSON.parse(sessionStorage.getItem('asked') ?? '[]');
        const {hints, userVerification, allowCredentials} = options.publicKey;
        seen.push({act, hints, userVerification, allowed: allowCredentials?.length,
                   mediation: options.mediation ?? 'modal'});
        sessionStorage.setItem('asked', JSON.stringify(seen));
        return real(options);
    };
}
"""
"""Writes down what the page asks the browser for."""

NO_VERIFICATION = """
const real = navigator.credentials.get.bind(navigator.credentials);
navigator.credentials.get = ({publicKey, ...rest}) =>
    real({...rest, publicKey: {...publicKey, userVerification: 'discouraged'}});
"""
"""Lets the page ask for a passkey without finger, face or PIN."""

CAPABILITIES = """
PublicKeyCredential.getClientCapabilities = async () => {
    window.wasAsked = true;
    return {hybridTransport: JSON.parse(new URLSearchParams(location.search).get('can'))};
};
"""
"""Says for the browser whether it can reach phones, as the address's `?can=` tells."""

ANSWERS = """
const real = window.fetch.bind(window);
window.fetch = (address, options) => {
    if (!String(address).endsWith('/verify')) return real(address, options);
    sessionStorage.setItem('answer', JSON.stringify({address, body: options.body}));
    return %s ? new Promise(() => {}) : real(address, options);
};
"""
"""Copies the device's answer on its way to the gateway; may keep it from getting there."""

SLOW_CHECK = """
const real = window.fetch.bind(window);
window.fetch = async (address, options) => {
    if (String(address).endsWith('/options'))
        sessionStorage.setItem('begun', Number(sessionStorage.getItem('begun')) + 1);
    if (String(address).endsWith('/verify'))
        await new Promise((go) => { window.letGo = go; });
    return real(address, options);
};
"""
"""Counts the ceremonies that the page begins, and holds an answer until `letGo()`."""

POST_ANSWER = """
async ({address, body}) => {
    const headers = {'Content-Type': 'application/json'};
    const response = await fetch(address, {method: 'POST', headers, body});
    return {status: response.status, error: (await response.json()).error ?? ''};
}
"""


def copying(*, stops: bool = False) -> str:
    """A script that copies the device's answer, and stops it if told."""
    return ANSWERS % json.dumps(stops)


async def asked(page: Page, *, count: int = 1) -> list[dict[str, Any]]:
    """Wait until the page has asked the browser so often, with `OPTIONS` in it; what for."""
    so_far = "JSON.parse(sessionStorage.getItem('asked') ?? '[]')"
    await page.wait_for(f"{so_far}.length >= {count}")
    requests: list[dict[str, Any]] = await page.evaluate(so_far)
    return requests


async def copied(page: Page) -> dict[str, str]:
    """The device's answer, with `copying()` in the page."""
    answer: dict[str, str] = json.loads(await page.wait_for("sessionStorage.getItem('answer')"))
    return answer


async def post(page: Page, answer: dict[str, str]) -> dict[str, Any]:
    """Send a copied answer from this page, with this browser's cookies."""
    told: dict[str, Any] = await page.call(POST_ANSWER, answer)
    return told


FAILING_GET = """
sessionStorage.failure ??= JSON.stringify({});
navigator.credentials.get = async ({mediation}) => {
    if (mediation === 'conditional') return new Promise(() => {});
    const {name, message, late_ms} = JSON.parse(sessionStorage.failure);
    const real = performance.now.bind(performance);
    if (late_ms) performance.now = () => real() + late_ms;
    throw new DOMException(message ?? '', name);
};
"""
"""Lets every dialog fail in the way that is written in the tab's `failure`."""

REFUSING_FETCH = """
sessionStorage.refusal ??= JSON.stringify({});
const askServer = window.fetch.bind(window);
window.fetch = async (address, options) => {
    const {status, body, is_gone} = JSON.parse(sessionStorage.refusal);
    if (is_gone) throw new TypeError('Failed to fetch');
    if (!status || !String(address).endsWith('/verify')) return askServer(address, options);
    return new Response(JSON.stringify(body), {status});
};
"""
"""Answers for the server, when a passkey is to be checked, what is in the tab's `refusal`."""

SIGNALS = """
PublicKeyCredential.signalUnknownCredential = async (told) =>
    sessionStorage.setItem('signal', JSON.stringify(told));
"""
"""Writes down which passkey the device is told to forget."""
