// A plotly figure's axes, read from `_fullLayout` (not public: without it, nothing is found, and the page's inputs remain).

const STILL = 5 // pixels: a pointer that went further than this before its release was dragging

// Of the figure in an element: its div, its axes, where it is, and its scale on the screen.
function geometry(host) {
  const plot = host?.querySelector(".js-plotly-plot")
  const layout = plot?._fullLayout
  const x = layout?.xaxis
  const y = layout?.yaxis
  if (!x?.p2l || !y?.p2l || !x._length || !y._length) return null
  const box = plot.getBoundingClientRect()
  if (!box.width || !layout.width) return null
  return { plot, x, y, box, scale: box.width / layout.width }
}

// The place under a point of the window, in the units of the axes; null outside of them.
function placeAt(host, clientX, clientY) {
  const shape = geometry(host)
  if (!shape) return null
  const { x, y, box, scale } = shape
  const across = (clientX - box.left) / scale - x._offset
  const down = (clientY - box.top) / scale - y._offset
  if (across < 0 || across > x._length || down < 0 || down > y._length) return null
  const place = { x: x.p2l(across), y: y.p2l(down) }
  return Number.isFinite(place.x) && Number.isFinite(place.y) ? place : null
}

// Whether an event is of the figure itself and not of what stands on it.
const onFigure = (event) =>
  Boolean(event.target.closest?.(".js-plotly-plot")) && !event.target.closest(".modebar, .legend, .infolayer .colorbar")
