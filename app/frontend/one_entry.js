// One entry of the browser's history for each change of the model in view, so that Back undoes it whole.
//
// A control that is bound to the address replaces the current entry, and the run that follows may add several: one for
// the model that was chosen, one for a component that the other prior does not have, one for the model's name in the
// address of a page that was just opened. Back would then lead to a state that nobody has seen.

const MODEL = ["experiment", "prior"]

const viewIn = (address) => {
  const url = new URL(address, window.location.href)
  return JSON.stringify([url.pathname, ...MODEL.map((name) => url.searchParams.get(name))])
}

const watch = (app) => {
  const push = window.history.pushState.bind(window.history)
  const replace = window.history.replaceState.bind(window.history)
  // Until the run that follows has ended: whether the change has its entry already, and whether Back or Forward made it.
  let entered = false
  let navigated = false
  window.history.replaceState = (state, title, address) => {
    const chosen = address && !navigated && viewIn(address) !== viewIn(window.location.href)
    if (!chosen || entered) return replace(state, title, address)
    entered = true
    return push(state, title, address)
  }
  window.history.pushState = (state, title, address) => {
    if (entered) return replace(state, title, address)
    entered = address && viewIn(address) !== viewIn(window.location.href)
    return push(state, title, address)
  }
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
