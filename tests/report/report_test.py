"""The pages of `ballast report` as a reader meets them."""
import glob
import json
import os
import time

from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

import checkpoints
from browser import AXE, REPOSITORY, PageTest

COLOURS = """
  const canvas = document.querySelector("#detail canvas.map");
  const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  const seen = new Set();
  for (let i = 0; i < pixels.length; i += 4 * 97) seen.add(pixels[i] + "," + pixels[i + 1] + "," + pixels[i + 2]);
  return [...seen];
"""
PIXELS = """
  const canvas = document.querySelector("#detail canvas.map");
  const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  let sum = 7;
  for (let i = 0; i < pixels.length; ++i) sum = (sum * 31 + pixels[i]) % 1000003;
  return sum;
"""


class EveryCheckpoint(PageTest):
    def test_opens_without_an_error(self):
        folders = ["tests/data/checkpoints", "tests/data/real", "tests/data/hostile", "examples/checkpoints"]
        files = [f for folder in folders for f in sorted(glob.glob(os.path.join(REPOSITORY, folder, "**"), recursive=True))
                 if os.path.isfile(f) and not f.endswith((".json", ".md", ".txt", ".distcp", ".index.json"))]
        folders_of_one = sorted(os.path.dirname(f) for f in glob.glob(
            os.path.join(REPOSITORY, "tests/data/checkpoints/distributed/*/.metadata")))
        files += folders_of_one + sorted(glob.glob(os.path.join(REPOSITORY, "tests/data/checkpoints/**/*.index.json"), recursive=True))
        files += os.environ.get("ALSO", "").split()
        opened, unreadable, slowest = 0, 0, 0
        for file in files:
            page = self.report(file)
            if page is None:
                unreadable += 1
                continue
            with self.subTest(os.path.relpath(file, REPOSITORY)):
                start = time.time()
                self.open(page)
                slowest = max(slowest, time.time() - start)
                self.assertEqual(self.console(), [])
                self.assertNotIn("[object ", self.find("body").text)
                opened += 1
            os.remove(page)
        print(f"[ cases ] {opened} pages opened, the slowest in {slowest:.2f} s; {unreadable} files are no checkpoints", end=" ")
        self.assertGreater(opened, 200)


