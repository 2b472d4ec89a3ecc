"""Text of every script has glyphs: a page in the image is no page of boxes."""
import asyncio

import pytest

from cdp import Cdp

# A sign that no font has, and never will: what it looks like is what a missing glyph looks like.
UNASSIGNED = "\u0378"
SCRIPTS = {
    "Latin": "Añßœ", "Greek": "Ωπ", "Cyrillic": "Жя", "Hebrew": "שא", "Arabic": "عرب", "Devanagari": "नह",
    "Bengali": "বক", "Gurmukhi": "ਪਜ", "Gujarati": "ગર", "Oriya": "ଓଡ", "Tamil": "தம", "Telugu": "తల", "Kannada": "ಕನ",
    "Malayalam": "മല", "Sinhala": "සහ", "Thai": "ไท", "Chinese, simplified": "汉简", "Chinese, traditional": "漢繁",
    "Japanese": "あア々", "Korean": "한글", "Georgian": "ქა", "Armenian": "Հայ", "Ethiopic": "አማ", "Khmer": "ខម",
    "Emoji": "😀🎉"}
# How a sign looks: its pixels, one after the other, and whether any is coloured.
DRAW = """(sign => {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 64;
  const context = canvas.getContext('2d');
  context.font = '40px sans-serif';
  context.fillText(sign, 8, 48);
  const pixels = context.getImageData(0, 0, 64, 64).data;
  let inked = 0, coloured = false;
  for (let at = 0; at < pixels.length; at += 4) {
    if (pixels[at + 3]) inked++;
    if (pixels[at] !== pixels[at + 1] || pixels[at] !== pixels[at + 2]) coloured = true;
  }
  return {pixels: pixels.join(), inked, coloured};
})(%r)"""


@pytest.fixture(scope="module", params=["headless-shell", "chromium"])
def drawn(stack, request):
    """{sign: how it looks} in one browser."""
    session = stack.create(browser=request.param)

    async def draw():
        async with Cdp(session["connect_url"]) as cdp:
            page, _ = await cdp.new_page()
            signs = {sign for signs in SCRIPTS.values() for sign in signs} | {UNASSIGNED}
            return {sign: await cdp.evaluate(DRAW % sign, page) for sign in signs}
    try:
        yield asyncio.run(draw())
    finally:
        stack.end(session["id"])


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_is_no_row_of_boxes(drawn, script):
    for sign in SCRIPTS[script]:
        assert drawn[sign]["inked"] > 0, f"U+{ord(sign):04X} is blank"
        assert drawn[sign]["pixels"] != drawn[UNASSIGNED]["pixels"], f"U+{ord(sign):04X} is a box"


def test_emoji_have_colours(drawn):
    assert all(drawn[sign]["coloured"] for sign in SCRIPTS["Emoji"])
