// One cursor over the maps of several priors: the pointer snaps to the nearest test image on the map that it is over; that
// image's posterior mean is marked on every map and decoded under every prior, beside the image itself where it is at hand.

const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }
const STEPS = 100 // across what is in view
const FOLLOW = 250 // milliseconds between looks at whether a map was moved or drawn anew

const cursors = new WeakMap() // parentElement -> what the last run set up

const bytesOf = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))

class Means {
  constructor(sent) {
    const { header, floats } = framed(sent)
    Object.assign(this, header)
    this.mean = floats(this.ids.length * this.latent)
    this.place = floats(2 * this.ids.length)
    this.row = new Map(this.ids.map((id, row) => [id, row]))
  }

  nearest(x, y) {
    let best = 0
    let least = Infinity
    for (let row = 0; row < this.ids.length; row++) {
      const far = (this.place[2 * row] - x) ** 2 + (this.place[2 * row + 1] - y) ** 2
      if (far < least) [least, best] = [far, row]
    }
    return best
  }

  placeOf(id) {
    const row = this.row.get(id)
    return row === undefined ? null : { x: this.place[2 * row], y: this.place[2 * row + 1] }
  }

  meanOf(id) {
    const row = this.row.get(id)
    return row === undefined ? null : this.mean.subarray(row * this.latent, (row + 1) * this.latent)
  }

  words(id) {
    const label = this.labels[this.row.get(id)] ?? -1
    return `Test image ${id}` + (label >= 0 && label < this.classes.length ? `, class ${this.classes[label]}` : "")
  }
}

const allMeans = () => (window.vampscopeMeans ??= new Map())

// A ring at a place of a map, wherever it is moved to.
function ring(map, colour) {
  const mark = document.createElement("div")
  mark.className = "vampscope-cursor"
  mark.setAttribute("aria-hidden", "true")
  mark.style.cssText =
    "position:absolute;box-sizing:border-box;width:16px;height:16px;margin:-8px 0 0 -8px;border-radius:50%;display:none;" +
    `pointer-events:none;z-index:5;border:3px solid ${colour};` +
    "box-shadow:0 0 0 1.5px rgba(255,255,255,0.8), inset 0 0 0 1.5px rgba(0,0,0,0.55);"
  let place = null
  const draw = () => {
    const shape = place && geometry(document.querySelector("." + map.host))
    if (!shape) return
    const { plot, x, y, scale } = shape
    const across = x.l2p(place.x)
    const down = y.l2p(place.y)
    const shown = across >= 0 && across <= x._length && down >= 0 && down <= y._length
    if (mark.parentElement !== plot) plot.appendChild(mark)
    mark.style.left = `${(x._offset + across) * scale}px`
    mark.style.top = `${(y._offset + down) * scale}px`
    mark.style.display = shown ? "block" : "none"
  }
  const timer = setInterval(draw, FOLLOW)
  return {
    show: (where) => {
      place = where
      if (place) draw()
      else mark.style.display = "none"
    },
    remove: () => {
      clearInterval(timer)
      mark.remove()
    },
  }
}

function figureOf(kind, words, colour) {
  const figure = document.createElement("figure")
  figure.className = kind
  if (colour) figure.style.setProperty("--rule", colour)
  const canvas = document.createElement("canvas")
  canvas.setAttribute("role", "img")
  const caption = document.createElement("figcaption")
  caption.textContent = words
  figure.append(canvas, caption)
  return { figure, canvas, words }
}

function built(data, strip) {
  const title = document.createElement("strong")
  const output = document.createElement("output")
  output.append(title)
  const hint = document.createElement("span")
  const way = matchMedia("(hover: none)").matches ? "Tap on" : "Hover over"
  hint.textContent =
    `${way} a map: the test image nearest to that place is marked on every map, and each prior\u2019s decoder rebuilds it ` +
    "from its posterior mean."
  const said = document.createElement("div")
  said.className = "said"
  said.append(output, hint)
  const original = data.original || data.originals ? figureOf("original", "Original") : null
  const pictures = data.maps.map((map) => figureOf("prior", map.name, map.colour))
  strip.setAttribute("aria-label", data.label)
  strip.replaceChildren(...[original, ...pictures].filter(Boolean).map((each) => each.figure), said)
  return { title, original, pictures }
}

