// Links that change the address and let Streamlit draw what it names, as after Back or Forward.

// What uses arrow keys itself.
const CONTROLS =
  "input, textarea, select, canvas, video, [contenteditable], [role=slider], [role=radio], [role=tab], " +
  "[role=combobox], [role=listbox], [role=option], [role=menu], [role=grid], [role=application], [role=dialog]"

const watched = new WeakMap() // parentElement -> what the last run set up

const follow = (address) => {
  window.history.pushState(null, "", address)
  window.dispatchEvent(new PopStateEvent("popstate"))
}

const isPlain = (event) => !(event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || event.defaultPrevented)

const isControl = (event) => event.composedPath().some((each) => each instanceof Element && each.matches(CONTROLS))

const anchor = (link, listed) => {
  const made = document.createElement("a")
  made.href = link.address
  made.textContent = link.words
  if (!listed) made.className = link.primary ? "button primary" : "button"
  made.onclick = (event) => {
    if (event.button !== 0 || !isPlain(event)) return
    event.preventDefault()
    follow(link.address)
  }
  return made
}

export default function (component) {
  const { data, parentElement } = component
  watched.get(parentElement)?.()
  const nav = parentElement.querySelector("nav")
  nav.setAttribute("aria-label", data.label)
  nav.className = data.listed ? "list" : ""
  const focused = [...nav.children].indexOf(nav.getRootNode().activeElement)
  nav.replaceChildren(...data.links.map((link) => anchor(link, data.listed)))
  if (focused >= 0) nav.children[Math.min(focused, nav.children.length - 1)]?.focus()
  const pressed = (event) => {
    const address = data.keys[event.key]
    if (!address || !isPlain(event) || isControl(event)) return
    event.preventDefault()
    follow(address)
  }
  document.addEventListener("keydown", pressed)
  const stop = () => document.removeEventListener("keydown", pressed)
  watched.set(parentElement, stop)
  return stop
}
