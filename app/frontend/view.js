// What part of a plotly figure is in view after a pan or a zoom, in the figure's units.
//
// A figure of counts knows nothing of the points behind it: who draws it has to be told where people look, and counts again.
// `on` is plotly's public way to listen. Axes are read from `_fullLayout` (not public), because an event names only the ones
// that moved; without it nothing is reported, and the page's number fields remain.

const STILL = 250 // milliseconds without another step: a held button or finger has come to rest
const LOOK = 200 // milliseconds between looks at whether the figure was drawn anew

const listeners = new WeakMap() // parentElement -> what the last run set up

function viewOf(plot) {
  const x = plot._fullLayout?.xaxis?.range
  const y = plot._fullLayout?.yaxis?.range
  const ends = [x?.[0], x?.[1], y?.[0], y?.[1]].map(Number)
  if (!ends.every(Number.isFinite)) return null
  return { left: ends[0], right: ends[1], bottom: ends[2], top: ends[3] }
}

// Enlarged a hundred thousand times, the lines of a density are paths that a browser does not finish drawing. A part that
// is too narrow is drawn anew by the server; until then its lines are out of sight, before the browser gets to paint them.
function hideLinesOf(plot, narrowest) {
  const view = viewOf(plot)
  const narrow = view && Math.min(view.right - view.left, view.top - view.bottom) < narrowest
  for (const layer of plot.querySelectorAll(".contourlayer, .scatterlayer")) layer.style.display = narrow ? "none" : ""
}

function listen(hostClass, narrowest, setTriggerValue) {
  let plot = null
  let timer = 0
  let home = -Infinity // when the axes were last put back
  const tool = () => plot._fullLayout?.dragmode ?? "pan"
  const report = () => {
    const view = viewOf(plot)
    if (view) setTriggerValue("view", { ...view, tool: tool() })
  }
  const whole = () => {
    clearTimeout(timer)
    home = performance.now()
    timer = setTimeout(() => setTriggerValue("view", { whole: true, tool: tool() }), STILL)
  }
  const moved = (change) => {
    // Plotly puts its axes back in a moment, which is not a place that somebody went to.
    if (performance.now() - home < 2 * STILL) return
    if (!Object.keys(change ?? {}).some((name) => /^[xy]axis\.range/.test(name))) return
    clearTimeout(timer)
    timer = setTimeout(report, STILL)
  }
  const hide = () => hideLinesOf(plot, narrowest)
  const twice = () => {
    if (["pan", "zoom"].includes(tool())) whole()
  }
  const pressed = (event) => {
    if (event.target.closest?.(".modebar-btn[data-attr=zoom][data-val=reset]")) whole()
  }
  const attach = () => {
    const found = document.querySelector("." + hostClass + " .js-plotly-plot")
    if (!found?.on || found === plot) return
    plot = found
    plot.on("plotly_relayout", moved)
    plot.on("plotly_relayout", hide)
    plot.on("plotly_afterplot", hide)
    plot.on("plotly_doubleclick", twice)
    plot.addEventListener("click", pressed, true)
  }
  const looking = setInterval(attach, LOOK)
  attach()
  return () => {
    clearInterval(looking)
    clearTimeout(timer)
    if (!plot) return
    plot.removeListener?.("plotly_relayout", moved)
    plot.removeListener?.("plotly_relayout", hide)
    plot.removeListener?.("plotly_afterplot", hide)
    plot.removeListener?.("plotly_doubleclick", twice)
    plot.removeEventListener("click", pressed, true)
  }
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  listeners.get(parentElement)?.()
  const stop = listen(data.host, data.narrowest, setTriggerValue)
  listeners.set(parentElement, stop)
  return stop
}
