"""A headless Chromium, and what the tests ask of a page."""
import os
import subprocess
import tempfile
import time
import unittest

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

REPOSITORY = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
AXE = os.path.join(REPOSITORY, ".cache", "axe", "axe.min.js")


def start():
    options = Options()
    # As root, and in containers, Chromium's sandbox and /dev/shm do not work. It opens only files of these tests.
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--hide-scrollbars", "--window-size=1400,1000",
                     "--disable-background-networking", "--no-first-run", "--force-prefers-reduced-motion"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    options.binary_location = subprocess.check_output(["which", "chromium"], text=True).strip()
    driver = subprocess.check_output(["which", "chromedriver"], text=True).strip()
    return webdriver.Chrome(service=Service(driver), options=options)


class PageTest(unittest.TestCase):
    """Pages are made in a folder that goes when the tests are done; one browser serves all tests of a class."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.browser = start()
        cls.made = 0

    @classmethod
    def tearDownClass(cls):
        cls.browser.quit()
        cls.folder.cleanup()

    def setUp(self):
        self.size(1400, 1000)
        self.media("light")

    # Making and opening

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def report(self, *arguments):
        """The path of the page that `ballast report ARGUMENTS` makes; None where the file cannot be read."""
        type(self).made += 1
        page = self.path(f"page{self.made}.html")
        done = subprocess.run([os.environ["BALLAST"], "report", *arguments, "-o", page, "--quiet"], stderr=subprocess.PIPE)
        return page if done.returncode == 0 else None

    def open(self, page):
        self.browser.get("file://" + page)
        ready = "return location.href.endsWith(arguments[0]) && document.documentElement.dataset.ready !== undefined"
        self.until(lambda: self.run_script(ready, os.path.basename(page)), "the page's script came to its end", 20)

    def show(self, *arguments):
        page = self.report(*arguments)
        self.assertIsNotNone(page)
        self.open(page)

    # Asking

    def run_script(self, script, *arguments):
        return self.browser.execute_script(script, *arguments)

    def console(self):
        """What the browser had to say against the page: errors, warnings, breaches of the policy."""
        # That a canvas is read is the tests' own doing.
        return [entry["message"] for entry in self.browser.get_log("browser") if "Multiple readback" not in entry["message"]]

    def find(self, selector):
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector):
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def texts(self, selector):
        return self.run_script("return [...document.querySelectorAll(arguments[0])].map((e) => e.textContent)", selector)

    def button(self, text, inside="body"):
        found = [b for b in self.all(f"{inside} button") if b.text == text]
        self.assertTrue(found, f"no button {text!r} in {inside}")
        return found[0]

    def rows(self):
        """The labels of the tree, as far as it is in view."""
        return self.texts("#tree-rows [role=treeitem] .label")

    def until(self, condition, what, seconds=5):
        end = time.time() + seconds
        while not condition():
            self.assertLess(time.time(), end, what)
            time.sleep(0.02)

    # Setting

    def size(self, width, height):
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                     {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})

    def media(self, scheme):
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia",
                                     {"features": [{"name": "prefers-color-scheme", "value": scheme},
                                                   {"name": "prefers-reduced-motion", "value": "reduce"}]})

    def screenshot(self, name):
        """The whole page."""
        height = self.run_script("return document.documentElement.scrollHeight")
        width = self.run_script("return window.innerWidth")
        self.size(width, min(height, 6000))
        self.browser.save_screenshot(os.path.join(os.environ["SCREENSHOTS"], name + ".png"))
        self.size(width, 1000)
