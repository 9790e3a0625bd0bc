// One entry of the browser's history for each change of the model in view, so that Back undoes it whole.
//
// A control that is bound to the address replaces the current entry, and the run that follows adds one if it changes
// the address too, as the component of a prior does when another prior is chosen. Back would then lead to a state that
// nobody has seen: the new prior with the old one's component.

const MODEL = ["experiment", "prior"]

const modelIn = (address) => {
  const query = new URL(address, window.location.href).searchParams
  return JSON.stringify(MODEL.map((name) => query.get(name)))
}

const watch = (app) => {
  const push = window.history.pushState.bind(window.history)
  const replace = window.history.replaceState.bind(window.history)
  // Until the run that follows has ended: whether the change has its entry already, and whether Back or Forward made it.
  let entered = false
  let navigated = false
  window.history.replaceState = (state, title, address) => {
    const chosen = address && !navigated && modelIn(address) !== modelIn(window.location.href)
    if (!chosen) return replace(state, title, address)
    entered = true
    return push(state, title, address)
  }
  window.history.pushState = (state, title, address) => (entered ? replace : push)(state, title, address)
  window.addEventListener("popstate", () => {
    navigated = true
  })
  new MutationObserver(() => {
    if (app.getAttribute("data-test-script-state") === "notRunning") entered = navigated = false
  }).observe(app, { attributes: true, attributeFilter: ["data-test-script-state"] })
}

export default function () {
  const app = document.querySelector("[data-testid=stApp]")
  if (!app || window.vampscopeOneEntry) return
  window.vampscopeOneEntry = true
  watch(app)
}
