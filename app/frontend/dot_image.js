// The test image of the dot that is pointed at or tapped, beside what plotly says of that dot. It is asked for once the
// pointer has rested, and kept by the browser.

const SIDE = 72 // pixels of the longer side
const REST = 90 // milliseconds
const FINGER = 16 // pixels
const LOOK = 300 // milliseconds between looks at whether the figure was drawn anew
const EVENTS = ["plotly_hover", "plotly_unhover", "plotly_relayouting"]

const shown = new WeakMap() // parentElement -> what the last run set up

function cardOf({ ground, ink, line }) {
  const card = document.createElement("figure")
  card.className = "vampscope-dot"
  card.style.cssText =
    "position:absolute;display:none;margin:0;padding:3px;z-index:7;pointer-events:none;text-align:center;" +
    `font-size:0.75rem;line-height:1.3;background:${ground};color:${ink};border:1px solid ${line};`
  const canvas = document.createElement("canvas")
  canvas.setAttribute("role", "img")
  canvas.style.cssText = "display:block;margin:0 auto;image-rendering:pixelated;"
  const caption = document.createElement("figcaption")
  card.append(canvas, caption)
  return { card, canvas, caption }
}

function watch(data, look) {
  const { card, canvas, caption } = cardOf(look)
  let plot = null
  let timer = 0
  let row = null
  let pressed = null // where a finger was put down
  let at = null // the dot, in the figure's units

  const hide = () => {
    clearTimeout(timer)
    row = null
    card.style.display = "none"
  }
  const said = () => plot.querySelector(".hoverlayer .hovertext")?.getBoundingClientRect()
  // Where plotly's words are, in the window; where there are none, as after a tap, the dot with room for a finger.
  const words = ({ box, x, y, scale }) => {
    const there = said()
    if (there?.width) return there
    const across = box.left + (x._offset + x.l2p(at.x)) * scale
    const down = box.top + (y._offset + y.l2p(at.y)) * scale
    return { left: across, right: across, top: down - FINGER, bottom: down + FINGER }
  }
  // Above the words, or below them where there is no room.
  const place = () => {
    const shape = geometry(plot.closest("." + data.host))
    if (!shape) return hide()
    if (card.parentElement !== plot) plot.appendChild(card)
    card.style.display = "block"
    const { box } = shape
    const { left, right, top, bottom } = words(shape)
    const { offsetWidth: wide, offsetHeight: high } = card
    const above = top - box.top - high
    const middle = (left + right) / 2 - box.left - wide / 2
    card.style.top = `${above >= 0 ? above : bottom - box.top}px`
    card.style.left = `${Math.max(0, Math.min(box.width - wide, middle))}px`
  }
  const show = async (wanted) => {
    let found
    try {
      found = framed(await contentOf({ digest: `${data.digest}-${wanted}`, address: `${data.address}-${wanted}` }))
    } catch {
      return // Plotly's words stay.
    }
    if (row !== wanted) return
    const { header, rest } = found
    const [, height, width] = header.shape
    const size = SIDE / Math.max(height, width)
    paint(canvas, header.shape, rest(), { inverted: data.inverted, white: 255 })
    canvas.style.width = `${width * size}px`
    canvas.style.height = `${height * size}px`
    const kind = header.original ? "original" : "reconstruction"
    // Beside plotly's words, which have the number.
    caption.textContent = said() ? kind : `image ${wanted}, ${kind}`
    canvas.setAttribute("aria-label", `Test image ${wanted}, ${kind}`)
    card.dataset.row = String(wanted)
    place()
  }
  const point = (found) => {
    const next = found?.customdata?.[0] ?? null
    if (next === row) return
    hide()
    row = next
    if (row === null) return
    at = { x: found.x, y: found.y }
    timer = setTimeout(() => show(next), REST)
  }
  const listeners = {
    plotly_hover: (event) => point(event.points?.find((each) => each.data.name === data.trace)),
    plotly_unhover: hide,
    plotly_relayouting: hide,
  }
  // A tap: plotly tells of none, so the dot nearest to the finger is looked for here.
  const down = (event) => {
    if (event.pointerType !== "touch") return
    hide()
    pressed = event.isPrimary ? { x: event.clientX, y: event.clientY } : null
  }
  const up = (event) => {
    if (!pressed || Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y) > STILL) return
    const host = event.target?.closest?.("." + data.host)
    const where = host && onFigure(event) && placeAt(host, event.clientX, event.clientY)
    const dots = where && plot?._fullData?.find((each) => each.name === data.trace)
    if (!dots) return
    const { x: across, y: upward } = geometry(host)
    const [wide, high] = [across, upward].map((axis) => axis.p2l(1) - axis.p2l(0)) // of a pixel
    let least = FINGER ** 2
    let best = -1
    for (let i = 0; i < dots.x.length; i++) {
      const far = ((dots.x[i] - where.x) / wide) ** 2 + ((dots.y[i] - where.y) / high) ** 2
      if (far < least) [least, best] = [far, i]
    }
    if (best >= 0) point({ x: dots.x[best], y: dots.y[best], customdata: dots.customdata[best] })
  }
  const attach = () => {
    const now = document.querySelector("." + data.host + " .js-plotly-plot")
    if (!now?.on || now === plot) return
    plot = now
    for (const event of EVENTS) plot.on(event, listeners[event])
  }
  const looking = setInterval(attach, LOOK)
  attach()
  document.addEventListener("pointerdown", down, true)
  document.addEventListener("pointerup", up, true)
  return () => {
    clearInterval(looking)
    document.removeEventListener("pointerdown", down, true)
    document.removeEventListener("pointerup", up, true)
    hide()
    for (const event of EVENTS) plot?.removeListener?.(event, listeners[event])
    card.remove()
  }
}

export default function (component) {
  const { data, parentElement } = component
  const same = JSON.stringify(data)
  const before = shown.get(parentElement)
  if (before?.same !== same) {
    before?.stop()
    const style = getComputedStyle(parentElement.host ?? parentElement)
    const [ground, ink, line] = ["background", "text", "border"].map((name) => style.getPropertyValue(`--st-${name}-color`))
    shown.set(parentElement, { same, stop: watch(data, { ground, ink, line }) })
  }
  return () => {
    shown.get(parentElement)?.stop()
    shown.delete(parentElement)
  }
}
