// A wall of tiles, one for each component of a prior. A click, a tap or an arrow key chooses one; the wall itself stays.
//
// Its content is a header and a PNG: the pseudo-inputs, where there are any, and then the decoded means, in cells.

const REST = 150 // milliseconds that a key rests before what it chose is reported
const RETRY = 100 // milliseconds until a content that the page carries is looked for again

const walls = new WeakMap() // parentElement -> its wall

class Wall {
  constructor(root) {
    this.root = root
    this.drawn = ""
    this.timer = 0
    this.retry = 0
    this.sheet = null
    this.awaited = null
    root.addEventListener("click", (event) => {
      const tile = event.target.closest(".tile")
      if (tile) this.choose(Number(tile.dataset.component), 0)
    })
    root.addEventListener("keydown", (event) => this.key(event))
  }

  follow(data) {
    this.data = data
    this.root.setAttribute("aria-label", data.label)
    this.root.style.setProperty("--mark", data.mark)
    this.draw()
    // What the server shows may be older than what was chosen here since.
    if (this.timer || (this.awaited !== null && data.chosen !== this.awaited)) return
    this.awaited = null
    this.mark(data.chosen)
  }

  draw() {
    clearTimeout(this.retry)
    const { content, order, show } = this.data
    const same = JSON.stringify([content.digest, order, show])
    if (same === this.drawn) return
    const sent = contentOf(content)
    if (!sent) {
      this.retry = setTimeout(() => this.draw(), RETRY)
      return
    }
    this.drawn = same
    sent.then((bytes) => {
      if (this.drawn !== same) return
      this.fill(bytes)
      this.mark(this.chosen ?? this.data.chosen)
    })
  }

  fill(bytes) {
    const { header, rest } = framed(bytes)
    const { ids, columns, rows, aspect, learned, words, labels } = header
    const { order, show, least, many } = this.data
    const old = this.sheet
    this.sheet = URL.createObjectURL(new Blob([rest()], { type: "image/png" }))
    const given = { least: `${least}px`, aspect, size: `${100 * columns}% ${100 * rows}%`, sheet: `url(${this.sheet})` }
    for (const [name, value] of Object.entries(given)) this.root.style.setProperty(`--${name}`, value)
    this.root.classList.toggle("many", many)
    const share = (at, count) => (count > 1 ? (100 * at) / (count - 1) : 0)
    const image = (cell, name) => {
      const found = document.createElement("span")
      if (name) found.className = name
      found.style.backgroundPosition = `${share(cell % columns, columns)}% ${share(Math.floor(cell / columns), rows)}%`
      return found
    }
    const picture = (...images) => {
      const found = document.createElement("div")
      found.className = "picture"
      found.append(...images)
      return found
    }
    const place = new Map(ids.map((k, i) => [k, i]))
    const tileOf = (k) => {
      const i = place.get(k)
      const tile = document.createElement("div")
      tile.className = "tile"
      tile.id = `tile-${k}`
      tile.dataset.component = k
      tile.title = labels[i]
      tile.setAttribute("role", "option")
      tile.setAttribute("aria-label", labels[i])
      const decoded = learned ? ids.length + i : i
      if (!learned) tile.append(picture(image(decoded)))
      else if (show === "decoded") tile.append(picture(image(decoded), image(i, "over")))
      else tile.append(picture(image(i), image(decoded, "over")))
      if (show === "pairs") tile.append(picture(image(decoded)))
      if (!many) {
        const below = document.createElement("div")
        below.className = "words"
        const [name, share] = words[i]
        for (const [kind, text] of [["b", name], ["span", share]]) {
          const part = document.createElement(kind)
          part.textContent = text
          if (text) below.append(part)
        }
        tile.append(below)
      }
      return tile
    }
    this.root.replaceChildren(...order.filter((k) => place.has(k)).map(tileOf))
    if (old) URL.revokeObjectURL(old)
  }

  mark(k) {
    this.chosen = k
    for (const tile of this.root.children) tile.setAttribute("aria-selected", String(Number(tile.dataset.component) === k))
    const there = [...this.root.children].some((tile) => Number(tile.dataset.component) === k)
    if (there) this.root.setAttribute("aria-activedescendant", `tile-${k}`)
    else this.root.removeAttribute("aria-activedescendant")
  }

  choose(k, delay) {
    this.mark(k)
    this.awaited = k
    clearTimeout(this.timer)
    this.timer = setTimeout(() => {
      this.timer = 0
      this.report(k)
    }, delay)
  }

  key(event) {
    const tiles = [...this.root.children]
    if (!tiles.length || event.altKey || event.ctrlKey || event.metaKey) return
    const at = tiles.findIndex((tile) => tile.getAttribute("aria-selected") === "true")
    const columns = tiles.filter((tile) => tile.offsetTop === tiles[0].offsetTop).length
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }
    let to = at + steps[event.key]
    if (event.key === "Home") to = 0
    else if (event.key === "End") to = tiles.length - 1
    else if (!(event.key in steps)) return
    event.preventDefault()
    event.stopPropagation()
    const tile = at < 0 ? tiles[0] : tiles[to]
    if (!tile || to === at) return
    this.choose(Number(tile.dataset.component), REST)
    tile.scrollIntoView({ block: "nearest" })
  }

  stop() {
    clearTimeout(this.timer)
    clearTimeout(this.retry)
    if (this.sheet) URL.revokeObjectURL(this.sheet)
  }
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  if (!walls.has(parentElement)) walls.set(parentElement, new Wall(parentElement.querySelector(".wall")))
  const wall = walls.get(parentElement)
  wall.report = (k) => setTriggerValue("pick", { component: k })
  wall.follow(data)
  return () => {
    wall.stop()
    walls.delete(parentElement)
  }
}
