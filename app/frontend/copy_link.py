"""A button that copies the address of the page, which holds every selection."""

from app.frontend.sources import component

_HTML = """
<button type="button">Copy link</button>
<span class="said" role="status" aria-live="polite"></span>
<input type="text" readonly hidden aria-label="Address of this view" />
"""

_CSS = """
:host { font-family: var(--st-font); }
button {
  font: inherit;
  color: var(--st-text-color);
  background: var(--st-background-color);
  border: 1px solid var(--st-border-color);
  border-radius: var(--st-button-radius, 0.25rem);
  padding: 0.4rem 0.75rem;
  min-height: 2.5rem;
  cursor: pointer;
}
button:hover { border-color: var(--st-primary-color); }
button:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 2px; }
.said { margin-left: 0.6rem; color: var(--st-text-color); font-size: 0.875rem; }
input {
  display: block;
  width: 100%;
  box-sizing: border-box;
  margin-top: 0.5rem;
  padding: 0.4rem;
  font: inherit;
  font-size: 0.875rem;
  color: var(--st-text-color);
  background: var(--st-secondary-background-color);
  border: 1px solid var(--st-border-color);
  border-radius: var(--st-base-radius);
}
input[hidden] { display: none; }
"""

_MOUNT = component("copy_link", html=_HTML, css=_CSS)


def copy_link() -> None:
    """A button that copies the page's address and says whether the browser allowed it; if not, it shows the address."""
    _MOUNT(key="copy-link", height="content")