class Page(PageTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.model = os.path.join(cls.folder.name, "model.safetensors")
        cls.later = os.path.join(cls.folder.name, "later.safetensors")
        cls.hostile = os.path.join(cls.folder.name, "<b>hostile.safetensors")
        checkpoints.write(cls.model, checkpoints.small_model())
        checkpoints.write(cls.later, checkpoints.small_model(moved=0.02) + [("extra.bias", (2,), [1, 2])])
        checkpoints.write(cls.hostile, checkpoints.hostile_model())
        cls.shared = os.path.join(REPOSITORY, "tests/data/checkpoints/zip/shared_storage.pth")

    # What is there

    def test_says_what_the_file_is(self):
        self.show(self.model, "--title", "A <title>")
        self.assertEqual(self.find("h1").text, "A <title>")
        self.assertEqual(self.browser.title, "A <title>")
        facts = self.find("#facts").text
        for part in ("safetensors", "1,872", "float32", "SHA-256", self.model):
            self.assertIn(part, facts)
        self.assertEqual(self.console(), [])

    def test_findings_stand_on_top_and_lead_to_their_tensor(self):
        self.show(self.model)
        sections = self.texts("main h2")
        self.assertEqual(sections[0], "Findings")
        self.assertIn("1 of 384 values is NaN", self.find("#findings").text)
        self.find("#findings button.name").click()
        self.assertEqual(self.find("#detail h3").text, "encoder.layers.1.weight")
        self.assertEqual(self.run_script("return document.activeElement.tagName"), "H3")
        self.assertIn("1 cell with NaN or infinities is crossed", self.find("#detail").text)
        self.screenshot("findings")

    def test_findings_about_several_tensors_lead_to_each(self):
        file = self.path("copies.safetensors")
        values = checkpoints.weights((16, 16), 5)
        checkpoints.write(file, [(f"copy.{i}.weight", (16, 16), values) for i in range(3)])
        self.show(file)
        self.assertIn("(and 2 others)", self.find("#findings").text)
        self.assertIn("not tied. With copy.1.weight, copy.2.weight", self.find("#detail .findings").text)
        self.button("copy.2.weight", "#detail .findings").click()
        self.assertEqual(self.find("#detail h3").text, "copy.2.weight")
        self.assertIn("With copy.0.weight, copy.1.weight", self.find("#detail .findings").text)

    def test_fetches_nothing(self):
        self.show(self.model)
        self.assertEqual(self.run_script("return performance.getEntriesByType('resource').length"), 0)

    def test_keeps_the_licence_of_d3(self):
        self.show(self.model)
        self.assertIn("Copyright 2010-2022 Mike Bostock", self.texts("footer pre")[0])

    # Safety

    def test_hostile_names_are_text(self):
        self.show(self.hostile)
        self.run_script("document.getElementById('unfold').click()")
        self.assertEqual(self.console(), [])
        self.assertIsNone(self.run_script("return window.hit"))
        self.assertEqual(self.run_script("return document.querySelectorAll('script').length"), 3)
        self.assertEqual(self.run_script("return document.querySelectorAll('img, iframe, object, embed, base').length"), 0)
        names = self.run_script("return JSON.parse(document.getElementById('data').textContent).tensors.name")
        self.assertEqual(len(names), len(checkpoints.HOSTILE))
        self.assertIn(checkpoints.HOSTILE[0], names)
        # Everything in the tree shown, one after the other.
        shown = self.run_script("""
          const tree = document.getElementById("tree-rows");
          const press = (key) => tree.dispatchEvent(new KeyboardEvent("keydown", {key}));
          const titles = new Set();
          press("Home");
          for (let i = 0; i < 400; ++i) {
            press("Enter");
            titles.add(document.querySelector("#detail h3").textContent);
            press("ArrowDown");
          }
          document.querySelectorAll("#legend .name").forEach((button) => button.isConnected && button.click());
          return [...titles];""")
        self.assertIn(checkpoints.HOSTILE[0], shown)
        self.assertIn("__proto__.constructor.prototype", shown)
        self.assertGreater(len(shown), 200)
        text = self.find("body").text
        for mark in "\u202e\u2066\u2028\x1b":
            self.assertNotIn(mark, text)
        self.assertIn("rtl\\u202e\\u2066gnp", self.run_script("return document.getElementById('data').textContent").replace("\\\\", "\\"))
        self.assertIsNone(self.run_script("return window.hit"))
        self.assertEqual(self.console(), [])
        self.screenshot("hostile")

    def test_the_policy_stops_what_would_run_all_the_same(self):
        page = self.report(self.model)
        with open(page, encoding="utf-8") as file:
            text = file.read()
        attack = ("<script>window.hit = 1</script><img src=x onerror='window.hit = 2'><p style='color: red'>x</p>"
                  "<link rel=stylesheet href='file:///tmp/x.css'></main>")
        with open(page, "w", encoding="utf-8") as file:
            file.write(text.replace("</main>", attack))
        self.open(page)
        self.assertIsNone(self.run_script("return window.hit"))
        console = " ".join(self.console())
        for directive in ("script-src", "style-src", "img-src"):
            self.assertIn(directive, console)

    # The tree

    def test_search_narrows(self):
        self.show(self.model)
        search = self.find("#search")
        search.send_keys("bias")
        self.assertEqual(self.find("#matches").text, "4 of 9 tensors")
        self.assertEqual(self.rows(), ["encoder", "layers", "0", "bias", "1", "bias", "2", "bias", "3", "bias"])
        search.send_keys(" layers.2")
        self.assertEqual(self.rows(), ["encoder", "layers", "2", "bias"])
        search.clear()
        search.send_keys("*.1.*weight")
        self.assertEqual(self.find("#matches").text, "1 of 9 tensors")
        search.clear()
        search.send_keys("nothing like it")
        self.assertEqual(self.rows(), [])
        self.assertEqual(self.find("#matches").text, "0 of 9 tensors")
        search.clear()
        search.send_keys(Keys.SPACE)
        self.assertEqual(self.find("#matches").text, "9 tensors")
        self.run_script("const s = document.getElementById('only'); s.value = 'with findings'; s.dispatchEvent(new Event('change'))")
        self.assertEqual(self.find("#matches").text, "1 of 9 tensors")
        self.assertEqual(self.console(), [])

    def test_folds_by_mouse(self):
        self.show(self.model)
        self.button("Fold all").click()
        self.assertEqual(self.rows(), ["encoder", "head"])
        self.all("#tree-rows .twist")[0].click()
        self.assertEqual(self.rows(), ["encoder", "layers", "head"])
        self.all("#tree-rows .twist")[0].click()
        self.assertEqual(self.rows(), ["encoder", "head"])
        self.button("Unfold all").click()
        self.assertEqual(len(self.rows()), 4 * 3 + 4)

    def test_folds_by_keyboard(self):
        self.show(self.model)
        self.button("Fold all").click()
        tree = self.find("#tree-rows")
        tree.send_keys(Keys.HOME)
        active = lambda: self.run_script("return document.getElementById(document.getElementById('tree-rows')"
                                         ".getAttribute('aria-activedescendant')).querySelector('.label').textContent")
        self.assertEqual(active(), "encoder")
        tree.send_keys(Keys.ARROW_RIGHT)
        self.assertEqual(self.rows(), ["encoder", "layers", "head"])
        tree.send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
        self.assertEqual(self.rows(), ["encoder", "layers", "0", "1", "2", "3", "head"])
        tree.send_keys(Keys.END)
        self.assertEqual(active(), "head")
        tree.send_keys(Keys.ARROW_UP, Keys.ARROW_LEFT)
        self.assertEqual(active(), "layers")
        tree.send_keys(Keys.ARROW_LEFT, Keys.ARROW_LEFT, Keys.ARROW_LEFT)
        self.assertEqual(self.rows(), ["encoder", "head"])
        tree.send_keys(Keys.END, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ENTER)
        self.assertEqual(self.find("#detail h3").text, "head.weight")
        item = self.find("#tree-rows [aria-selected=true]")
        self.assertEqual(item.get_attribute("aria-level"), "2")
        self.assertIn("float32 [10, 24], 240 parameters", item.get_attribute("aria-label"))

    def test_everything_is_reached_by_tab(self):
        self.show(self.model)
        reached = set()
        body = self.find("body")
        for _ in range(60):
            ActionChains(self.browser).send_keys(Keys.TAB).perform()
            reached.add(self.run_script("const e = document.activeElement; return e.id || e.className || e.textContent"))
        for wanted in ("skip", "theme", "search", "only", "tree-rows", "map", "name"):
            self.assertIn(wanted, reached)
        self.assertIsNotNone(body)

    # A tensor

    def test_click_opens_a_tensor_with_its_pictures(self):
        self.show(self.model)
        self.button("Unfold all").click()
        [row] = [r for r in self.all("#tree-rows .row") if r.get_attribute("title") == "head.weight"]
        row.click()
        detail = self.find("#detail")
        self.assertEqual(self.find("#detail h3").text, "head.weight")
        for part in ("float32 [10, 24], 240 parameters", "Histogram", "Heat map", "standard deviation", "10 x 24 values as 10 x 24 cells",
                     "Each cell is one value"):
            self.assertIn(part, detail.text)
        self.assertEqual(len(self.all("#detail svg.histogram .bars rect")), 64)
        heights = self.run_script("return [...document.querySelectorAll('#detail .bars rect')].map((r) => Number(r.getAttribute('height')))")
        self.assertGreater(len(set(heights)), 5)
        self.assertGreater(len(self.run_script(COLOURS)), 20)
        self.assertIn("64 bins from", self.find("#detail svg.histogram").get_attribute("aria-label"))
        # Bars are counts: the sum of the data is the number of values.
        self.assertEqual(self.run_script("const d = JSON.parse(document.getElementById('data').textContent);"
                                         "return d3.sum(d.histograms[d.tensors.look[d.tensors.name.indexOf('head.weight')]])"), 240)

    def test_histogram_on_a_logarithmic_scale(self):
        self.show(self.model)
        heights = "return [...document.querySelectorAll('#detail .bars rect')].map((r) => r.getAttribute('height')).join()"
        before = self.run_script(heights)
        button = self.button("logarithmic", "#detail")
        button.click()
        self.assertEqual(button.get_attribute("aria-pressed"), "true")
        self.assertNotEqual(self.run_script(heights), before)
        button.click()
        self.assertEqual(self.run_script(heights), before)

    def test_heat_map_zooms_by_button_key_and_wheel(self):
        self.show(self.model)
        whole = self.run_script(PIXELS)
        self.find("#detail [aria-label='Zoom in']").click()
        near = self.run_script(PIXELS)
        self.assertNotEqual(near, whole)
        self.find("#detail [aria-label='Zoom out']").click()
        self.button("whole", "#detail").click()
        self.assertEqual(self.run_script(PIXELS), whole)
        canvas = self.find("#detail canvas.map")
        canvas.send_keys("+")
        self.assertEqual(self.run_script(PIXELS), near)
        canvas.send_keys(Keys.ARROW_RIGHT)
        self.assertNotEqual(self.run_script(PIXELS), near)
        canvas.send_keys("0")
        self.assertEqual(self.run_script(PIXELS), whole)
        wheel = ("const c = document.querySelector('#detail canvas.map'); const b = c.getBoundingClientRect();"
                 "c.dispatchEvent(new WheelEvent('wheel', {deltaY: -300, clientX: b.left + 50, clientY: b.top + 20, bubbles: true,"
                 "cancelable: true, view: window}))")
        self.run_script(wheel)
        self.assertNotEqual(self.run_script(PIXELS), whole)
        self.button("whole", "#detail").click()
        # Where the map was not chosen, the wheel scrolls the page.
        self.run_script("document.activeElement.blur();" + wheel)
        self.assertEqual(self.run_script(PIXELS), whole)
        self.assertEqual(self.console(), [])

    def test_cells_say_what_they_cover(self):
        large = self.path("large.safetensors")
        values = checkpoints.weights((300, 400), 1)
        values[0] = 25
        checkpoints.write(large, [("w.weight", (300, 400), values)])
        self.show(large)
        self.assertIn("300 x 400 values as 100 x 100 cells. Each cell covers 3 x 4 values.", self.find("#detail").text)
        mean = self.run_script(PIXELS)
        self.button("farthest from zero", "#detail").click()
        self.assertNotEqual(self.run_script(PIXELS), mean)
        canvas = self.find("#detail canvas.map")
        size = canvas.size
        ActionChains(self.browser).move_to_element_with_offset(canvas, 2 - size["width"] // 2, 2 - size["height"] // 2).perform()
        said = self.find("#tip").text
        self.assertRegex(said, r"^row 0–2, column 0–3: mean about 2\.\d+, farthest from zero about 25$")
        self.screenshot("heat_map")

    def test_sharing_is_drawn(self):
        self.show(self.shared)
        self.run_script("document.getElementById('unfold').click()")
        self.assertIn("#1", self.texts("#tree-rows .badge.shared"))
        [row] = [r for r in self.all("#tree-rows .row") if r.get_attribute("title") == "c.part"]
        row.click()
        figure = self.find("#detail .sharing")
        self.assertEqual(len(figure.find_elements("css selector", "svg")), 4)
        parts = self.run_script("return [...document.querySelectorAll('#detail .sharing .part')].map((r) => Number(r.getAttribute('width')))")
        self.assertEqual(sorted(parts), [500, 1000, 1000, 1000])
        self.button("a.weight", "#detail .sharing").click()
        self.assertEqual(self.find("#detail h3").text, "a.weight")
        self.assertTrue(self.run_script("return document.querySelectorAll('#treemap [fill=\"url(#hatch)\"]').length"))
        self.screenshot("sharing")

    # The treemap

    def test_treemap_goes_into_a_module_and_back(self):
        self.show(self.model)
        self.assertGreater(len(self.all("#treemap rect.tile")), 4)
        self.assertIn("Treemap of 1,872 parameters", self.find("#treemap svg").get_attribute("aria-label"))
        self.button("encoder", "#legend").click()
        self.assertEqual(self.texts("#crumbs button"), ["whole file", "encoder"])
        self.assertEqual(self.texts("#legend tbody button"), ["0", "1", "2", "3"])
        areas = self.run_script("return [...document.querySelectorAll('#treemap rect.tile')].map((r) => r.getAttribute('width') * r.getAttribute('height'))")
        self.assertEqual(len(areas), 8)
        self.assertGreater(max(areas), 10 * min(areas))
        self.button("whole file", "#crumbs").click()
        ActionChains(self.browser).move_to_element(self.all("#treemap rect.tile")[0]).perform()
        self.assertRegex(self.find("#tip").text, r"^encoder\.layers\.\d\.weight: 384 parameters, 20\.5%, \[24, 16\]$")
        self.all("#treemap rect.tile")[0].click()
        self.assertEqual(self.texts("#crumbs button"), ["whole file", "encoder"])
        self.assertEqual(self.console(), [])

    # Two files

    def test_changes_are_sorted_by_how_much(self):
        self.show(self.model, self.later)
        text = self.find("#changes").text
        self.assertIn("4 of 9 tensors changed", text)
        self.assertIn("1 added", text)
        self.assertEqual(self.texts("#layers tbody button"), [f"encoder.layers.{i}" for i in (1, 3, 2, 0)])
        relative = self.run_script("return [...document.querySelectorAll('#pairs tbody tr')].map((r) => Number(r.dataset.relative))")
        names = self.texts("#pairs tbody button")
        self.assertEqual(names, [f"encoder.layers.{i}.weight" for i in (1, 3, 2, 0)])  # that with a NaN first
        self.assertEqual(relative[1:], sorted(relative[1:], reverse=True))
        self.assertGreater(relative[3], 0)
        self.all("#pairs tbody button")[1].click()
        self.assertEqual(self.find("#detail h3").text, "encoder.layers.3.weight")
        self.assertIn("Moved by", self.find("#detail").text)
        self.all("#layers tbody button")[2].click()
        self.assertEqual(self.find("#detail h3").text, "encoder.layers.2")
        self.assertEqual(len(self.texts("header h2")), 2)
        self.assertEqual(self.console(), [])
        self.screenshot("two_files")

    # Looks

    def test_themes(self):
        self.show(self.model)
        ground = lambda: self.run_script("return getComputedStyle(document.body).backgroundColor")
        light = ground()
        self.find("#theme").click()
        self.assertNotEqual(ground(), light)
        self.screenshot("dark")
        self.find("#theme").click()
        self.assertEqual(ground(), light)
        self.media("dark")
        self.open(self.report(self.model))
        self.assertNotEqual(ground(), light)

    def test_fits_a_narrow_window(self):
        self.size(390, 800)
        self.show(self.model, self.later)
        self.assertLessEqual(self.run_script("return document.documentElement.scrollWidth"), 390)
        self.screenshot("narrow")

    def test_axe_finds_nothing_serious(self):
        if not os.path.exists(AXE):
            print("without axe: scripts/install-dependencies.sh --report installs it", end=" ")
            self.skipTest("axe-core not there")
        with open(AXE, encoding="utf-8") as file:
            axe = file.read()
        empty = os.path.join(REPOSITORY, "tests/data/checkpoints/safetensors/no_tensors.safetensors")
        pages = [self.report(self.model), self.report(self.model, self.later), self.report(self.shared), self.report(self.hostile),
                 self.report(empty)]
        looked = 0
        for scheme in ("light", "dark"):
            self.media(scheme)
            for page in pages:
                with self.subTest(scheme=scheme, page=page):
                    self.open(page)
                    self.run_script("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
                    self.run_script(axe)
                    found = self.browser.execute_async_script("axe.run().then(arguments[0])")
                    serious = [(v["id"], v["impact"], [n["html"][:200] for n in v["nodes"][:3]]) for v in found["violations"]
                               if v["impact"] in ("serious", "critical")]
                    self.assertEqual(serious, [], json.dumps(serious, indent=1))
                    self.assertGreater(len(found["passes"]), 15)
                    looked += 1
        print(f"[ cases ] {looked} looks with axe {found['testEngine']['version']}", end=" ")

    # Size and speed

    def test_two_thousand_tensors_open_at_once(self):
        file = self.path("many.safetensors")
        checkpoints.write(file, checkpoints.many_tensors(2000))
        page = self.report(file)
        size = os.path.getsize(page)
        self.assertLess(size, 5 << 20)
        self.assertGreater(size, 3 << 20)
        times = []
        for _ in range(3):
            self.open(page)
            times.append(self.run_script("return performance.getEntriesByType('navigation')[0].loadEventEnd"))
        print(f"[ speed ] {size:,} bytes open in {min(times):.0f} ms", end=" ")
        self.assertLess(min(times), 5000)
        self.assertEqual(self.find("#matches").text, "2,000 tensors")
        self.assertLess(len(self.all("#tree-rows .row")), 80)
        self.find("#search").send_keys("blocks.77.")
        self.assertEqual(self.find("#matches").text, "20 of 2,000 tensors")
        self.assertEqual(self.console(), [])
        self.screenshot("many")

    def test_twenty_thousand_tensors_open_too(self):
        file = self.path("very_many.safetensors")
        checkpoints.write(file, checkpoints.many_tensors(20_000, (8, 8)))
        page = self.report(file)
        self.assertLess(os.path.getsize(page), 5 << 20)
        self.open(page)
        print(f"[ speed ] {os.path.getsize(page):,} bytes open in "
              f"{self.run_script('return performance.getEntriesByType(`navigation`)[0].loadEventEnd'):.0f} ms", end=" ")
        self.button("Unfold all").click()
        self.find("#tree-rows").send_keys(Keys.END)
        self.until(lambda: "weight" in self.rows(), "the last row came into view")
        self.assertLess(len(self.all("#tree-rows .row")), 80)
        self.assertEqual(self.console(), [])
