"""Edit the prior: a component is removed, put back and removed again, and the edit is saved and opened as a model."""

import re

from playwright.sync_api import expect

from tools.browser import settled


def test_from_a_removed_component_to_a_model_in_the_list(page, own_server):
    page.goto(own_server.url + "/edit_prior?experiment=digits-2d")
    chosen = page.get_by_role("combobox", name=re.compile("^Components"))
    chosen.click()
    page.get_by_role("option", name="3", exact=True).click()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Remove", exact=True).click()

    cells = page.get_by_test_id("stMetric")
    expect(cells.filter(has_text="Components").first).to_contain_text("15")
    expect(cells.filter(has_text="Change of log p(x)")).to_contain_text(re.compile(r"−\d[\d.]* ± \d"))
    edited = page.url
    seen = (cells.filter(has_text="Change of log p(x)"), page.locator(".st-key-edit_plane .js-plotly-plot"), chosen)
    assert all(box["y"] >= 0 and box["y"] + box["height"] <= 900 for box in (each.bounding_box() for each in seen))

    page.get_by_role("button", name="Undo").click()
    expect(page).not_to_have_url(edited)
    expect(page.get_by_role("button", name="Save as a model")).to_have_count(0)
    page.get_by_role("button", name="Redo").click()
    expect(page).to_have_url(edited)

    name = page.get_by_role("textbox", name="Name of the new model")
    expect(name).to_have_value("vamp-edited")
    name.fill("without-3")
    name.press("Enter")
    page.get_by_role("button", name="Save as a model").click()
    expect(page.get_by_text("Saved as digits-2d/without-3.")).to_be_visible()
    assert (own_server.log.parent / "runs" / "digits-2d" / "without-3" / "edit.json").exists()

    page.get_by_role("link", name="Open it in Overview").click()
    sidebar = page.get_by_test_id("stSidebar")
    expect(sidebar.get_by_role("combobox", name="Prior in view")).to_have_value("without-3")
    expect(sidebar.get_by_text("15 components, prior edited")).to_be_visible()
    expect(page.get_by_text("the prior of digits-2d/vamp, edited: removed component 3.")).to_be_visible()
    settled(page)
    assert own_server.errors() == ""