function follow(data, strip) {
  const { title, original, pictures } = built(data, strip)
  const rings = data.maps.map((map) => ring(map, data.mark))
  let shown = null
  let latest = 0
  let frame = 0
  let asked = null
  let pressed = null
  let place = null // of the keyboard's cursor, on the first map

  const draw = (picture, image, white, words) => {
    if (!picture) return
    if (!image) {
      // A reduced checkpoint may lack an image that another has.
      picture.canvas.getContext("2d").clearRect(0, 0, picture.canvas.width, picture.canvas.height)
      picture.canvas.setAttribute("aria-label", `${picture.words}: not kept`)
      return
    }
    paint(picture.canvas, data.shape, image, { inverted: data.inverted, white })
    picture.canvas.setAttribute("aria-label", `${picture.words}: ${words}`)
  }
  const name = (id, words) => {
    shown = id
    title.textContent = words
  }
  const begin = () => {
    name(data.id, data.words)
    if (data.original) draw(original, bytesOf(data.original), 255, data.words)
    data.maps.forEach((map, i) => draw(pictures[i], bytesOf(map.first), 255, data.words))
  }
  const loaded = () => {
    const means = data.maps.map((map) => madeOf(allMeans(), map.means, (sent) => new Means(sent)))
    const made = data.maps.map((map) => decoderOf(map.decoder))
    if ([...means, ...made].includes(null)) return null
    const images = data.originals && madeOf(allOriginals(), data.originals, inflated)
    return Promise.all([Promise.all(means), Promise.all(made), images])
  }
  const show = async (index, where) => {
    const turn = ++latest
    const ready = loaded()
    if (!ready) return
    let found
    try {
      found = await ready
    } catch {
      return // What is shown stays in view.
    }
    if (turn !== latest) return
    const [means, made, images] = found
    const id = means[index].ids[means[index].nearest(where.x, where.y)]
    if (id === shown && strip.dataset.moved) return
    strip.dataset.moved = "true"
    const words = means[index].words(id)
    name(id, words)
    if (images) draw(original, images(id), 255, words)
    data.maps.forEach((map, i) => {
      const z = means[i].meanOf(id)
      rings[i].show(means[i].placeOf(id))
      draw(pictures[i], z && made[i].decode(z), 1, words)
    })
  }
  const ask = (index, where) => {
    asked = [index, where]
    if (!frame) {
      frame = requestAnimationFrame(() => {
        frame = 0
        show(...asked)
      })
    }
  }
  const under = (event) => {
    for (const [index, map] of data.maps.entries()) {
      const host = event.target?.closest?.("." + map.host)
      const where = host && onFigure(event) && placeAt(host, event.clientX, event.clientY)
      if (where) return [index, where]
    }
    return null
  }
  const move = (event) => {
    if (event.pointerType === "touch" || event.buttons) return
    const found = under(event)
    if (found) ask(...found)
  }
  const down = (event) => {
    pressed = event.pointerType === "touch" && event.isPrimary ? { x: event.clientX, y: event.clientY } : null
  }
  const up = (event) => {
    if (!pressed || Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y) > STILL) return
    const found = under(event)
    if (found) ask(...found)
  }
  const key = async (event) => {
    const way = KEYS[event.key]
    const axes = way && geometry(document.querySelector("." + data.maps[0].host))
    if (!axes || event.altKey || event.ctrlKey || event.metaKey) return
    event.preventDefault()
    event.stopPropagation()
    const size = (event.shiftKey ? 10 : 1) / STEPS
    const next = (axis, from, direction) => {
      const [low, high] = [...axis.range].map(Number).sort((a, b) => a - b)
      return Math.min(high, Math.max(low, (from ?? (low + high) / 2) + direction * size * (high - low)))
    }
    place = { x: next(axes.x, place?.x, way[0]), y: next(axes.y, place?.y, way[1]) }
    await show(0, place)
  }
  begin()
  delete strip.dataset.moved
  strip.addEventListener("keydown", key)
  document.addEventListener("pointermove", move, true)
  document.addEventListener("pointerdown", down, true)
  document.addEventListener("pointerup", up, true)
  return () => {
    cancelAnimationFrame(frame)
    strip.removeEventListener("keydown", key)
    document.removeEventListener("pointermove", move, true)
    document.removeEventListener("pointerdown", down, true)
    document.removeEventListener("pointerup", up, true)
    for (const each of rings) each.remove()
  }
}

export default function (component) {
  const { data, parentElement } = component
  const same = JSON.stringify(data)
  const before = cursors.get(parentElement)
  if (before?.same !== same) {
    before?.stop()
    cursors.set(parentElement, { same, stop: follow(data, parentElement.querySelector(".strip")) })
  }
  return () => {
    cursors.get(parentElement)?.stop()
    cursors.delete(parentElement)
  }
}
