# SPDX-License-Identifier: Apache-2.0
"""The dashboard in a real Chromium without a window: typed, clicked, read. Needs Debian's chromium and chromium-driver, and selenium."""

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from mm_nav.ros.board import Board
from mm_nav.ros.dashboard import Dashboard

selenium = pytest.importorskip("selenium", reason="selenium is not installed; pip install 'mm_nav[dev]'")
BROWSER, DRIVER = shutil.which("chromium") or shutil.which("google-chrome"), shutil.which("chromedriver")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not BROWSER or not DRIVER, reason="no Chromium here; apt-get install chromium chromium-driver"),
]
PATIENCE_S = 30


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from selenium import webdriver
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service

    options = Options()
    options.binary_location = str(BROWSER)
    for word in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--window-size=1200,800"):
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(str(DRIVER)))
    yield driver
    driver.quit()


@pytest.fixture
def sent() -> list[dict[str, Any]]:
    return []


@pytest.fixture
def board() -> Board:
    made = Board(robot="/r1", simulated=True)
    made.about = {"bundle": "base", "backend": "ort", "rate_hz": "5.0"}
    made.sees({"camera/front": "", "lidar": "silent"}, "drive", 1)
    made.say("command", "<img src=x onerror=alert(1)>")
    made.told("fusion", 1, "slow")
    made.injected = {"lidar": ["ok", "off", "stuck"], "odom": ["ok", "wrong"]}
    made.spoiled = "lidar stuck"
    return made


@pytest.fixture
def page(browser: Any, board: Board, sent: list[dict[str, Any]]) -> Iterator[Any]:
    """The browser with the page open and its first state shown."""

    def take(value: dict[str, Any]) -> str:
        sent.append(value)
        return "not today" if value.get("text") == "refuse me" else ""

    server = Dashboard(0, board.snapshot, {"/command": take, "/switch": take, "/fault": take})
    browser.get(server.url)
    wait(browser, lambda: text(browser, "state") == "drive")
    yield browser
    browser.get("about:blank")
    server.close()


def wait(browser: Any, condition: Callable[[], object]) -> None:
    from selenium.webdriver.support.ui import WebDriverWait

    WebDriverWait(browser, PATIENCE_S, poll_frequency=0.05).until(lambda _: condition())


def text(browser: Any, id_: str) -> str:
    return str(browser.find_element("id", id_).text)


def reasons(browser: Any) -> list[list[str]]:
    """Text and title of each sensor's row, in one step: the page may make new rows at any time."""
    return list(browser.execute_script("return [...document.querySelectorAll('#sensors .why')].map((e) => [e.textContent, e.title])"))


def test_the_state_is_shown_and_a_hostile_text_is_only_a_text(page: Any) -> None:
    assert text(page, "robot") == "/r1"
    assert "base on ort, 5.0 Hz" in text(page, "about")
    assert "<img src=x onerror=alert(1)>" in text(page, "lines")
    assert page.find_elements("css selector", "#lines img") == []
    assert [e.text for e in page.find_elements("css selector", "#sensors .why")] == ["delivers", "silent"]
    assert "fusion: slow" in text(page, "faults")
    assert [entry for entry in page.get_log("browser") if entry["level"] == "SEVERE"] == []


def test_a_typed_order_is_sent_and_the_field_is_empty_again(page: Any, sent: list[dict[str, Any]]) -> None:
    field = page.find_element("id", "text")
    field.send_keys("go to the blue box\n")
    wait(page, lambda: sent and not field.get_attribute("value"))
    assert sent == [{"text": "go to the blue box"}]


def test_a_refusal_is_shown_and_the_text_stays(page: Any) -> None:
    field = page.find_element("id", "text")
    field.send_keys("refuse me\n")
    wait(page, lambda: text(page, "refused") == "not today")
    assert field.get_attribute("value") == "refuse me"


def test_stop_and_switches_are_buttons(page: Any, sent: list[dict[str, Any]]) -> None:
    page.find_element("id", "stop").click()
    for button in page.find_elements("css selector", "#sensors button"):
        button.click()
    wait(page, lambda: len(sent) == 3)
    assert {"text": "stop"} in sent
    assert {"sensor": "camera/front", "on": False} in sent
    assert {"sensor": "lidar", "on": True} in sent


