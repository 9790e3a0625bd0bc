// Shows trainings that are under way: maps that follow their newest records, and the bounds so far.

const shown = new WeakMap() // the component's element -> its race
const [SOON, LATER] = [400, 2000] // milliseconds between two questions, in a page that is seen and in one that is not
const SECONDS_BEHIND = 0.8 // in which what is seen comes near to the newest record
const [NEAR, SEEN_BEFORE] = [0.002, 3]
const MONTH = 30 * 86400 // seconds
// Of a window: points left out on each side, deviations of a component that has such a weight, room around all, the
// least half of a side, and by how much it may be another than the grid's.
const [LEFT_OUT, DEVIATIONS, HEAVY, ROOM, LEAST, REGRID] = [0.01, 2.2, 0.01, 1.06, 1.5, 0.08]
const MOVING = ["waiting", "training"]
const WORDS = { waiting: "Waiting to begin", interrupted: "Interrupted", stopped: "Stopped", finished: "Finished", failed: "Failed" }

// One prior: what has come of it, and what is seen of it.
class Lane {
  constructor(part, maps) {
    this.part = part
    this.canvas = element("canvas", { role: "img", "aria-label": part.alt })
    this.value = element("span", { class: "value" })
    const rule = element("div", { class: "rule" })
    rule.style.background = part.colour
    const caption = element("figcaption", {}, element("b", {}, part.label), this.value)
    maps.append(element("figure", {}, rule, caption, this.canvas))
    this.begin({ begun: 0 })
  }

  begin(head) {
    Object.assign(this, { begun: head.begun, received: 0, records: [], head: 0, rows: [], seen: null, lattice: null })
    const { points = 0, components = 0, labels = [], classes = [] } = head
    this.classes = classes
    this.film = {
      points, labels, count: components, size: 6 * components, bounds: new Float32Array(),
      now: { points: new Float32Array(2 * points), components: new Float32Array(6 * components) },
    }
  }

  // Takes what has come: the numbers of all new records, and the last ones whole.
  take(head, buffer, start) {
    if (head.first === 0) this.begin(head)
    this.received = head.count
    const numbers = new Float32Array(buffer, start, 8 * head.rows)
    for (let i = 0; i < numbers.length; i += 8) {
      const [, , train, validation, , whole] = numbers.subarray(i, i + 6)
      if (whole > (this.rows.at(-1)?.[0] ?? 0) && Number.isFinite(validation)) this.rows.push([whole, train, validation])
    }
    this.film.bounds = new Float32Array(this.rows.flat())
    const { points, size } = this.film
    let at = start + numbers.byteLength
    for (let i = 0; i < head.whole; i++) {
      const scale = new Float32Array(buffer, at, 8)[4]
      const places = Float32Array.from(new Int16Array(buffer, at + 32, 2 * points), (step) => step * scale)
      const components = new Float32Array(buffer, at + 32 + 4 * points, size).slice()
      for (let k = 5; k < size; k += 6) components[k] = Math.exp(components[k])
      this.records.push({ places, components, square: squareOf(places, components) })
      at += 32 + 4 * points + 4 * size
    }
    return at
  }

  // Moves on by so many seconds; whether there is more to come.
  move(seconds) {
    const { records, film } = this
    if (!records.length) return false
    const end = records.length - 1
    const share = Math.min(1, seconds / SECONDS_BEHIND)
    this.head += (end - this.head) * share
    if (end - this.head < NEAR) this.head = end
    const gone = Math.floor(this.head) - SEEN_BEFORE
    if (gone > 0) {
      records.splice(0, gone)
      this.head -= gone
    }
    const from = Math.floor(this.head)
    const [before, after] = [records[from], records[Math.min(from + 1, records.length - 1)]]
    const within = this.head - from
    for (let i = 0; i < before.places.length; i++) film.now.points[i] = before.places[i] + within * (after.places[i] - before.places[i])
    blend(film.now.components, before.components, after.components, within)
    const wanted = after.square
    this.seen = this.seen ? this.seen.map((value, i) => value + (wanted[i] - value) * share) : wanted
    const still = farthest(this.seen, wanted) < 0.005
    if (still) this.seen = wanted
    const [x, y, half] = this.seen
    film.window = { left: x - half, right: x + half, bottom: y - half, top: y + half }
    if (!this.lattice || farthest(this.seen, this.grid) > REGRID) {
      this.grid = this.seen
      this.lattice = new Lattice(film.window, film.count)
    }
    return this.head < records.length - 1 || !still
  }
}

// Middle and half a side of a square that holds nearly all places, and the components that count.
function squareOf(places, components) {
  const [low, high] = [[], []]
  for (const axis of [0, 1]) {
    const sorted = places.filter((_, i) => i % 2 === axis).sort()
    const out = Math.floor(LEFT_OUT * sorted.length)
    let [from, to] = [sorted[out], sorted[sorted.length - 1 - out]]
    for (let k = 0; k < components.length; k += 6) {
      if (!(components[k + 5] > HEAVY)) continue
      const reach = DEVIATIONS * Math.sqrt(components[k + 2 + 2 * axis])
      from = Math.min(from, components[k + axis] - reach)
      to = Math.max(to, components[k + axis] + reach)
    }
    low.push(from)
    high.push(to)
  }
  const half = Math.max(LEAST, (ROOM * Math.max(high[0] - low[0], high[1] - low[1])) / 2)
  return [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2, half]
}

