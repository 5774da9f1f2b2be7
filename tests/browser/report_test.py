#!/usr/bin/env python3
"""The report's page in a real browser: what it shows, that it asks for nothing, that it fits a phone and a sheet of paper.

usage: tests/browser/report_test.py --assay PROGRAM --pages PROGRAM

Where there is no Chromium this is a skip (77) that says so, and in CI (CI=true) a failure: scripts/setup --dev installs
one on Debian; on Ubuntu 24.04 it is a snap, or $ASSAY_BROWSER names a browser.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from chrome import Browser, find_browser

ROOT = Path(__file__).resolve().parent.parent.parent
H100 = ROOT / "docs/results/h100/all-gates"
PHONE, DESK, SHEET = 390, 1280, 703  # CSS pixels; the last is the printable width of A4 with the page's margins.

# Elements with text of their own whose colour and background are less than 4.5 : 1 apart (WCAG 2.1, AA). What is behind an
# element is the nearest ancestor that is painted; large text and hidden text are left out.
FAINT_TEXT = """(() => {
  const channels = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = (text) => { const [r, g, b] = channels(text).slice(0, 3).map((v) => v / 255)
      .map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const painted = (style) => { const c = channels(style.backgroundColor); return c.length === 3 || c[3] > 0; };
  const faint = new Set();
  for (const element of document.querySelectorAll('body *')) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!own || element.closest('script, .watermark, title, desc') || !element.getClientRects().length) continue;
    const style = getComputedStyle(element);
    const ink = element.namespaceURI.endsWith('svg') ? style.fill : style.color;
    let behind = element;
    while (behind && !painted(getComputedStyle(behind))) behind = behind.parentElement;
    const inPoint = element.closest('.point');
    const ground = inPoint ? getComputedStyle(inPoint.querySelector('circle')).fill
                           : behind ? getComputedStyle(behind).backgroundColor : 'rgb(255, 255, 255)';
    const [a, b] = [light(ink), light(ground)].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) faint.add(`${element.tagName}.${element.getAttribute('class')} ${ink} on ${ground}: ${ratio.toFixed(2)}`);
  }
  return [...faint];
})()"""
OUTSIDE = """[...document.querySelectorAll('body *')].filter((e) => !e.closest('.scroll, nav, figure, .watermark') &&
  e.getBoundingClientRect().right > document.documentElement.clientWidth + 1).map((e) => e.outerHTML.slice(0, 120))"""
CLIPPED = """[...document.querySelectorAll('.scroll')].filter((e) => e.scrollWidth > e.clientWidth + 1)
  .map((e) => e.getAttribute('aria-label') + ': ' + e.scrollWidth + ' in ' + e.clientWidth)"""
BAD_PAGE = """<!doctype html><title>bad</title><img src="http://assay.invalid/a.png">
<script>undefined_function()</script><p style="width: 900px">wide</p><p style="color: #bbb">faint</p>"""


class PageTest(unittest.TestCase):
    assay = pages = ""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="assay-report-")
        path = Path(cls.folder.name)
        subprocess.run([cls.assay, "publish", str(H100), "--out", str(path)], check=True, stdout=subprocess.DEVNULL)
        subprocess.run([cls.pages, str(path)], check=True)
        (path / "bad.html").write_text(BAD_PAGE, encoding="utf-8")
        cls.report = json.loads((path / "report.json").read_text(encoding="utf-8"))
        cls.browser = Browser(find_browser())

    @classmethod
    def tearDownClass(cls):
        cls.browser.close()
        cls.folder.cleanup()

    def show(self, name="report.html", width=DESK, **screen):
        self.browser.call("Emulation.setEmulatedMedia", media="")
        self.browser.screen(width, phone=width == PHONE, **screen)
        self.browser.open(Path(self.folder.name, name).as_uri())

    def value(self, expression):
        return self.browser.evaluate(expression)

    def count(self, selector):
        return self.value(f"document.querySelectorAll({json.dumps(selector)}).length")

    def width_of_page(self):
        return self.value("document.documentElement.scrollWidth")

    def test_shows_the_ladder_the_matrix_and_the_claims(self):
        self.show()
        gates = len(self.report["gates"])
        self.assertEqual(self.count("svg.ladder .gate"), gates)
        self.assertEqual(self.count("svg.ladder .rung"), 6 * gates)
        self.assertEqual(self.count("table.gates tbody tr"), gates)
        self.assertEqual(self.count("table.matrix tbody tr"), len(self.report["matrix"]["rows"]))
        self.assertEqual(self.count("table.matrix tbody td"),
                         len(self.report["matrix"]["rows"]) * len(self.report["matrix"]["targets"]))
        self.assertEqual(self.count(".claims > li"), len(self.report["judgement"]["claims"]))
        self.assertEqual(self.count("table.refused tbody tr"), len(self.report["judgement"]["refused"]))
        box = self.value("(({width, height}) => [width, height])(document.querySelector('svg.ladder').getBoundingClientRect())")
        self.assertGreater(min(box), 300, "the ladder is drawn")

    def test_holds_the_report_for_machines(self):
        self.show()
        self.assertEqual(json.loads(self.value("document.getElementById('report-json').textContent")), self.report)

    def test_is_quiet(self):
        for name in ("report.html", "emulated.html", "timed.html", "hostile.html"):
            with self.subTest(name):
                self.show(name)
                self.assertEqual(self.browser.requests(), [])
                self.assertEqual(self.browser.complaints(), [])

    def test_a_page_that_is_not_quiet_is_heard(self):
        self.show("bad.html")
        self.assertEqual(self.browser.requests(), ["http://assay.invalid/a.png"])
        self.assertTrue(any("undefined_function" in line for line in self.browser.complaints()))

    def test_the_policy_stops_what_got_in_nevertheless(self):
        self.show()
        self.value("document.body.append(Object.assign(new Image(), {src: 'http://assay.invalid/a.png'}))")
        self.value("document.body.append(Object.assign(document.createElement('script'), {text: 'window.ran = 1'}))")
        self.assertIsNone(self.value("window.ran"))
        self.assertTrue(any("Content Security Policy" in line for line in self.browser.complaints()))

    def test_fits_a_phone(self):
        for name in ("report.html", "emulated.html", "timed.html", "hostile.html"):
            with self.subTest(name):
                self.show(name, PHONE)
                self.assertEqual(self.width_of_page(), PHONE)
                self.assertEqual(self.value(OUTSIDE), [])
        self.show(width=PHONE)
        self.assertTrue(self.value("(e => e.scrollWidth > e.clientWidth)(document.querySelector('.matrix').parentElement)"),
                        "the matrix scrolls by itself")
        self.value("document.querySelector('.matrix').parentElement.scrollLeft = 300")
        self.assertGreaterEqual(self.value("document.querySelector('.matrix tbody th').getBoundingClientRect().left"), 0,
                                "its first column stays")
        self.show("bad.html", PHONE)
        self.assertGreater(self.width_of_page(), PHONE, "a page that is too wide is seen")

    def test_is_light_or_dark_and_legible_in_both(self):
        grounds = []
        for dark in (False, True):
            for name in ("report.html", "emulated.html", "timed.html"):
                self.show(name, dark=dark)
                self.value("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
                self.assertEqual(self.value(FAINT_TEXT), [], f"{name}, dark: {dark}")
            grounds.append(self.value("getComputedStyle(document.body).backgroundColor"))
        self.assertNotEqual(*grounds)
        self.show("bad.html")
        self.assertEqual(len(self.value(FAINT_TEXT)), 1, "text that is too faint is seen")

    def test_prints_whole_and_on_white(self):
        self.show(width=SHEET, dark=True)
        self.browser.call("Emulation.setEmulatedMedia", media="print",
                          features=[{"name": "prefers-color-scheme", "value": "dark"}])
        self.assertEqual(self.value("getComputedStyle(document.body).backgroundColor"), "rgb(255, 255, 255)")
        self.assertEqual(self.value(CLIPPED), [])
        self.assertEqual(self.width_of_page(), SHEET)
        self.assertEqual(self.value("getComputedStyle(document.querySelector('#supported details'), '::details-content')"
                                    ".contentVisibility"), "visible")
        self.browser.call("Emulation.setEmulatedMedia", media="")
        pdf = self.browser.pdf()
        self.assertTrue(pdf.startswith(b"%PDF-"))
        self.assertGreater(pdf.count(b"/Type /Page\n") + pdf.count(b"/Type /Page "), 5)

    def test_an_emulated_run_is_marked_on_every_screen_and_sheet(self):
        for media in ("screen", "print"):
            self.show("emulated.html", SHEET)
            self.browser.call("Emulation.setEmulatedMedia", media=media)
            mark = "document.querySelector('.watermark')"
            self.assertEqual(self.value(f"getComputedStyle({mark}).position"), "fixed")
            self.assertEqual(self.value(f"{mark}.textContent.match(/EMULATED/g).length"), 3)
            self.assertGreater(self.value(f"{mark}.getBoundingClientRect().height"), 100)
        self.assertIn("EMULATED", self.value("document.title"))
        self.assertIn("EMULATED", self.value("document.querySelector('.banner').textContent"))
        self.assertEqual(self.count(".claims"), 0)
        self.show()
        self.assertEqual(self.count(".watermark"), 0)

    def test_a_device_cannot_bring_markup(self):
        self.show("hostile.html")
        self.assertEqual(self.count("script"), 1)
        self.assertIn("<script>alert(1)</script>", self.value("document.querySelector('h1').textContent"))

    def test_draws_the_roof_where_kernels_were_timed(self):
        self.show("timed.html")
        self.assertEqual(self.count("svg.roofline .point"), 1)
        self.assertEqual(self.count("table.kernels tbody tr"), 2)
        self.show()
        self.assertEqual(self.count("svg.roofline"), 0)
        self.assertIn("No kernel is on record", self.value("document.getElementById('kernels').textContent"))

    def test_can_be_walked_and_heard(self):
        self.show()
        for landmark in ("header", "nav[aria-label]", "main", "footer", "h1"):
            self.assertEqual(self.count(landmark), 1, landmark)
        self.assertEqual(self.value("[...document.querySelectorAll('nav a')].filter((a) => !document.getElementById("
                                    "a.hash.slice(1))).length"), 0)
        self.assertEqual(self.value("[...document.querySelectorAll('table')].filter((t) => !t.caption || "
                                    "t.querySelector('th:not([scope])')).length"), 0)
        self.assertEqual(self.value("[...document.querySelectorAll('svg[role=img]')].filter((s) => "
                                    "!s.querySelector('title') || !s.querySelector('desc')).length"), 0)
        self.assertEqual(self.value("(ids => ids.length - new Set(ids).size)([...document.querySelectorAll('[id]')]"
                                    ".map((e) => e.id))"), 0, "an id is there twice")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--assay", required=True)
    parser.add_argument("--pages", required=True)
    parser.add_argument("tests", nargs="*")
    arguments = parser.parse_args()
    if find_browser() is None:
        print("SKIPPED: no Chromium on this machine, so nobody has looked at the report's page.\n"
              "  Debian: apt-get install chromium. Elsewhere: ASSAY_BROWSER=/path/to/chrome.", file=sys.stderr)
        return 1 if os.environ.get("CI") == "true" else 77
    PageTest.assay, PageTest.pages = arguments.assay, arguments.pages
    result = unittest.main(argv=[sys.argv[0], *arguments.tests], exit=False, verbosity=2).result
    return 0 if result.wasSuccessful() and result.testsRun > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
