"""The page in a real browser: it says what the files say, asks no host for anything, and works by keyboard alone."""

import base64
import io
import json
import re
import shutil

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from selenium import webdriver
from selenium.webdriver.common.actions.action_builder import ActionBuilder
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

import explored_run

BROWSERS, DRIVER = ("chromium", "chromium-browser", "google-chrome"), "chromedriver"
QUIET = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--window-size=1280,720")  # fmt: skip
# seconds that a machine full of other work may take for a click
PATIENCE = 120


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """A headless Chromium that keeps what pages say on the console and ask for."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    driver = shutil.which(DRIVER)
    if not (found and driver):
        pytest.skip("no Chromium and chromedriver are installed here; apt install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = found
    for argument in (*QUIET, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    opened = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    size = {"width": 1280, "height": 720, "deviceScaleFactor": 1, "mobile": False}
    opened.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    opened.get("about:blank")
    opened.get_log("performance")
    yield opened
    opened.quit()


@pytest.fixture(scope="module")
def opened(browser, explored):
    browser.get(explored.page.as_uri())
    return browser


def by_id(browser, name: str):
    return browser.find_element(By.ID, name)


def view(browser, name: str) -> None:
    by_id(browser, f"tab-{name}").click()
    assert by_id(browser, f"view-{name}").is_displayed()


def rows_of(browser, place: str) -> list[int]:
    """Rows of the user's data of the points that buttons in a place open, in their order."""
    points = browser.execute_script("return data.points.row")
    return [points[int(found.get_attribute("data-point"))]
            for found in browser.find_elements(By.CSS_SELECTOR, f"{place} [data-point]")]  # fmt: skip


def details(browser) -> dict[str, str]:
    """What the chosen training point is said to be."""
    terms, values = (browser.find_elements(By.CSS_SELECTOR, f"#point {tag}") for tag in ("dt", "dd"))
    return {term.text: value.text for term, value in zip(terms, values, strict=True)}


def test_every_test_point_has_the_lists_of_explanations_csv(opened, explored):
    table = pd.read_csv(explored.home / "explanations.csv")
    view(opened, "why")
    select = Select(by_id(opened, "target"))
    wanted = table.drop_duplicates("target_row")
    assert len(select.options) == len(wanted) > 3
    for place, target in enumerate(wanted.itertuples()):
        select.select_by_index(place)
        assert by_id(opened, "target-card").text.splitlines()[0] == f"Test point {target.target_row}"
        of = table[table["target_row"] == target.target_row]
        for method in explored_run.METHODS:
            for end in ("helpful", "harmful"):
                rows = of[(of["method"] == method) & (of["direction"] == end)].sort_values("rank")["row"]
                shown = f'#explained [data-method="{method}"] [data-end="{end}"]'
                assert rows_of(opened, shown) == list(rows)


def test_a_point_chosen_by_its_row_shows_what_the_files_say(opened, explored):
    view(opened, "map")
    data = explored.arrays
    suspicious = pd.read_csv(explored.home / "suspicious.csv").set_index("row")
    index = int(np.flatnonzero(np.isin(data["index_train"], opened.execute_script("return data.points.row")))[-1])
    row, field = int(data["index_train"][index]), by_id(opened, "row")
    field.clear()
    field.send_keys(str(row), Keys.ENTER)
    shown = details(opened)
    assert by_id(opened, "point").find_element(By.TAG_NAME, "h2").text == f"row {row}"
    assert shown["label"] == ["cat", "dog", "ship"][data["y_train"][index]]
    assert shown["place by loss"] == f"{suspicious.loc[row, 'rank_loss']} of 60"
    assert shown["parts by kernel"] == f"part {int(data['y_train'][index] > 0)}"
    assert len(rows_of(opened, "#point")) == explored_run.SETTINGS["alike"] and row not in rows_of(opened, "#point")
    # the picture is the sample's own: the sheet of the page, at the place that the style gives
    first = opened.find_element(By.CSS_SELECTOR, "#point .thumb")
    left, top = (-float(part[:-2]) for part in first.value_of_css_property("background-position").split())
    sheet = opened.execute_script("return data.sheet")
    scale = 128 / sheet["width"]
    column, line = round(left / scale / sheet["width"]), round(top / scale / sheet["height"])
    number = int(re.search(r"--sheet-(\d+)", first.get_attribute("style"))[1])
    assert len(sheet["uris"]) == 2 and number == 1  # a point beyond the first sheet's 50
    whole = np.asarray(Image.open(io.BytesIO(base64.b64decode(sheet["uris"][number].partition(",")[2]))))
    np.testing.assert_array_equal(whole[6 * line : 6 * line + 6, 6 * column : 6 * column + 6], data["x_train"][index])
    # and it is drawn: pixels in the middle of what an image's pixels have become
    drawn = np.asarray(Image.open(io.BytesIO(first.screenshot_as_png)).convert("RGB").resize((128, 128)), dtype=int)
    middle = (np.arange(6) * 128 / 6 + 64 / 6).astype(int)
    assert np.abs(drawn[np.ix_(middle, middle)] - data["x_train"][index]).max() <= 2
    lacking = next(row for row in range(60) if row not in opened.execute_script("return data.points.row"))
    field.clear()
    field.send_keys(str(lacking), Keys.ENTER)
    assert by_id(opened, "map-said").text == f"Row {lacking} is not on this page."
    assert details(opened) == shown


