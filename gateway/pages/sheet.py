"""
One invitation on a sheet of paper, A4, in Japanese and English.

A page that stands alone: it is kept as a file, opened in any browser and printed, so its
style and its QR code are inside. Whoever holds the sheet can register in that person's name:
the sheet says so.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from importlib.resources import files

from babel.dates import format_date
from markupsafe import Markup

from gateway.pages.codes import qr_path
from gateway.pages.languages import Catalogue, Language, Languages
from gateway.pages.render import template_environment
from gateway.rules.records import Person


def invitation_sheet(
    languages: Languages,
    *,
    gateway_name: str,
    person: Person,
    link: str,
    expires: datetime,
) -> bytes:
    """
    The sheet for one invitation: an HTML page, UTF-8. It takes some 10 ms.

    Args:
        languages: both catalogues; the default one comes first on the sheet.
        gateway_name: what the company calls the gateway.
        person: who is invited.
        link: the whole address of the enrolment page.
        expires: in the time zone in which it is to be read.
    """
    first = languages.default
    second = Language.EN if first is Language.JA else Language.JA
    speakers = [languages.catalogue(each) for each in (first, second)]
    page = template_environment().get_template("invitation-sheet.html")
    text = page.render(
        style=Markup(_style()),  # noqa: S704  our own file
        gateway_name=gateway_name,
        person=person,
        link=link,
        qr=qr_path(link),
        sections=[(each.say, each.language, _moment(each, expires)) for each in speakers],
    )
    return text.encode("utf-8")


@cache
def _style() -> str:
    path = files("gateway") / "web" / "static" / "invitation-sheet.css"
    return path.read_text("utf-8")


def _moment(catalogue: Catalogue, expires: datetime) -> str:
    day = format_date(expires, format="long", locale=str(catalogue.language))
    zone = expires.tzname()
    return f"{day} {expires:%H:%M}" + (f" ({zone})" if zone else "")
