// Plays the trainings of an experiment's priors in step: maps, the bounds below them, and a bar to play and to move by.

const players = new WeakMap() // the component's element -> its player
const SPEEDS = [0.5, 1, 2]
const SECONDS_A_MOMENT = 0.22
const [SHORTEST, LONGEST] = [6, 14] // seconds of a film at speed 1
const STILL = "(prefers-reduced-motion: reduce)"
const PLAY = '<svg viewBox="0 0 16 16" aria-hidden="true"><path d="M4 2.5v11l9-5.5z"/></svg>'
const PAUSE = '<svg viewBox="0 0 16 16" aria-hidden="true"><path d="M3.5 2.5h3v11h-3zM9.5 2.5h3v11h-3z"/></svg>'

class Player {
  constructor(root, component) {
    this.root = root
    this.find = (name) => root.querySelector(`.${name}`)
    this.still = window.matchMedia(STILL)
    this.films = []
    this.place = 0
    this.speed = 1
    this.playing = this.wanted = this.asked = false
    this.frame = 0
    this.ringed = null
    this.resized = new ResizeObserver(() => this.ask())
    this.seen = new IntersectionObserver((entries) => entries.some((each) => each.isIntersecting) && this.inView())
    this.listen()
    this.update(component)
    this.resized.observe(root)
    this.seen.observe(root)
  }

  // What the page says: which films, in which colours, and whether they are shown at once.
  update(component) {
    const before = this.data?.parts.map((part) => part.film.digest).join()
    this.data = component.data
    this.root.setAttribute("aria-label", this.data.label)
    this.find("note").textContent = this.data.note
    if (before !== this.data.parts.map((part) => part.film.digest).join()) {
      this.stop()
      this.films = []
      this.pictures = null
      this.loading = null
      this.build()
      if (before !== undefined && this.opened) this.load()
    }
    if (this.data.open) this.open()
    this.show()
    this.ask()
  }

  // A figure for each film under its prior's name and colour, and one for the pseudo-inputs.
  build() {
    const maps = this.find("maps")
    maps.replaceChildren()
    this.maps = this.data.parts.map((part) => {
      const canvas = element("canvas", { role: "img", "aria-label": part.alt })
      const value = element("span", { class: "value" })
      const rule = element("div", { class: "rule" })
      rule.style.background = part.colour
      maps.append(element("figure", {}, rule, element("figcaption", {}, element("b", {}, part.label), value), canvas))
      return { canvas, value, lattice: null }
    })
    this.tiles = null
    if (this.data.pictures) {
      const canvas = element("canvas", { role: "img", "aria-label": "Pseudo-inputs" })
      const value = element("span", { class: "value" })
      const caption = element("figcaption", {}, element("b", {}, "Pseudo-inputs"), value)
      maps.append(element("figure", { class: "tiles" }, element("div", { class: "rule" }), caption, canvas))
      this.tiles = { canvas, value, where: null }
      canvas.addEventListener("pointermove", (event) => this.ring(event))
      canvas.addEventListener("pointerleave", () => this.ring(null))
    }
    maps.style.setProperty("--count", this.maps.length + (this.tiles ? 1 : 0))
    this.root.classList.toggle("single", this.maps.length === 1)
  }

  listen() {
    const speeds = this.find("speeds")
    for (const speed of SPEEDS) {
      const button = element("button", { type: "button", "aria-label": `Speed ${speed}` }, `${speed}\u00d7`)
      button.onclick = () => {
        this.speed = speed
        this.show()
      }
      speeds.append(button)
    }
    this.find("play").onclick = () => this.toggle()
    this.find("scrub").oninput = () => {
      const share = Number(this.find("scrub").value)
      this.moveBy(() => share * this.end)
    }
    this.root.addEventListener("keydown", (event) => this.key(event))
    const bounds = this.find("bounds")
    const drag = (event) => {
      if (!this.films.length || !(event.buttons & 1)) return
      const box = bounds.getBoundingClientRect()
      const { left, right } = boundsAcross(box.width)
      this.moveBy(() => ((event.clientX - box.left - left) / (right - left)) * this.end)
    }
    bounds.addEventListener("pointerdown", (event) => {
      bounds.setPointerCapture(event.pointerId)
      drag(event)
    })
    bounds.addEventListener("pointermove", drag)
  }