// How far two squares differ, in sides of one.
const farthest = (one, other) => Math.max(...one.map((value, i) => Math.abs(value - other[i]))) / one[2]

class Race {
  constructor(root, component) {
    this.root = root
    this.find = (name) => root.querySelector(`.${name}`)
    this.still = window.matchMedia("(prefers-reduced-motion: reduce)")
    this.frame = 0
    this.resized = new ResizeObserver(() => this.ask())
    this.update(component)
    this.resized.observe(root)
  }

  update(component) {
    const before = this.data?.address
    this.data = component.data
    this.send = component.setTriggerValue
    this.find("note").textContent = this.data.note
    if (this.data.cookie) document.cookie = `${this.data.cookie}; path=/; max-age=${MONTH}; samesite=strict`
    if (before !== this.data.address) {
      const maps = this.find("maps")
      maps.replaceChildren()
      maps.style.setProperty("--count", this.data.parts.length)
      this.root.classList.toggle("single", this.data.parts.length === 1)
      this.lanes = this.data.parts.map((part) => new Lane(part, maps))
      this.told = this.data.state
      this.follow()
    } else if (this.told !== this.data.state) {
      this.told = this.data.state
      this.follow()
    }
    this.ask()
  }

  // Asks for what is new, again and again while the race goes on.
  async follow() {
    clearTimeout(this.timer)
    const mine = (this.following = Symbol("race"))
    let state = null
    try {
      const have = this.lanes.map((lane) => `${lane.begun}:${lane.received}`).join()
      const answer = await fetch(`${this.data.address}?have=${have}`)
      if (!answer.ok) throw new Error(`no race: ${answer.status}`)
      const sent = new Uint8Array(await answer.arrayBuffer())
      if (mine !== this.following || !this.root.isConnected) return
      state = this.take(sent)
    } catch {
      if (mine !== this.following) return
      this.say("The server does not answer. The race continues without it.")
    }
    if (state !== null && !MOVING.includes(state) && state !== this.told) {
      this.told = state
      this.send?.("ended", state)
    }
    if (state === null || MOVING.includes(state)) this.timer = setTimeout(() => this.follow(), document.hidden ? LATER : SOON)
  }

  take(sent) {
    const { head, buffer, start } = split(sent)
    let at = start
    head.films.forEach((each, i) => {
      if (each) at = this.lanes[i].take(each, buffer, at)
    })
    this.runs = head.runs
    const epochs = Math.max(...head.runs.map((run) => run.epochs))
    const most = Math.max(...head.runs.map((run) => run.epoch))
    this.moments = Array.from({ length: Math.max(1, Math.ceil(most)) + 1 }, (_, epoch) => epoch)
    this.most = most
    const doing = WORDS[head.state] ?? `Epoch ${Math.min(epochs, Math.floor(most) + (most < epochs ? 1 : 0))} of ${epochs}`
    const trained = head.seconds >= 1 ? `${Math.round(head.seconds)} s of training` : ""
    this.say([doing, trained, head.left].filter(Boolean).join(", "))
    head.runs.forEach((run, i) => {
      const elbo = run.validation_elbo === null ? (run.epoch > 0 ? "first epoch" : "before training") : `${signed(run.validation_elbo, 1)} nats`
      this.lanes[i].value.textContent = run.error ? "failed" : elbo
    })
    this.ask()
    return head.state
  }

  say(words) {
    const said = this.find("said")
    if (said.textContent !== words) said.textContent = words
  }

  ask() {
    if (!this.frame) this.frame = requestAnimationFrame((now) => this.draw(now))
  }

  draw(now) {
    this.frame = 0
    if (!this.root.isConnected || !this.runs) return
    const seconds = this.still.matches ? Infinity : this.then ? Math.min(0.25, (now - this.then) / 1000) : 0.016
    this.then = now
    const inks = inksOf(this.root)
    let more = false
    for (const lane of this.lanes) {
      more = lane.move(seconds) || more
      const classes = lane.classes.map((name, i) => ({ name, colour: this.data.colours[i % this.data.colours.length] }))
      if (lane.records.length) drawMap(lane.canvas, lane.film, lane.lattice, lane.part, classes, inks, null)
    }
    const known = this.lanes.some((lane) => lane.rows.length)
    this.find("curves").style.visibility = known ? "visible" : "hidden"
    if (known) {
      const films = this.lanes.map((lane) => lane.film)
      drawBounds(cleared(this.find("bounds")), films, this.data.parts, this.moments, placeOf(this.moments, this.most), inks)
    }
    if (more) this.ask()
    else this.then = null
  }

  dispose() {
    clearTimeout(this.timer)
    this.following = null
    cancelAnimationFrame(this.frame)
    this.resized.disconnect()
  }
}

export default function (component) {
  const root = component.parentElement.querySelector(".film")
  if (shown.has(root)) shown.get(root).update(component)
  else shown.set(root, new Race(root, component))
  const race = shown.get(root)
  return () => {
    // Also called between two runs of a page that keeps the component.
    setTimeout(() => {
      if (root.isConnected) return
      race.dispose()
      shown.delete(root)
    }, 0)
  }
}
