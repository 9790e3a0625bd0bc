// The bounds of all priors through the epochs, with a line at the moment that is shown.

const GUTTER = { left: 62, right: 92, top: 10, bottom: 26 }
const SIZE = 14

// Where the picture of the bounds lies in its canvas; shared with what listens to the pointer there.
export const boundsAcross = (width) => ({ left: GUTTER.left, right: width - (width < 520 ? 74 : GUTTER.right) })

export function drawBounds(drawing, films, parts, moments, place, inks) {
  const { context, width, height } = drawing
  if (!width) return
  const { left, right } = boundsAcross(width)
  const [top, bottom] = [GUTTER.top, height - GUTTER.bottom]
  const last = moments.length - 1
  const x = (where) => left + ((right - left) * where) / last
  const known = films.map((film) => curvesOf(film, moments))
  const [low, high] = rangeOf(known, last)
  const y = (value) => bottom - ((bottom - top) * (value - low)) / (high - low)
  drawAxes(context, { left, right, top, bottom, x, y, low, high, width }, moments, inks)
  const here = x(place)
  for (const [from, to, opacity] of [[left - 1, right + 1, 0.3], [left - 1, here, 1]]) {
    context.save()
    context.beginPath()
    context.rect(from, top - 4, to - from, bottom - top + 8)
    context.clip()
    context.globalAlpha = opacity
    known.forEach((curves, i) => drawCurves(context, curves, parts[i], x, y))
    context.restore()
  }
  context.globalAlpha = 0.75
  context.strokeStyle = inks.ink
  context.lineWidth = 1.5
  context.beginPath()
  context.moveTo(here, top - 6)
  context.lineTo(here, bottom + 4)
  context.stroke()
  context.globalAlpha = 1
  known.forEach((curves, i) => drawDot(context, curves, parts[i], place, x, y, low, inks))
  drawEnds(context, known, parts, right, y, top, bottom, inks)
}

// Of each epoch its place among the moments and both bounds.
function curvesOf(film, moments) {
  if (film.curves?.moments === moments) return film.curves
  const rows = []
  for (let i = 0; i < film.bounds.length; i += 3) {
    const [epoch, training, validation] = film.bounds.subarray(i, i + 3)
    rows.push({ at: placeOf(moments, epoch), training, validation })
  }
  film.curves = { moments, rows }
  return film.curves
}

// What happens in the first part of the axis, where bounds rise from far below, is cut off.
function rangeOf(known, last) {
  let [low, high] = [Infinity, -Infinity]
  for (const { rows } of known) {
    for (const { at, training, validation } of rows) {
      for (const value of [training, validation].filter(Number.isFinite)) {
        if (at >= 0.2 * last) low = Math.min(low, value)
        high = Math.max(high, value)
      }
    }
  }
  if (!Number.isFinite(low)) low = Number.isFinite(high) ? high - 1 : 0
  if (!(high > low)) high = low + 1
  return [low - 0.06 * (high - low), high + 0.08 * (high - low)]
}

function drawCurves(context, { rows }, part, x, y) {
  context.strokeStyle = part.line
  for (const [name, dash, wide] of [["training", [1.5, 4], 1.6], ["validation", [], 2]]) {
    context.setLineDash(dash)
    context.lineWidth = wide
    context.beginPath()
    let drawn = false
    for (const row of rows) {
      if (!Number.isFinite(row[name])) continue
      context[drawn ? "lineTo" : "moveTo"](x(row.at), y(row[name]))
      drawn = true
    }
    context.stroke()
  }
  context.setLineDash([])
}

function drawDot(context, { rows }, part, place, x, y, low, inks) {
  const row = rows.findLast((each) => each.at <= place + 1e-6)
  if (!row || !(row.validation > low)) return
  context.beginPath()
  context.arc(x(row.at), y(row.validation), 4, 0, 2 * Math.PI)
  context.fillStyle = part.line
  context.strokeStyle = inks.paper
  context.lineWidth = 2
  context.stroke()
  context.fill()
}

// Short names at the ends of the validation curves, moved apart where these end close together.
function drawEnds(context, known, parts, right, y, top, bottom, inks) {
  const ends = known.map(({ rows }, i) => ({ part: parts[i], at: y(rows.at(-1)?.validation ?? NaN) }))
  const shown = ends.filter((each) => Number.isFinite(each.at)).sort((a, b) => a.at - b.at)
  const apart = SIZE + 3
  for (let i = 0; i < shown.length; i++) shown[i].at = Math.max(shown[i].at, i ? shown[i - 1].at + apart : top)
  const over = (shown.at(-1)?.at ?? 0) - bottom
  if (over > 0) for (const each of shown) each.at -= over
  context.font = `600 ${SIZE}px ${inks.font}`
  context.textAlign = "left"
  context.textBaseline = "middle"
  for (const { part, at } of shown) {
    context.fillStyle = part.text
    context.fillText(part.short, right + 8, at)
  }
}

function drawAxes(context, area, moments, inks) {
  const { left, right, top, bottom, x, y, low, high } = area
  context.font = `400 ${SIZE}px ${inks.font}`
  context.fillStyle = context.strokeStyle = inks.ink
  context.lineWidth = 1
  context.textAlign = "right"
  context.textBaseline = "middle"
  const step = niceStep(high - low, 3)
  for (let value = Math.ceil(low / step) * step; value <= high; value += step) {
    context.globalAlpha = 0.14
    context.beginPath()
    context.moveTo(left, Math.round(y(value)) + 0.5)
    context.lineTo(right, Math.round(y(value)) + 0.5)
    context.stroke()
    context.globalAlpha = 0.72
    context.fillText(signed(value, step < 1 ? 1 : 0), left - 8, y(value))
  }
  context.textBaseline = "top"
  let taken = -Infinity
  for (const { place, epoch } of ticksOf(moments)) {
    const text = `${epoch}`
    const half = context.measureText(text).width / 2
    if (x(place) - half < taken) continue
    context.textAlign = "center"
    context.fillText(text, x(place), bottom + 8)
    taken = x(place) + half + 18
  }
  if (taken < right + 10) {
    context.textAlign = "right"
    context.fillText("epoch", Math.max(right, taken + 44), bottom + 8)
  } else {
    context.textAlign = "left"
    context.fillText("epoch", taken - 6, bottom + 8)
  }
  context.globalAlpha = 1
}

// Round epochs where moments are many, else the moments themselves.
function ticksOf(moments) {
  const last = moments.length - 1
  if (last <= 12) return moments.map((epoch, place) => ({ place, epoch: Math.round(epoch) }))
  const step = Math.max(1, niceStep(moments[last] - moments[0], 6))
  const ticks = []
  for (let epoch = Math.ceil(moments[0] / step) * step; epoch <= moments[last]; epoch += step) {
    ticks.push({ place: placeOf(moments, epoch), epoch })
  }
  return ticks
}

function niceStep(span, count) {
  const rough = span / count
  const power = 10 ** Math.floor(Math.log10(rough))
  return [1, 2, 5, 10].map((each) => each * power).find((each) => each >= 0.99 * rough)
}

export const signed = (value, digits) => value.toFixed(digits).replace("-", "\u2212")
