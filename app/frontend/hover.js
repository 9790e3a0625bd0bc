// What lies under the pointer over a plotly figure, decoded where the page shows the place that was clicked: over that card,
// for as long as the pointer is on the figure, so that the card itself stays as it is. One decode a frame at most.
//
// By keyboard the figure is one stop: arrows move a cursor, Enter clicks it. A tap decodes at once, before the server answers.

const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }
const STEPS = 100 // across what is in view
const BESIDE = 150 // pixels beside a picture that words need
const GAP = 12
const RETRY = 150 // milliseconds until a figure is looked for again
const HIDDEN = "position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap;"

const hovers = new WeakMap() // parentElement -> what the last run set up

const digits = (value) => {
  const said = value.toFixed(2)
  return (Number(said) === 0 ? "0.00" : said).replace("-", "\u2212")
}
const named = (place) => `(${digits(place.x)}, ${digits(place.y)})`

function paragraph(line) {
  const said = document.createElement("p")
  said.style.cssText = "margin:0 0 0.4rem;font-size:inherit;"
  said.textContent = line
  return said
}

// The card's cover: a heading, the picture over the picture that is there, and words beside or below it.
function coverOf(data, ground, ink) {
  const cover = document.createElement("div")
  cover.className = "vampscope-lens"
  cover.setAttribute("aria-hidden", "true")
  cover.style.cssText = `position:absolute;inset:0;z-index:6;display:none;background:${ground};color:${ink};`
  const title = document.createElement("strong")
  const canvas = document.createElement("canvas")
  canvas.style.cssText = "position:absolute;image-rendering:pixelated;"
  const words = document.createElement("div")
  words.style.cssText = "position:absolute;font-size:0.875rem;line-height:1.4;"
  cover.append(title, canvas, words)

  const lay = (card) => {
    const picture = card.querySelector("img")?.getBoundingClientRect()
    if (!picture?.width) return false
    const box = card.getBoundingClientRect()
    const beside = box.right - picture.right >= BESIDE
    Object.assign(canvas.style, {
      left: `${picture.left - box.left}px`,
      top: `${picture.top - box.top}px`,
      width: `${picture.width}px`,
      height: `${picture.height}px`,
    })
    Object.assign(words.style, {
      left: `${(beside ? picture.right + GAP : picture.left) - box.left}px`,
      top: `${(beside ? picture.top : picture.bottom + GAP) - box.top}px`,
      right: "0",
    })
    return true
  }
  const show = (place, decoder) => {
    const card = document.querySelector("." + data.card)
    if (!card) return null
    if (cover.parentElement !== card) {
      card.style.position = "relative"
      card.appendChild(cover)
    }
    if (!lay(card)) return null
    const z = decoder.above(place.x, place.y)
    const component = decoder.component(z)
    paint(canvas, decoder.header.shape, decoder.decode(z), data)
    title.textContent = `Under the cursor ${named(place)}`
    const lines = []
    if (component && decoder.header.components > 1) {
      lines.push(`Component ${component.index}, responsibility ${Math.round(100 * component.share)} %`)
    }
    // A tap keeps its place.
    if (matchMedia("(hover: hover)").matches) lines.push("Click, or press Enter, to keep this place.")
    words.replaceChildren(...lines.map(paragraph))
    cover.style.display = "block"
    return lines[0]
  }
  const hide = () => {
    cover.style.display = "none"
  }
  return { show, hide, remove: () => cover.remove() }
}

