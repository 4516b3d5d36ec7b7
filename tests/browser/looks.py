"""
What an eye would complain of in a page of ours: measured in the real browser.

Nothing is wider than the screen, no text is cut off or too pale, no target is too small to
be hit, and no sentence is in the other language.
"""

from __future__ import annotations

from tests.instruments.page import Page

LOOK = r"""
(language) => {
    const found = [];
    const shown = [...document.body.querySelectorAll('*')].filter(
        (each) => !each.closest('svg, .visually-hidden')
            && each.checkVisibility({visibilityProperty: true})
            && each.getBoundingClientRect().width);
    const name = (each) => `<${each.localName}${each.id && '#' + each.id}> `
        + `"${each.textContent.trim().slice(0, 30)}"`;
    const own = (each) => [...each.childNodes]
        .filter((node) => node.nodeType === Node.TEXT_NODE)
        .map((node) => node.data.trim()).join(' ').trim();

    // Wide and cut
    if (document.documentElement.scrollWidth > innerWidth) found.push('the page scrolls sideways');
    for (const each of shown) {
        const {left, right} = each.getBoundingClientRect();
        if (left < -1 || right > innerWidth + 1) found.push(`out of the screen: ${name(each)}`);
        if (each.localName === 'input') continue;  // what is in a field can be scrolled
        if (each.scrollWidth > each.clientWidth + 1 && each.clientWidth)
            found.push(`cut or spilling: ${name(each)}`);
    }

    // Contrast: WCAG 2.2, 1.4.3; what is inactive is excepted there
    const brush = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
    const over = (below, colour, strength = 1) => {
        brush.globalAlpha = 1; brush.fillStyle = `rgb(${below})`; brush.fillRect(0, 0, 1, 1);
        brush.globalAlpha = strength; brush.fillStyle = colour; brush.fillRect(0, 0, 1, 1);
        return [...brush.getImageData(0, 0, 1, 1).data.slice(0, 3)];
    };
    const paper = (each) => {
        const below = each.parentElement ? paper(each.parentElement) : [255, 255, 255];
        return over(below, getComputedStyle(each).backgroundColor);
    };
    const strength = (each) => Number(getComputedStyle(each).opacity)
        * (each.parentElement ? strength(each.parentElement) : 1);
    const light = (colour) => colour
        .map((part) => part / 255)
        .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
        .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
    for (const each of shown.filter(own)) {
        if (each.closest(':disabled, [aria-busy=true]')) continue;
        const style = getComputedStyle(each), below = paper(each);
        const pair = [light(below), light(over(below, style.color, strength(each)))];
        const size = parseFloat(style.fontSize);
        const wanted = size >= 24 || (size >= 18.66 && style.fontWeight >= 700) ? 3 : 4.5;
        const ratio = (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
        if (ratio < wanted) found.push(`pale (${ratio.toFixed(2)}): ${name(each)}`);
    }

    // Targets: WCAG 2.2, 2.5.8; links in a sentence are excepted there
    for (const each of shown.filter((one) => one.matches('button, summary, input, a.button'))) {
        const {width, height} = each.getBoundingClientRect();
        if (width < 24 || height < 24) found.push(`too small to hit: ${name(each)}`);
    }

    // Languages; names of people, places and devices are as they are
    if (document.documentElement.lang !== language) found.push(`lang is not ${language}`);
    const japanese = /[\u3040-\u30ff\u4e00-\u9fff]/, english = /[a-z]{2,} [a-z]{2,}/;
    for (const each of shown.filter(own)) {
        if (each.closest('.masthead, [lang]:not(html), .row-title')) continue;
        const spoken = own(each).replaceAll(/佐藤 花子|山田 次郎/g, '');
        const wrong = language === 'en' ? japanese : english;
        if (wrong.test(spoken)) found.push(`another language: ${name(each)}`);
    }
    return found;
}
"""


async def complaints(page: Page, language: str) -> list[str]:
    """All that is wrong with the looks of the page as it is shown now."""
    found: list[str] = await page.call(LOOK, language)
    return found