def test_a_point_is_chosen_by_its_id_which_stands_before_a_row(opened, explored):
    opened.get("about:blank")
    opened.get(explored.page.as_uri())
    # of data with ids, of which one looks like the row of another point
    rows = opened.execute_script(
        "data.points.id = data.points.row.map((row) => `img-${row}`);"
        "data.points.id[4] = String(data.points.row[2]); startMap(); return data.points.row"
    )
    field = by_id(opened, "row")
    assert by_id(opened, "row-word").text == "Id or row"
    asked_named_place = [
        (f"img-{rows[7]}", f"img-{rows[7]}", 7), (str(rows[2]), str(rows[2]), 4), (str(rows[5]), f"img-{rows[5]}", 5),
    ]  # fmt: skip
    for asked, name, place in asked_named_place:
        field.clear()
        field.send_keys(asked, Keys.ENTER)
        heading = by_id(opened, "point").find_element(By.TAG_NAME, "h2").text
        assert heading == f"{name}, row {rows[place]}" and field.get_attribute("value") == name
    field.clear()
    field.send_keys("img-none", Keys.ENTER)
    assert by_id(opened, "map-said").text == "Id or row img-none is not on this page."
    opened.get("about:blank")
    opened.get(explored.page.as_uri())


def test_the_address_names_the_view(opened, explored):
    opened.get("about:blank")
    opened.get(f"{explored.page.as_uri()}#labels")
    assert by_id(opened, "view-labels").is_displayed() and not by_id(opened, "view-map").is_displayed()
    by_id(opened, "tab-why").click()
    assert opened.current_url.endswith("#why")
    opened.get("about:blank")
    opened.get(explored.page.as_uri())


def test_a_click_on_the_map_chooses_the_point_under_it(opened):
    view(opened, "map")
    place = """
        const plot = document.getElementById("plot"), i = arguments[0], box = plot.getBoundingClientRect();
        const {xaxis, yaxis} = plot._fullLayout, map = data.maps[0];
        return [box.left + xaxis._offset + xaxis.d2p(map.x[i]), box.top + yaxis._offset + yaxis.d2p(map.y[i])];
    """
    crowd = opened.execute_script("return data.maps[0].x.map((x, i) => [x, data.maps[0].y[i]])")
    far = [min(np.hypot(x - u, y - v) for j, (u, v) in enumerate(crowd) if j != i) for i, (x, y) in enumerate(crowd)]
    loneliest = int(np.argmax(far))
    x, y = opened.execute_script(place, loneliest)
    pointer = ActionBuilder(opened)
    pointer.pointer_action.move_to_location(round(x), round(y))
    pointer.perform()
    WebDriverWait(opened, PATIENCE).until(lambda _: by_id(opened, "hover").is_displayed())
    name = f"row {opened.execute_script('return data.points.row[arguments[0]]', loneliest)}"
    assert name in by_id(opened, "hover").text
    pointer.pointer_action.click()
    pointer.perform()
    WebDriverWait(opened, PATIENCE).until(lambda _: opened.execute_script("return chosen") == loneliest)
    assert by_id(opened, "point").find_element(By.TAG_NAME, "h2").text == name


def test_each_colour_colours_every_point(opened):
    view(opened, "map")
    select = Select(by_id(opened, "colour-by"))
    for place in range(len(select.options)):
        select.select_by_index(place)
        drawn = "return document.getElementById('plot').data.slice(0, -1).reduce((sum, part) => sum + part.x.length, 0)"
        assert opened.execute_script(drawn) == explored_run.SETTINGS["points"]
    names = [option.text for option in select.options]
    assert {"label", "self-influence", "suspicion by loss", "parts by kernel"} <= set(names)
    assert any(name.startswith("group from cat") for name in names)