// The keyboard's stop, over the figure: `moved` says where the cursor went, `chosen` where Enter was pressed.
function keyboard(data, colour, { moved, chosen, left }) {
  const stop = document.createElement("div")
  stop.className = "vampscope-keys"
  stop.tabIndex = 0
  stop.setAttribute("role", "application")
  stop.setAttribute("aria-label", data.label)
  stop.setAttribute("aria-keyshortcuts", "ArrowLeft ArrowRight ArrowUp ArrowDown Enter")
  stop.style.cssText = "position:absolute;pointer-events:none;z-index:4;outline-offset:-2px;"
  const cursor = document.createElement("div")
  cursor.style.cssText =
    "position:absolute;width:14px;height:14px;margin:-7px 0 0 -7px;border-radius:50%;display:none;box-sizing:border-box;" +
    `border:2px dashed ${colour};box-shadow:0 0 0 1.5px rgba(255,255,255,0.8);`
  const said = document.createElement("output")
  said.style.cssText = HIDDEN
  stop.append(cursor, said)
  let place = null
  let timer = 0

  const attach = () => {
    const shape = geometry(document.querySelector("." + data.host))
    if (shape) {
      const { plot, x, y, scale } = shape
      if (stop.parentElement !== plot) plot.appendChild(stop)
      const sides = { left: x._offset, top: y._offset, width: x._length, height: y._length }
      for (const [name, value] of Object.entries(sides)) {
        const wanted = `${value * scale}px`
        if (stop.style[name] !== wanted) stop.style[name] = wanted
      }
      draw(shape)
    }
    timer = setTimeout(attach, shape ? 4 * RETRY : RETRY)
  }
  const draw = ({ x, y, scale }) => {
    if (!place || document.activeElement !== stop) return
    cursor.style.left = `${x.l2p(place.x) * scale}px`
    cursor.style.top = `${y.l2p(place.y) * scale}px`
  }
  const go = async () => {
    const shape = geometry(document.querySelector("." + data.host))
    if (!shape) return
    cursor.style.display = "block"
    draw(shape)
    const words = await moved(place)
    said.textContent = named(place) + (words ? `. ${words}` : "")
  }
  const focused = () => {
    // Not by a click, which has a place of its own.
    if (!stop.matches(":focus-visible")) return
    place ??= { ...data.mark }
    go()
  }
  const blurred = () => {
    cursor.style.display = "none"
    left()
  }
  const pressed = (event) => {
    if (event.key === "Enter" && place) {
      event.preventDefault()
      chosen(place)
      return
    }
    const way = KEYS[event.key]
    const shape = way && geometry(document.querySelector("." + data.host))
    if (!shape || event.altKey || event.ctrlKey || event.metaKey) return
    event.preventDefault()
    event.stopPropagation()
    const size = (event.shiftKey ? 10 : 1) / STEPS
    const next = (axis, from, direction) => {
      const [low, high] = [...axis.range].map(Number).sort((a, b) => a - b)
      return Math.min(high, Math.max(low, from + direction * size * (high - low)))
    }
    place = { x: next(shape.x, place.x, way[0]), y: next(shape.y, place.y, way[1]) }
    go()
  }
  stop.addEventListener("focus", focused)
  stop.addEventListener("blur", blurred)
  stop.addEventListener("keydown", pressed)
  attach()
  return {
    // The next run's stop takes the focus over, and the place.
    renew: (mark) => {
      data.mark = mark
    },
    remove: () => {
      clearTimeout(timer)
      stop.remove()
    },
  }
}

function listen(data, setTriggerValue, ground, ink) {
  const cover = coverOf(data, ground, ink)
  let wanted = null
  let frame = 0
  let pressed = null

  const show = async (place) => {
    const ready = decoderOf(data.decoder)
    if (!ready) return null
    try {
      const decoder = await ready
      return wanted === place ? cover.show(place, decoder) : null
    } catch {
      return null // The place that was clicked stays in view.
    }
  }
  const ask = (place) => {
    wanted = place
    if (!frame) {
      frame = requestAnimationFrame(() => {
        frame = 0
        if (wanted) show(wanted)
      })
    }
  }
  const leave = () => {
    wanted = null
    cover.hide()
  }
  const hostOf = (event) => event.target?.closest?.("." + data.host) ?? null
  const under = (event) => {
    const host = hostOf(event)
    return host && onFigure(event) ? placeAt(host, event.clientX, event.clientY) : null
  }
  const move = (event) => {
    if (event.pointerType === "touch" || event.buttons) return
    const place = under(event)
    if (place) ask(place)
    else if (wanted && !document.activeElement?.matches(".vampscope-keys:focus-visible")) leave()
  }
  const down = (event) => {
    pressed = event.pointerType === "touch" && event.isPrimary ? { x: event.clientX, y: event.clientY } : null
  }
  const up = (event) => {
    if (!pressed || Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y) > STILL) return
    const place = under(event)
    if (place) ask(place)
  }
  const out = (event) => {
    if (!event.relatedTarget && event.pointerType !== "touch") leave()
  }
  const keys = keyboard(data, data.colour, {
    moved: (place) => {
      wanted = place
      return show(place)
    },
    chosen: (place) => setTriggerValue("pick", place),
    left: leave,
  })
  document.addEventListener("pointermove", move, true)
  document.addEventListener("pointerdown", down, true)
  document.addEventListener("pointerup", up, true)
  document.addEventListener("pointerout", out, true)
  return {
    // The place that was clicked is another, and the server has shown it: what a tap showed meanwhile is not needed.
    renew: (mark) => {
      keys.renew(mark)
      if (!matchMedia("(hover: hover)").matches) leave()
    },
    stop: () => {
      cancelAnimationFrame(frame)
      document.removeEventListener("pointermove", move, true)
      document.removeEventListener("pointerdown", down, true)
      document.removeEventListener("pointerup", up, true)
      document.removeEventListener("pointerout", out, true)
      keys.remove()
      cover.remove()
    },
  }
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const { mark, ...asked } = data
  const same = JSON.stringify(asked)
  const before = hovers.get(parentElement)
  // A click changes the mark alone: focus and cursor stay.
  if (before?.same === same) before.renew(mark)
  else {
    before?.stop()
    const look = getComputedStyle(parentElement.host ?? parentElement)
    const ground = look.getPropertyValue("--st-background-color") || "Canvas"
    const ink = look.getPropertyValue("--st-text-color") || "CanvasText"
    hovers.set(parentElement, { same, ...listen({ ...data }, setTriggerValue, ground, ink) })
  }
  return () => {
    hovers.get(parentElement)?.stop()
    hovers.delete(parentElement)
  }
}