def test_a_fault_is_chosen_from_a_list_that_shows_what_is_injected_now(page: Any, sent: list[dict[str, Any]]) -> None:
    from selenium.webdriver.support.ui import Select

    assert Select(page.find_element("id", "fault-lidar")).first_selected_option.text == "stuck"
    Select(page.find_element("id", "fault-odom")).select_by_value("wrong")
    wait(page, lambda: sent)
    assert sent == [{"source": "odom", "fault": "wrong"}]


def test_a_real_robot_has_neither_switches_nor_faults(page: Any, board: Board) -> None:
    assert page.find_element("id", "injector").is_displayed()
    board.simulated, board.injected = False, {}
    wait(page, lambda: not page.find_element("id", "injector").is_displayed())
    wait(page, lambda: not page.find_elements("css selector", "#sensors button"))
    assert len(page.find_elements("css selector", "#sensors li")) == 2


def test_a_long_reason_is_one_word_in_its_row_and_whole_when_pointed_at(page: Any, board: Board) -> None:
    board.sees({"camera/front": "", "lidar": "stuck: the same data for 22.6 s while the robot moved"}, "drive", 1)
    wait(page, lambda: reasons(page)[1] == ["stuck", "stuck: the same data while the robot moved"])


def test_a_switch_stays_under_the_finger_while_its_sensor_is_silent_for_longer(page: Any, board: Board) -> None:
    board.sees({"camera/front": "", "lidar": "silent for 1.0 s"}, "drive", 1)
    wait(page, lambda: reasons(page)[1] == ["silent", "silent"])
    switch = page.find_elements("css selector", "#sensors button")[1]
    board.sees({"camera/front": "", "lidar": "silent for 2.0 s"}, "search", 1)
    wait(page, lambda: text(page, "state") == "search")
    assert switch.is_displayed()  # a replaced one would be stale


def test_orders_and_diagnostics_are_in_sight_below_a_full_list_of_faults(page: Any, board: Board) -> None:
    size = {"width": 1400, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    board.sees(dict.fromkeys(("camera/front", "lidar", "radar"), ""), "drive", 1)
    board.injected = {source: ["ok", "intermittent"] for source in ("camera/front", "lidar", "radar", "odom", "clock")}
    for number in range(40):
        board.say("answer", f"answer {number}")
    wait(page, lambda: len(page.find_elements("css selector", "#injected li")) == 5 and "answer 39" in text(page, "lines"))
    boxes = {name: page.find_element("id", name).rect for name in ("lines", "faults")}
    page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert boxes["lines"]["y"] < 600
    assert boxes["lines"]["height"] > 150
    assert boxes["faults"]["y"] + boxes["faults"]["height"] <= 900


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_stand_out_from_their_ground_in_both_themes(page: Any, scheme: str) -> None:
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
    ratios = page.execute_script(CONTRAST, ["#state", "#speed", "h2", "#sensors .name", "#sensors .why", "#lines .who", "#faults li", "#injected label", "#injected label:not(.level2)", "#injected select", "#stop", "button[type=submit]"])
    assert min(ratios) >= 4.5, ratios  # WCAG 2.2 AA


def test_another_page_can_neither_show_nor_order_it(page: Any, sent: list[dict[str, Any]]) -> None:
    here = page.current_url
    page.get("data:text/html,<p>elsewhere</p>")
    script = "const done = arguments[1]; fetch(arguments[0], {method: 'POST', headers: {'Content-Type': 'application/json'}, body: '{\"text\": \"go\"}'}).then(() => done('sent'), () => done('blocked'))"
    assert page.execute_async_script(script, f"{here}command") == "blocked"
    assert sent == []


CONTRAST = """
const parse = (c) => c.match(/[\\d.]+/g).map(Number);
const light = ([r, g, b]) => [r, g, b].map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4).reduce((s, v, i) => s + v * [0.2126, 0.7152, 0.0722][i], 0);
const ground = (e) => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c; } return [255, 255, 255]; };
return arguments[0].map((q) => { const e = document.querySelector(q); const [a, b] = [light(parse(getComputedStyle(e).color)), light(ground(e))].sort((x, y) => y - x); return (a + 0.05) / (b + 0.05); });
"""
