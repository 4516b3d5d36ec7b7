"""How a refusal or an accident is told, on a page and as data."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from gateway.errors import Reason
from gateway.pages.languages import Language
from gateway.pages.render import STATUS
from tests.instruments.house import House
from tests.pages.test_assets import VISIT


@pytest.mark.parametrize("reason", Reason)
@pytest.mark.parametrize("language", Language)
def test_every_reason_is_told(reason: Reason, language: Language) -> None:
    """Each reason has its status, its sentence, and its code for scripts and tests."""
    pages = House().pages
    visit = replace(VISIT, language=language)

    told = pages.refusal(visit, reason)
    page = pages.refusal(replace(visit, wants_page=True), reason)

    value = json.loads(told.body)
    sentence = pages.languages.catalogue(language).say(f"refused.{reason}")
    assert (STATUS[reason], reason, sentence) == (told.status, value["error"], value["message"])
    assert told.status == page.status
    assert f'data-code="{reason}"' in page.body.decode()
    assert 400 <= told.status < 500


def test_every_reason_has_a_status() -> None:
    """No refusal goes out without a status of its own."""
    assert set(Reason) == set(STATUS)


def test_an_incident_has_a_number_that_can_be_read_out() -> None:
    """A person who telephones the administrator has eight digits to say."""
    pages = House().pages
    incident = pages.new_incident()

    page = pages.trouble(
        replace(VISIT, wants_page=True),
        "trouble.internal",
        status=500,
        code="internal",
        incident=incident,
    )

    assert 9 == len(incident)
    assert f'<code id="incident">{incident}</code>' in page.body.decode()