  get end() {
    return this.films.length ? this.moments.length - 1 : 1
  }

  key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return
    const far = event.shiftKey ? 5 : 1
    const moves = {
      ArrowRight: () => Math.floor(this.place + 1e-6) + far, ArrowUp: () => Math.floor(this.place + 1e-6) + far,
      ArrowLeft: () => Math.ceil(this.place - 1e-6) - far, ArrowDown: () => Math.ceil(this.place - 1e-6) - far,
      PageUp: () => this.place + 5, PageDown: () => this.place - 5, Home: () => 0, End: () => this.end,
    }
    if (event.key === " " && event.target.tagName !== "BUTTON") this.toggle()
    else if (event.key in moves) this.moveBy(moves[event.key])
    else return
    event.preventDefault()
    event.stopPropagation()
  }

  // Puts the play head at a place, after the films have come.
  async moveBy(place) {
    this.stop()
    if (!(await this.load())) return
    this.open()
    this.place = Math.min(this.end, Math.max(0, place()))
    this.show()
    this.ask()
  }

  async toggle() {
    if (this.playing || this.wanted) {
      this.stop()
      this.show()
      return
    }
    const opening = !this.opened
    this.wanted = true
    this.open()
    this.show()
    const loaded = await this.load()
    if (!this.wanted) return
    this.wanted = false
    if (!loaded) return
    if (opening) this.root.scrollIntoView({ block: "nearest", behavior: this.still.matches ? "auto" : "smooth" })
    if (this.place >= this.end) this.place = 0
    this.playing = true
    this.then = null
    this.show()
    this.ask()
  }

  stop() {
    this.playing = this.wanted = false
  }

  open() {
    this.opened = true
    this.root.classList.add("opened")
    if (this.visible) this.load()
  }

  inView() {
    this.visible = true
    if (!this.opened) return
    const once = this.data.autoplay && !this.asked && !this.still.matches
    this.asked = true
    this.load().then((loaded) => loaded && once && !this.playing && this.place >= this.end && this.toggle())
  }

  // The films from the server, once; whether they are there.
  load() {
    this.loading ??= this.gather()
    return this.loading
  }

  async gather() {
    const { parts, pictures } = this.data
    const now = (this.gathered = Symbol("films"))
    this.say("Loading the film")
    try {
      const films = await Promise.all(parts.map(async (part) => filmOf(await fetched(part.film))))
      const shown = pictures ? picturesOf(await fetched(pictures)) : null
      if (now !== this.gathered) return false
      this.films = films
      this.pictures = shown
    } catch {
      this.loading = null
      this.say("The film could not be loaded. Reload the page.")
      return false
    }
    this.moments = momentsOf(this.films)
    this.maps.forEach((map, i) => (map.lattice = new Lattice(this.films[i].window, this.films[i].count)))
    this.place = this.end
    this.show()
    this.ask()
    return true
  }

  ask() {
    if (!this.frame) this.frame = requestAnimationFrame((now) => this.draw(now))
  }

  draw(now) {
    this.frame = 0
    if (!this.films.length || !this.root.isConnected) return
    if (this.playing) {
      const seconds = Math.min(LONGEST, Math.max(SHORTEST, SECONDS_A_MOMENT * this.end)) / this.speed
      const passed = this.then === null ? 0 : Math.min(250, now - this.then)
      this.then = now
      this.place = Math.min(this.end, this.place + (passed / 1000) * (this.end / seconds))
      if (this.place >= this.end) this.stop()
      this.show()
    }
    if (this.opened) this.picture()
    if (this.playing) this.ask()
  }

  picture() {
    const { data, films, moments } = this
    const jumps = this.still.matches
    const place = jumps ? Math.floor(this.place + 1e-6) : this.place
    const epoch = epochAt(moments, place)
    const inks = inksOf(this.root)
    films.forEach((film, i) => {
      moveTo(film, epoch, !jumps)
      drawMap(this.maps[i].canvas, film, this.maps[i].lattice, data.parts[i], data.classes, inks, this.ringed)
    })
    drawBounds(cleared(this.find("bounds")), films, data.parts, moments, place, inks)
    if (this.tiles) {
      const near = this.pictures.epochs.reduce((a, b) => (Math.abs(b - epoch) < Math.abs(a - epoch) ? b : a))
      const index = this.pictures.epochs.indexOf(near)
      this.tiles.where = drawPictures(this.tiles.canvas, this.pictures, index, inks, this.ringed, data.parts[0].ring)
    }
  }

  ring(event) {
    const where = this.tiles.where
    let k = null
    if (event && where) {
      const box = this.tiles.canvas.getBoundingClientRect()
      const column = Math.floor((event.clientX - box.left) / where.tile)
      k = Math.floor((event.clientY - box.top) / where.high) * where.columns + column
      if (column >= where.columns || k >= where.count) k = null
    }
    if (k === this.ringed) return
    this.ringed = k
    this.ask()
  }

  say(words) {
    const said = this.find("said")
    if (said.textContent !== words) said.textContent = words
  }

  // The bar and the words: what they say is announced where somebody moves, and not while it plays.
  show() {
    const { playing } = this
    const busy = playing || this.wanted
    const play = this.find("play")
    const word = busy ? "Pause" : this.opened ? (this.films.length && this.place < this.end ? "Play" : "Play again") : this.data.word
    if (play.dataset.word !== word) {
      play.dataset.word = word
      play.innerHTML = `${busy ? PAUSE : PLAY}<span></span>`
      play.querySelector("span").textContent = this.data.word === "Play" && word === "Play again" ? "Play" : word
    }
    this.find("speeds").childNodes.forEach((button, i) => button.setAttribute("aria-pressed", SPEEDS[i] === this.speed))
    this.root.querySelector("output").setAttribute("aria-live", playing ? "off" : "polite")
    if (!this.films.length) return
    const { parts } = this.data
    const last = Math.round(this.moments.at(-1))
    const epoch = epochAt(this.moments, this.still.matches ? Math.floor(this.place + 1e-6) : this.place)
    const whole = Math.floor(epoch + 1e-6)
    const values = this.films.map((film) => {
      const row = rowAt(film, epoch)
      return row < 0 ? null : film.bounds[3 * row + 2]
    })
    this.maps.forEach((map, i) => {
      const text = values[i] === null ? (this.films[i].bounds.length ? "before training" : "") : `ELBO ${signed(values[i], 1)} nats`
      if (map.value.textContent !== text) map.value.textContent = text
    })
    if (this.tiles) {
      const near = this.pictures.epochs.reduce((a, b) => (Math.abs(b - epoch) < Math.abs(a - epoch) ? b : a))
      const text = near === 0 ? "before training" : `after epoch ${near}, the nearest that was kept`
      if (this.tiles.value.textContent !== text) this.tiles.value.textContent = text
    }
    const when = `Epoch ${whole} of ${last}`
    const bounds = parts.map((part, i) => (values[i] === null ? `${part.label} before training` : `${part.label} ${signed(values[i], 1)}`))
    this.say(when)
    const bound = this.find("heard")
    const heard = `. Validation ELBO in nats an image: ${bounds.join(", ")}`
    if (bound.textContent !== heard) bound.textContent = heard
    const scrub = this.find("scrub")
    scrub.value = this.place / this.end
    scrub.setAttribute("aria-valuetext", when)
    this.root.style.setProperty("--played", `${(100 * this.place) / this.end}%`)
  }

  dispose() {
    this.stop()
    cancelAnimationFrame(this.frame)
    this.resized.disconnect()
    this.seen.disconnect()
  }
}

export default function (component) {
  const { parentElement } = component
  const root = parentElement.querySelector(".film")
  const known = players.get(root)
  if (known) known.update(component)
  else players.set(root, new Player(root, component))
  const player = players.get(root)
  return () => {
    // Also called between two runs of a page that keeps the component.
    setTimeout(() => {
      if (root.isConnected) return
      player.dispose()
      players.delete(root)
    }, 0)
  }
}
