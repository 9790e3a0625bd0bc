// Images in the plane: test images at their points, thinned so that none covers another and more as one zooms in; and, faint
// behind the points, what a grid of places decodes to. Both are drawn beside the figure, which stays as it is.

const THUMB = 30 // pixels of the longer side
const APART = 1.6 // thumbnails from one to the next
const GRID = 18 // places across what is in view, about
const BUDGET = 8 // milliseconds of decoding a frame
const FAINT = 0.35
const LOOK = 300 // milliseconds between looks at whether the figure was drawn anew

const drawn = new WeakMap() // parentElement -> what the last run set up

class PlacedImages {
  constructor(sent) {
    const { header, floats } = framed(sent)
    Object.assign(this, header)
    const count = this.ids.length
    this.mean = floats(count * this.latent)
    this.atMeans = floats(2 * count)
    this.atSamples = floats(2 * count)
  }
}

const placedImages = () => (window.vampscopePlaced ??= new Map())

// A canvas over the axes, in the pixels of the screen.
function layerOf(name, opacity) {
  const canvas = document.createElement("canvas")
  canvas.className = name
  canvas.setAttribute("aria-hidden", "true")
  canvas.style.cssText = `position:absolute;pointer-events:none;image-rendering:pixelated;opacity:${opacity};`
  return canvas
}

function fitted(canvas, { x, y, scale }) {
  const ratio = window.devicePixelRatio || 1
  const sides = { left: x._offset, top: y._offset, width: x._length, height: y._length }
  for (const [side, value] of Object.entries(sides)) canvas.style[side] = `${value * scale}px`
  canvas.width = Math.round(x._length * scale * ratio)
  canvas.height = Math.round(y._length * scale * ratio)
  const context = canvas.getContext("2d")
  context.imageSmoothingEnabled = false
  context.scale(ratio * scale, ratio * scale)
  return context
}