def test_suspicious_labels_stand_in_each_methods_order_and_the_file_is_the_table(opened, explored, tmp_path):
    table = pd.read_csv(explored.home / "suspicious.csv")
    view(opened, "labels")
    select = Select(by_id(opened, "suspicion-by"))
    assert [option.text for option in select.options] == list(explored_run.SUSPICIOUS)
    for method in explored_run.SUSPICIOUS:
        select.select_by_visible_text(method)
        wanted = table.sort_values(f"rank_{method}").head(explored_run.SETTINGS["listed"])
        lines = opened.find_elements(By.CSS_SELECTOR, "#suspicious tbody tr")
        assert [int(line.get_attribute("data-row")) for line in lines] == list(wanted["row"])
        said = [[cell.text for cell in line.find_elements(By.TAG_NAME, "td")[2:5]] for line in lines]
        assert said == [[str(row.row), row.label, row.suggested] for row in wanted.itertuples()]
    folder = {"behavior": "allow", "downloadPath": str(tmp_path)}
    opened.execute_cdp_cmd("Browser.setDownloadBehavior", folder)
    by_id(opened, "download").click()
    path = tmp_path / "suspicious.csv"
    WebDriverWait(opened, PATIENCE).until(lambda _: path.is_file())
    assert path.read_bytes() == (explored.home / "suspicious.csv").read_bytes()


def test_a_sheet_has_the_central_members_and_says_what_was_measured(opened, explored):
    view(opened, "groups")
    lines = opened.find_elements(By.CSS_SELECTOR, "#group-list tbody button")
    starts = [f"group from {name}, row {explored.arrays['index_train'][i]}" for name, i in (("cat", 3), ("ship", 8))]
    assert [line.text for line in lines] == [*starts, "kernel: part 0", "kernel: part 1"]
    lines[0].click()
    assert rows_of(opened, "#group-sheet")[0] == explored.arrays["index_train"][3]
    assert "Not measured." in by_id(opened, "group-sheet").text
    lines[3].click()
    text = by_id(opened, "group-sheet").text
    assert "40 of 60 training points" in text and "+1" in text
    wanted = explored.arrays["index_train"][np.flatnonzero(explored.arrays["y_train"] > 0)[:3]]
    assert rows_of(opened, "#group-sheet") == list(wanted)


def test_views_and_points_are_reached_by_keys_alone_and_every_field_has_a_name(opened):
    tab = by_id(opened, "tab-map")
    tab.click()
    for name in ("why", "groups", "labels", "map"):
        opened.switch_to.active_element.send_keys(Keys.ARROW_RIGHT)
        assert opened.switch_to.active_element.get_attribute("id") == f"tab-{name}"
        assert by_id(opened, f"view-{name}").is_displayed()
    opened.switch_to.active_element.send_keys(Keys.ARROW_RIGHT)
    button = opened.find_element(By.CSS_SELECTOR, "#explained [data-point]")
    point = int(button.get_attribute("data-point"))
    button.send_keys(Keys.ENTER)
    assert by_id(opened, "view-map").is_displayed() and opened.execute_script("return chosen") == point
    for field in opened.find_elements(By.CSS_SELECTOR, "button, select, input, [role=tabpanel], [role=img]"):
        assert field.accessible_name or not field.is_displayed(), field.get_attribute("outerHTML")


def test_the_page_fits_a_screen_of_1280_by_720(opened):
    for name in ("map", "why", "groups", "labels"):
        view(opened, name)
        assert opened.execute_script("return document.documentElement.scrollWidth") <= 1280


def test_texts_are_cut_between_words_and_a_number_is_said_to_be_a_class(opened):
    said = opened.execute_script("""return [spoken("7"), spoken("cat"), clipped("one two three", 13),
        clipped("one two three", 12), clipped("x1 0.5, x2 0.7", 8), clipped("abcdefgh", 4)];""")
    assert said == ["class 7", "cat", "one two three", "one two thre ...", "x1 0.5 ...", "abcd ..."]
    view(opened, "groups")
    table = by_id(opened, "group-list").find_element(By.TAG_NAME, "table")
    lines = table.find_elements(By.CSS_SELECTOR, "tbody tr")
    shares = [line.find_elements(By.TAG_NAME, "td")[3].get_attribute("textContent") for line in lines]
    assert shares[2:] == ["cat, 100\u00a0%", "dog, 50\u00a0%"]


def test_long_ids_stay_in_their_cards(opened):
    view(opened, "why")
    named = """const row = [...document.querySelectorAll("#view-why .card .row")].find((one) => one.offsetParent);
        const before = row.textContent;
        row.textContent = "averylongfolder/averylongname.png, row 12";
        const widths = [row, row.parentElement].map((one) => one.getBoundingClientRect().width);
        row.textContent = before;
        return widths;"""
    inside, card = opened.execute_script(named)
    assert 0 < inside <= card


def test_nothing_is_said_on_the_console_and_no_host_is_asked(opened, explored):
    """Last: of all that was done above."""
    assert opened.get_log("browser") == []
    events = [json.loads(line["message"])["message"] for line in opened.get_log("performance")]
    asked = {event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"}
    assert explored.page.as_uri() in asked
    assert {url for url in asked if not url.startswith(("data:", "blob:"))} == {explored.page.as_uri()}
