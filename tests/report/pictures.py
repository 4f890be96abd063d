"""The pictures of docs/trust.md: tests/report/pictures.py BALLAST

Makes the page of a real checkpoint, opens it in a headless Chromium, and writes docs/pictures/*.png.
"""
import os
import subprocess
import sys
import tempfile
import time

from browser import REPOSITORY, start

CHECKPOINT = "tests/data/real/chgnet_0.2.0.pth.tar"
TENSOR = "model.state_dict.mlp.layers.0.weight"


def main():
    ballast = os.path.realpath(sys.argv[1])
    folder = os.path.join(REPOSITORY, "docs", "pictures")
    os.makedirs(folder, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        page = os.path.join(scratch, "chgnet.html")
        subprocess.run([ballast, "report", CHECKPOINT, "-o", page, "--quiet"], cwd=REPOSITORY, check=True)
        browser = start()
        try:
            browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": 1200, "height": 960, "deviceScaleFactor": 1, "mobile": False})
            browser.get("file://" + page)
            while not browser.execute_script("return document.documentElement.dataset.ready !== undefined"):
                time.sleep(0.05)
            browser.save_screenshot(os.path.join(folder, "report.png"))
            search = browser.find_element("css selector", "#search")
            search.send_keys(TENSOR)
            time.sleep(0.5)
            row = [r for r in browser.find_elements("css selector", "#tree-rows [role=treeitem]") if r.text.startswith("weight")][0]
            row.click()
            time.sleep(0.5)
            browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": 1200, "height": 3000, "deviceScaleFactor": 1, "mobile": False})
            browser.find_element("css selector", "#detail").screenshot(os.path.join(folder, "report_tensor.png"))
        finally:
            browser.quit()


main()
