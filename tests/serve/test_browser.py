"""The page in a real browser, clicked through; `scripts/test_browser` runs these."""

import shutil

import pytest

from mlstages.records import Records, find_records

playwright = pytest.importorskip("playwright.sync_api")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not installed"),
]

OPTIONS = (
    "--no-sandbox --disable-gpu --disable-background-networking --disable-component-update "
    "--disable-sync --no-first-run --disable-dev-shm-usage"
).split()
OFFLINE = "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"
PHONE = {"width": 320, "height": 640}


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=shutil.which("chromium"), args=[*OPTIONS, OFFLINE]
        )
        yield browser
        browser.close()


@pytest.fixture(params=[True, False], ids=["with script", "without script"])
def page(browser, server, request):
    """The page, which asks for nothing but itself and logs no error."""
    context = browser.new_context(java_script_enabled=request.param)
    page = context.new_page()
    asked, errors = [], []
    page.on("request", lambda one: asked.append(one.url))
    page.on("console", lambda one: errors.append(one.text) if one.type == "error" else None)
    page.goto(f"http://127.0.0.1:{server.port}/")
    yield page
    assert all(url.startswith(f"http://127.0.0.1:{server.port}/") for url in asked)
    assert not [text for text in errors if "422" not in text and "favicon" not in text]
    context.close()


def test_a_person_asks_and_sees_how_sure_it_is_and_where_the_input_lies(page):
    page.get_by_label("size").fill("3")
    page.get_by_role("button", name="Predict").click()
    status = page.get_by_role("status")
    assert "7" in status.locator(".said").inner_text()
    assert "between 4 and 11" in status.inner_text()
    assert page.get_by_role("img", name="size: 3, above 30% of the training data").is_visible()
    assert page.get_by_text("outside").count() == 0
    assert page.get_by_label("size", exact=True).input_value() == "3"


def test_outside_of_the_training_data_there_is_a_warning(page):
    page.get_by_label("size").fill("-40")
    page.get_by_role("button", name="Predict").click()
    warning = page.get_by_text("do not rely on this prediction")
    assert warning.is_visible()
    output = page.locator(".said").bounding_box()
    assert warning.bounding_box()["y"] - output["y"] < 200  # beside the number, not far below


def test_a_person_says_that_it_is_wrong(page, server):
    page.get_by_label("size").fill("4")
    page.get_by_role("button", name="Predict").click()
    page.get_by_text("This is wrong").click()
    page.get_by_label("The right value").fill("12.5")
    page.get_by_label("Remark").fill("two\nlines, naïve 🙂")
    page.get_by_role("button", name="Send").click()
    assert "kept as number" in page.get_by_role("status").inner_text()
    history = server.log.parent / ".metaflow"
    kept = Records(find_records(history, "SampleRegressionFlow")).read_feedback()[-1]
    assert (kept.row, kept.truth, kept.remark) == ({"size": 4.0}, 12.5, "two\nlines, naïve 🙂")
    page.get_by_role("link", name="Another prediction").click()
    assert page.get_by_role("heading", name="Predict price").is_visible()


def test_the_keyboard_alone_will_do_and_focus_is_seen(page):
    def press(*keys):
        for key in keys:
            page.keyboard.press(key)

    press("Tab")
    assert page.locator("#f0:focus-visible").count() == 1
    page.keyboard.type("5")
    press("Enter")
    page.get_by_role("heading", name="Prediction", exact=True).wait_for()
    assert "11" in page.locator(".said").inner_text()
    page.locator("#f0").focus()
    press("Tab", "Tab")
    assert page.locator("summary:focus-visible").count() == 1
    press("Enter", "Tab")
    page.keyboard.type("9")
    press("Tab")
    page.keyboard.type("by keyboard")
    press("Tab", "Enter")
    page.get_by_text("kept as number").wait_for()


def test_what_is_no_number_does_not_leave_the_form(page, server):
    page.get_by_role("button", name="Predict").click()
    assert page.url == f"http://127.0.0.1:{server.port}/"  # the browser asks for the field
    page.goto(f"http://127.0.0.1:{server.port}/?size=abc")
    assert "a finite number" in page.get_by_role("alert").inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_nothing_is_cut_off_and_contrast_is_enough(browser, server, tmp_path, scheme):
    context = browser.new_context(viewport=PHONE, color_scheme=scheme)
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{server.port}/?size=99")
    page.get_by_text("This is wrong").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    for target in page.locator("input:not([type=hidden]), button, summary, textarea").all():
        assert target.bounding_box()["height"] >= 24
    for selector in (".warn", "button", "small", "a", "figcaption"):
        assert find_contrast(page, selector) >= 4.5, selector
    page.screenshot(path=tmp_path / f"{scheme}.png", full_page=True)
    context.close()


def find_contrast(page, selector):
    """Return the contrast of a text to what is behind it, as WCAG 2 has it."""
    return page.locator(selector).first.evaluate(
        """element => {
            const read = colour => {
                const canvas = document.createElement('canvas').getContext('2d');
                canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
                return [...canvas.getImageData(0, 0, 1, 1).data];
            };
            const light = ([r, g, b]) => [r, g, b].map(c => c / 255).map(
                c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4
            ).reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
            let behind = element;
            while (behind && read(getComputedStyle(behind).backgroundColor)[3] === 0)
                behind = behind.parentElement;
            const back = behind ? read(getComputedStyle(behind).backgroundColor) : read('Canvas');
            const [a, b] = [light(read(getComputedStyle(element).color)), light(back)];
            return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        }"""
    )
