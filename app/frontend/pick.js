// A click anywhere in a plotly figure, in the figure's own units; and a ring at a place, drawn over the figure so that the
// figure itself never changes (a changed figure would lose its selection and travel again).
//
// Plotly tells nobody about clicks on contours, pictures or empty ground, so this listens to the pointer itself.

const listeners = new WeakMap() // parentElement -> what the last run set up

function listen(hostClass, report) {
  let pressed = null
  const hostOf = (event) => event.target?.closest?.("." + hostClass) ?? null
  const down = (event) => {
    pressed = null
    if (!event.isPrimary || event.button !== 0) return
    const host = hostOf(event)
    if (!host || !onFigure(event)) return
    pressed = { host, id: event.pointerId, x: event.clientX, y: event.clientY }
  }
  const far = (event) => Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y) > STILL
  // A lasso ends where it began: what counts is whether the pointer ever left.
  const move = (event) => {
    if (pressed && event.pointerId === pressed.id && far(event)) pressed = null
  }
  const up = (event) => {
    if (!pressed || event.pointerId !== pressed.id || far(event)) {
      pressed = null
      return
    }
    const start = pressed
    pressed = null
    const place = placeAt(start.host, event.clientX, event.clientY)
    if (place) report(place)
  }
  const cancel = () => {
    pressed = null
  }
  // On the document and while capturing: plotly covers the page while the button is down, and replaces its elements at will.
  document.addEventListener("pointerdown", down, true)
  document.addEventListener("pointermove", move, true)
  document.addEventListener("pointerup", up, true)
  document.addEventListener("pointercancel", cancel, true)
  return () => {
    document.removeEventListener("pointerdown", down, true)
    document.removeEventListener("pointermove", move, true)
    document.removeEventListener("pointerup", up, true)
    document.removeEventListener("pointercancel", cancel, true)
  }
}

function ringOf(colour) {
  const ring = document.createElement("div")
  ring.className = "vampscope-mark"
  ring.style.cssText =
    "position:absolute;box-sizing:border-box;width:20px;height:20px;margin:-10px 0 0 -10px;border-radius:50%;" +
    "pointer-events:none;z-index:5;border:3px solid;"
  ring.style.borderColor = colour
  // A thin line on either side keeps the ring visible over points of its own colour, on light and on dark.
  ring.style.boxShadow = "0 0 0 1.5px rgba(255,255,255,0.8), inset 0 0 0 1.5px rgba(0,0,0,0.55)"
  ring.setAttribute("aria-hidden", "true")
  return ring
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  listeners.get(parentElement)?.()
  const stopListening = listen(data.host, (place) => setTriggerValue("pick", place))
  const stopFollowing = data.mark ? follow(data.host, data.mark, ringOf(data.colour)) : () => {}
  const stop = () => {
    stopListening()
    stopFollowing()
  }
  listeners.set(parentElement, stop)
  return stop
}