function follow(data) {
  const [, height, width] = data.shape
  const longer = Math.max(height, width)
  const ground = layerOf("vampscope-ground", FAINT)
  const above = layerOf("vampscope-thumbnails", 1)
  const thumbs = new Map() // row -> canvas
  let cells = new Map() // of the ground: "i,j" -> canvas
  let unit = 0
  let frame = 0
  let plot = null
  let found = null // [decoder, images, originals]

  const picture = (image, white) => {
    const canvas = document.createElement("canvas")
    paint(canvas, data.shape, image, { inverted: data.inverted, white })
    return canvas
  }
  const thumb = (row) => {
    const [decoder, images, originals] = found
    if (!thumbs.has(row)) {
      const original = originals?.(images.ids[row])
      const z = images.mean.subarray(row * images.latent, (row + 1) * images.latent)
      if (original) thumbs.set(row, picture(original, 255))
      else if (decoder && !data.originals) thumbs.set(row, picture(decoder.decode(z), 1))
      else return null
    }
    return thumbs.get(row)
  }
  const drawThumbs = (context, { x, y }) => {
    const [, images] = found
    const places = data.samples ? images.atSamples : images.atMeans
    const [w, h] = [(THUMB * width) / longer, (THUMB * height) / longer]
    const taken = new Map()
    const key = (across, down) => `${across},${down}`
    const isFree = (px, py) => {
      const [i, j] = [Math.floor(px / (APART * w)), Math.floor(py / (APART * h))]
      for (let a = i - 1; a <= i + 1; a++) {
        for (let b = j - 1; b <= j + 1; b++) {
          const other = taken.get(key(a, b))
          if (other && Math.abs(other[0] - px) < APART * w && Math.abs(other[1] - py) < APART * h) return false
        }
      }
      taken.set(key(i, j), [px, py])
      return true
    }
    const ids = []
    context.strokeStyle = "rgba(128,128,128,0.7)"
    context.lineWidth = 1
    // In the order of the test set, and those out of view too: so the same ones stay as the plane is moved.
    for (let row = 0; row < images.ids.length; row++) {
      if (data.classes.length && !data.classes.includes(images.labels[row])) continue
      const px = x.l2p(places[2 * row])
      const py = y.l2p(places[2 * row + 1])
      if (!isFree(px, py)) continue
      if (px < -w || px > x._length + w || py < -h || py > y._length + h) continue
      const image = thumb(row)
      if (!image) continue
      context.drawImage(image, px - w / 2, py - h / 2, w, h)
      context.strokeRect(px - w / 2, py - h / 2, w, h)
      ids.push(images.ids[row])
    }
    above.dataset.images = ids.join()
  }
  // Gives whether places are left to decode.
  const drawGround = (context, { x, y }) => {
    const [decoder] = found
    const [left, right] = [...x.range].map(Number)
    const [bottom, top] = [...y.range].map(Number)
    const wanted = 2 ** (Math.round(2 * Math.log2((right - left) / GRID)) / 2)
    if (wanted !== unit || cells.size > 4000) [unit, cells] = [wanted, new Map()]
    const side = (unit * x._length) / (right - left)
    const [w, h] = [(side * width) / longer, (side * height) / longer]
    const until = performance.now() + BUDGET
    let missing = false
    for (let j = Math.floor(bottom / unit); j * unit < top; j++) {
      for (let i = Math.floor(left / unit); i * unit < right; i++) {
        const key = `${i},${j}`
        const middle = [(i + 0.5) * unit, (j + 0.5) * unit]
        if (!cells.has(key)) {
          if (performance.now() > until) {
            missing = true
            continue
          }
          cells.set(key, picture(decoder.decode(decoder.above(...middle)), 1))
        }
        context.drawImage(cells.get(key), x.l2p(middle[0]) - w / 2, y.l2p(middle[1]) - h / 2, w, h)
      }
    }
    return missing
  }
  const draw = () => {
    frame = 0
    const shape = geometry(document.querySelector("." + data.host))
    const inside = shape?.plot.querySelector(".svg-container")
    if (!inside || !found) return
    const [decoder] = found
    if (data.ground && decoder) {
      if (ground.parentElement !== inside) inside.prepend(ground)
      const missing = drawGround(fitted(ground, shape), shape)
      ground.dataset.whole = String(!missing)
      if (missing) ask()
    }
    if (data.images && found[1]) {
      // Under the labels, and under what plotly says of a dot.
      const labels = [...inside.querySelectorAll(":scope > .main-svg")].at(-1)
      if (above.nextElementSibling !== labels) inside.insertBefore(above, labels)
      drawThumbs(fitted(above, shape), shape)
    }
  }
  const ask = () => {
    if (!frame) frame = requestAnimationFrame(draw)
  }
  const EVENTS = ["plotly_relayouting", "plotly_relayout", "plotly_afterplot"]
  const attach = () => {
    const now = document.querySelector("." + data.host + " .js-plotly-plot")
    if (now?.on && now !== plot) {
      plot = now
      for (const event of EVENTS) plot.on(event, ask)
      ask()
    } else if (plot && !above.isConnected && !ground.isConnected) ask()
  }
  const looking = setInterval(attach, LOOK)
  const load = async () => {
    const needsDecoder = data.decoder && (data.ground || !data.originals)
    const parts = [
      needsDecoder ? decoderOf(data.decoder) : null,
      madeOf(placedImages(), data.means, (sent) => new PlacedImages(sent)),
      data.images && data.originals ? madeOf(allOriginals(), data.originals, inflated) : null,
    ]
    try {
      found = await Promise.all(parts)
    } catch {
      return // The points are there without their images.
    }
    attach()
    ask()
  }
  load()
  return () => {
    clearInterval(looking)
    cancelAnimationFrame(frame)
    for (const event of EVENTS) plot?.removeListener?.(event, ask)
    ground.remove()
    above.remove()
  }
}

export default function (component) {
  const { data, parentElement } = component
  const same = JSON.stringify(data)
  const before = drawn.get(parentElement)
  if (before?.same !== same) {
    before?.stop()
    drawn.set(parentElement, { same, stop: follow(data) })
  }
  return () => {
    drawn.get(parentElement)?.stop()
    drawn.delete(parentElement)
  }
}
