// A drawing by mouse, pen or finger: white on black, shown inverted where ink is dark.

const REST = 300 // milliseconds after a stroke until the drawing is sent
const PEN = 1 / 11 // of the longer side
const FINER = 2 // pixels of the canvas to one that is sent

const drawings = new WeakMap() // parentElement -> what draws there

function begun(root) {
  const canvas = root.querySelector("canvas")
  const context = canvas.getContext("2d", { willReadFrequently: true })
  const held = { report: () => {} }
  let last = null
  let box = null // where the canvas was when the stroke began: what the page loads may move it meanwhile
  let timer = 0

  const at = ({ clientX, clientY }) => [
    ((clientX - box.left) * canvas.width) / box.width,
    ((clientY - box.top) * canvas.height) / box.height,
  ]
  const line = (to) => {
    context.beginPath()
    context.moveTo(...last)
    context.lineTo(...to)
    context.stroke()
    last = to
  }
  const sent = () => {
    const [width, height] = [canvas.width / FINER, canvas.height / FINER]
    const small = new OffscreenCanvas(width, height).getContext("2d")
    small.drawImage(canvas, 0, 0, width, height)
    const { data } = small.getImageData(0, 0, width, height)
    return btoa(String.fromCharCode(...data.filter((_, i) => i % 4 === 0)))
  }
  const end = () => {
    if (!last) return
    last = null
    timer = setTimeout(() => held.report(sent()), REST)
  }
  canvas.addEventListener("pointerdown", (event) => {
    if (!event.isPrimary || event.button !== 0) return
    clearTimeout(timer)
    canvas.setPointerCapture(event.pointerId)
    box = canvas.getBoundingClientRect()
    last = at(event)
    line(last)
  })
  canvas.addEventListener("pointermove", (event) => {
    if (!last || !event.isPrimary) return
    const passed = event.getCoalescedEvents?.() ?? []
    for (const each of passed.length ? passed : [event]) line(at(each))
  })
  for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) canvas.addEventListener(name, end)

  const clear = () => {
    context.fillRect(0, 0, canvas.width, canvas.height)
  }
  root.querySelector("button").addEventListener("click", () => {
    clearTimeout(timer)
    clear()
    held.report(null)
  })
  // Setting its size empties a canvas.
  held.resize = (width, height) => {
    if (canvas.width === FINER * width && canvas.height === FINER * height) return
    canvas.width = FINER * width
    canvas.height = FINER * height
    Object.assign(context, { lineWidth: PEN * FINER * Math.max(width, height), lineCap: "round", lineJoin: "round" })
    Object.assign(context, { fillStyle: "black", strokeStyle: "white" })
    clear()
  }
  held.canvas = canvas
  return held
}

export default function (component) {
  const { data, parentElement, setStateValue } = component
  if (!drawings.has(parentElement)) drawings.set(parentElement, begun(parentElement))
  const drawing = drawings.get(parentElement)
  drawing.report = (ink) => setStateValue("ink", ink)
  drawing.resize(data.width, data.height)
  drawing.canvas.setAttribute("aria-label", data.label)
  drawing.canvas.classList.toggle("inverted", data.inverted)
}
