// What a film looks like: a map of one prior, the bounds of all of them, and pictures of pseudo-inputs.

const LINES = [[1.9, 0.95], [1.5, 0.75], [1.2, 0.55], [1, 0.42]] // width and opacity, from the innermost on
const FEW = 64 // components with marks of full size
const LETTERS = 14

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value)
  made.append(...children)
  return made
}

// The inks of the page's theme, which Streamlit gives as variables.
export function inksOf(element) {
  const style = getComputedStyle(element)
  const read = (name, otherwise) => style.getPropertyValue(name).trim() || otherwise
  return {
    ink: read("--st-text-color", "#14181f"),
    paper: read("--st-background-color", "#ffffff"),
    font: read("--st-font", "sans-serif"),
  }
}

export const isDark = (colour) => {
  const channels = colour.match(/^#(..)(..)(..)/)?.slice(1).map((each) => parseInt(each, 16))
  return (channels ?? colour.match(/\d+/g)?.slice(0, 3).map(Number) ?? [255]).reduce((a, b) => a + b, 0) < 384
}

// A canvas' context in pixels of the page, cleared, at the size that it has there.
export function cleared(canvas) {
  const { clientWidth: width, clientHeight: height } = canvas
  const scale = Math.min(2, window.devicePixelRatio || 1)
  const [across, down] = [Math.round(width * scale), Math.round(height * scale)]
  if (canvas.width !== across || canvas.height !== down) {
    canvas.width = across
    canvas.height = down
  }
  const context = canvas.getContext("2d")
  context.setTransform(scale, 0, 0, scale, 0, 0)
  context.clearRect(0, 0, width, height)
  context.lineCap = context.lineJoin = "round"
  return { context, width, height }
}

const SYMBOLS = {
  circle: 0, square: [4, Math.PI / 4, 1.1], diamond: [4, 0, 1.25], "triangle-up": [3, -Math.PI / 2, 1.25], pentagon: [5, -Math.PI / 2, 1.1],
  hexagon: [6, 0, 1.1], star: [4, Math.PI / 4, 1.1], cross: [4, Math.PI / 4, 1.1],
}

function mark(context, symbol, x, y, radius) {
  const shape = SYMBOLS[symbol]
  if (!shape) {
    context.moveTo(x + radius, y)
    context.arc(x, y, radius, 0, 2 * Math.PI)
    return
  }
  const [corners, turn, size] = shape
  for (let i = 0; i <= corners; i++) {
    const angle = turn + (2 * Math.PI * i) / corners
    context[i ? "lineTo" : "moveTo"](x + size * radius * Math.cos(angle), y + size * radius * Math.sin(angle))
  }
}

// One map: lines of the prior's mass, points by class, marks of the components, names of the classes.
export function drawMap(canvas, film, lattice, part, classes, inks, ringed) {
  const { context, width, height } = cleared(canvas)
  if (!width) return
  const { left, right, bottom, top } = film.window
  const [unitX, unitY] = [width / (right - left), height / (top - bottom)]
  const x = (value) => (value - left) * unitX
  const y = (value) => (top - value) * unitY
  if (film.size) drawLines(context, film, lattice, x, y, inks)
  const centres = drawPoints(context, film, classes, x, y, width)
  drawMarks(context, film, part, x, y, width, inks, ringed)
  drawNames(context, centres, classes, width, height, inks)
}

function drawLines(context, film, lattice, x, y, inks) {
  lattice.fill(film.now.components)
  const { left, bottom, stepX, stepY } = lattice
  context.strokeStyle = inks.ink
  // Round ends of a thousand short pieces take five times as long, and are not seen.
  context.lineCap = "butt"
  lattice.levels.forEach((level, i) => {
    ;[context.lineWidth, context.globalAlpha] = LINES[i]
    context.beginPath()
    lattice.trace(level, (x1, y1, x2, y2) => {
      context.moveTo(x(left + x1 * stepX), y(bottom + y1 * stepY))
      context.lineTo(x(left + x2 * stepX), y(bottom + y2 * stepY))
    })
    context.stroke()
  })
  context.lineCap = "round"
  context.globalAlpha = 1
}

// Draws the points, those of a class at a time, and gives the middle of each class.
function drawPoints(context, film, classes, x, y, width) {
  const { points } = film.now
  const radius = Math.max(1.6, Math.min(3, (width / 400) * (film.points > 500 ? 2.3 : 2.9)))
  const centres = []
  film.groups ??= groupsOf(film)
  for (const [label, rows] of film.groups) {
    context.beginPath()
    let [sumX, sumY] = [0, 0]
    for (const row of rows) {
      const [across, down] = [x(points[2 * row]), y(points[2 * row + 1])]
      sumX += across
      sumY += down
      context.moveTo(across + radius, down)
      context.arc(across, down, radius, 0, 2 * Math.PI)
    }
    context.fillStyle = classes[label]?.colour ?? "#8a94a1"
    context.globalAlpha = label < 0 ? 0.55 : 0.68
    context.fill()
    if (label >= 0) centres.push({ label, x: sumX / rows.length, y: sumY / rows.length, count: rows.length })
  }
  context.globalAlpha = 1
  return centres
}

function groupsOf(film) {
  const groups = new Map()
  film.labels.forEach((label, row) => (groups.get(label) ?? groups.set(label, []).get(label)).push(row))
  return groups
}

function drawMarks(context, film, part, x, y, width, inks, ringed) {
  const { components } = film.now
  const { count } = film
  if (count < 2) return
  const size = (count > FEW ? 1.5 : 4.4) * Math.max(0.75, Math.min(1.15, width / 380))
  const place = (k) => [x(components[6 * k]), y(components[6 * k + 1])]
  context.beginPath()
  for (let k = 0; k < count; k++) {
    const weight = components[6 * k + 5]
    if (weight > 0) mark(context, part.symbol, ...place(k), size * Math.max(0.6, Math.min(1.7, Math.sqrt(weight * count))))
  }
  if (count <= FEW) {
    context.lineWidth = 4
    context.strokeStyle = inks.paper
    context.globalAlpha = 0.85
    context.stroke()
    context.globalAlpha = 1
    context.lineWidth = 2
    context.strokeStyle = part.colour
    context.fillStyle = inks.paper
    context.fill()
    context.stroke()
  } else {
    context.globalAlpha = 0.6
    context.fillStyle = part.colour
    context.fill()
    context.globalAlpha = 1
  }
  if (ringed !== null && ringed < count) {
    context.beginPath()
    mark(context, "circle", ...place(ringed), 11)
    context.lineWidth = 3
    context.strokeStyle = part.ring
    context.stroke()
  }
}

// Names stand at the middle of their class; those that would cover each other give way by and by, not at once.
function drawNames(context, centres, classes, width, height, inks) {
  if (!centres.length || centres.length > 12) return
  const size = width > 250 ? 17 : LETTERS
  context.font = `700 ${size}px ${inks.font}`
  context.textAlign = "center"
  context.textBaseline = "middle"
  const boxes = centres.map((each) => {
    const text = classes[each.label]?.name ?? ""
    return { text, x: each.x, y: each.y, half: context.measureText(text).width / 2 + 3 }
  })
  for (let turn = 0; turn < 14; turn++) {
    for (let i = 0; i < boxes.length; i++) {
      for (let j = 0; j < i; j++) apart(boxes[i], boxes[j], size + 1)
    }
  }
  context.lineWidth = 4
  context.strokeStyle = inks.paper
  context.fillStyle = inks.ink
  for (const box of boxes) {
    const across = Math.min(width - box.half - 2, Math.max(box.half + 2, box.x))
    const down = Math.min(height - size / 2 - 2, Math.max(size / 2 + 2, box.y))
    context.globalAlpha = 0.8
    context.strokeText(box.text, across, down)
    context.globalAlpha = 1
    context.fillText(box.text, across, down)
  }
}

function apart(a, b, high) {
  const [wide, dx, dy] = [a.half + b.half, a.x - b.x, a.y - b.y]
  const [overX, overY] = [wide - Math.abs(dx), high - Math.abs(dy)]
  if (overX <= 0 || overY <= 0) return
  if (overX / wide < overY / high) {
    const step = ((dx < 0 ? -1 : 1) * overX) / 3
    a.x += step
    b.x -= step
  } else {
    const step = ((dy < 0 ? -1 : 1) * overY) / 3
    a.y += step
    b.y -= step
  }
}

// The pseudo-inputs after an epoch, in as many columns as make tiles largest.
export function drawPictures(canvas, pictures, index, inks, ringed, ring) {
  const { context, width, height } = cleared(canvas)
  const [count, channels, rows, across] = pictures.shape
  if (!width || !count) return null
  const { columns, tile } = tilesIn(width, height, count, rows / across)
  const high = (tile * rows) / across
  const dark = isDark(inks.paper)
  pictures.sheets ??= new Map()
  const known = `${index} ${dark}`
  if (!pictures.sheets.has(known)) pictures.sheets.set(known, sheetOf(pictures, index, pictures.binary && !dark))
  context.imageSmoothingEnabled = false
  for (let k = 0; k < count; k++) {
    const [left, top] = [(k % columns) * tile, Math.floor(k / columns) * high]
    context.drawImage(pictures.sheets.get(known), 0, k * rows, across, rows, left + 1, top + 1, tile - 3, high - 3)
    if (k === ringed) {
      context.lineWidth = 3
      context.strokeStyle = ring
      context.strokeRect(left + 1, top + 1, tile - 3, high - 3)
    }
  }
  return { columns, tile, high, count }
}

function tilesIn(width, height, count, aspect) {
  let best = { columns: 1, tile: 0 }
  for (let columns = 1; columns <= count; columns++) {
    const tile = Math.min(width / columns, height / Math.ceil(count / columns) / aspect)
    if (tile > best.tile) best = { columns, tile }
  }
  return best
}

function sheetOf(pictures, index, inverted) {
  const [count, channels, rows, across] = pictures.shape
  const sheet = document.createElement("canvas")
  sheet.width = across
  sheet.height = rows * count
  const context = sheet.getContext("2d")
  const image = context.createImageData(sheet.width, sheet.height)
  const area = rows * across
  const start = index * count * channels * area
  for (let k = 0; k < count; k++) {
    // Each from its darkest value to its brightest: many have little contrast.
    const first = start + k * channels * area
    const values = pictures.pixels.subarray(first, first + channels * area)
    const low = values.reduce((a, b) => Math.min(a, b), 255)
    const span = Math.max(1, values.reduce((a, b) => Math.max(a, b), 0) - low)
    for (let i = 0; i < area; i++) {
      const at = 4 * (k * area + i)
      for (let c = 0; c < 3; c++) {
        const value = (255 * (values[(channels === 3 ? c : 0) * area + i] - low)) / span
        image.data[at + c] = inverted ? 255 - value : value
      }
      image.data[at + 3] = 255
    }
  }
  context.putImageData(image, 0, 0)
  return sheet
}
