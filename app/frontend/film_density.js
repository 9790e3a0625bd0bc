// The density of a mixture of normals on a grid of the plane, its mass levels, and the lines around them.

export const MASSES = [0.5, 0.8, 0.95, 0.99]
const [FEW_CELLS, MANY_CELLS] = [56, 84] // places a side: finer where there are few components
const FEW_COMPONENTS = 64
const WIDER = 0.15 // of the window's side on each side, so that mass beyond the view counts towards the levels
const NARROWEST = 0.65 // standard deviation in steps of the grid
const NOTHING = 1e-150
const PART = 1e-4 // of the lowest level: what all components may leave out together

export class Lattice {
  // A grid over a window {left, right, bottom, top}, wider than it, for so many components.
  constructor(window, count) {
    const cells = (this.cells = count > FEW_COMPONENTS ? FEW_CELLS : MANY_CELLS)
    const across = window.right - window.left
    const up = window.top - window.bottom
    this.left = window.left - WIDER * across
    this.bottom = window.bottom - WIDER * up
    this.stepX = (across * (1 + 2 * WIDER)) / (cells - 1)
    this.stepY = (up * (1 + 2 * WIDER)) / (cells - 1)
    this.density = new Float64Array(cells * cells)
    this.log = new Float64Array(cells * cells)
    this.sorted = new Float64Array(cells * cells)
    this.least = NOTHING // the lowest level of the last density
    this.levels = []
  }

  // Fills `log` with the log-density of components in rows of six (mean x, y; covariance xx, xy, yy; weight), and `levels`.
  fill(components) {
    let used
    do {
      used = this.least
      this.density.fill(0)
      const cut = Math.max(NOTHING, (PART * used) / (components.length / 6))
      for (let start = 0; start < components.length; start += 6) this._add(components, start, cut)
      this.levels = this._levels()
      this.least = Math.max(NOTHING, Math.exp(this.levels.at(-1)))
    } while (this.least < 0.1 * used)
    const floor = Math.max(NOTHING, 0.1 * PART * this.least)
    for (let i = 0; i < this.log.length; i++) this.log[i] = Math.log(this.density[i] + floor)
  }

  // In a row of the grid a component is a normal, whose values follow each other by products alone: g * r, r * q. From its
  // middle outwards they only fall.
  _add(components, start, cut) {
    const weight = components[start + 5]
    if (!(weight > 0)) return
    const x = components[start]
    const y = components[start + 1]
    const xy = components[start + 3]
    const { cells, density, left, bottom, stepX, stepY } = this
    // As wide as a cell at least, or it might lie between the places of the grid unseen.
    const yy = Math.max(components[start + 4], (NARROWEST * stepY) ** 2)
    const slope = xy / yy
    const variance = Math.max(components[start + 2] - slope * xy, (NARROWEST * stepX) ** 2)
    const scale = weight / (2 * Math.PI * Math.sqrt(variance * yy))
    const shrink = Math.exp((-stepX * stepX) / variance)
    for (let row = 0; row < cells; row++) {
      const up = bottom + row * stepY - y
      const height = scale * Math.exp((-0.5 * up * up) / yy)
      if (height < cut) continue
      const middle = x + slope * up
      const nearest = Math.min(cells - 1, Math.max(0, Math.round((middle - left) / stepX)))
      const off = left + nearest * stepX - middle
      const first = height * Math.exp((-0.5 * off * off) / variance)
      const at = row * cells + nearest
      density[at] += first
      for (const turn of [1, -1]) {
        let value = first
        let ratio = Math.exp((-turn * off * stepX - 0.5 * stepX * stepX) / variance)
        const end = turn > 0 ? cells - nearest : nearest + 1
        for (let i = 1; i < end; i++) {
          value *= ratio
          if (value < cut) break
          ratio *= shrink
          density[at + turn * i] += value
        }
      }
    }
  }

  // The log-densities above which MASSES of the mixture lie, falling; -Infinity where the grid holds less than that.
  _levels() {
    const { sorted, density } = this
    sorted.set(density)
    sorted.sort()
    let sum = 0
    for (const value of sorted) sum += value
    // A component narrower than a cell may count too much: then shares are of what the grid adds up to.
    const total = Math.max(sum, 1 / (this.stepX * this.stepY))
    const found = []
    let held = 0
    for (let i = sorted.length - 1; i > 0 && found.length < MASSES.length; i--) {
      const after = held + sorted[i]
      while (found.length < MASSES.length && after >= MASSES[found.length] * total) {
        const share = (MASSES[found.length] * total - held) / sorted[i]
        const [high, low] = [Math.log(sorted[i] + NOTHING), Math.log(sorted[i - 1] + NOTHING)]
        found.push(high + (share - 0.5) * (low - high))
      }
      held = after
    }
    while (found.length < MASSES.length) found.push(-Infinity)
    return found
  }

  // Calls `line(x1, y1, x2, y2)`, in cells of the grid, for each piece of the line where `log` is `level`.
  trace(level, line) {
    const { log, cells } = this
    if (!Number.isFinite(level)) return
    for (let row = 0; row < cells - 1; row++) {
      for (let column = 0; column < cells - 1; column++) {
        const at = row * cells + column
        const a = log[at] - level
        const b = log[at + 1] - level
        const c = log[at + cells + 1] - level
        const d = log[at + cells] - level
        const kind = (a > 0) | ((b > 0) << 1) | ((c > 0) << 2) | ((d > 0) << 3)
        if (kind === 0 || kind === 15) continue
        const south = column + a / (a - b)
        const north = column + d / (d - c)
        const west = row + a / (a - d)
        const east = row + b / (b - c)
        switch (kind) {
          case 1: case 14: line(column, west, south, row); break
          case 2: case 13: line(south, row, column + 1, east); break
          case 3: case 12: line(column, west, column + 1, east); break
          case 4: case 11: line(column + 1, east, north, row + 1); break
          case 6: case 9: line(south, row, north, row + 1); break
          case 7: case 8: line(column, west, north, row + 1); break
          default: {
            // Two corners of four that lie across: the middle says which of them belong together.
            const together = a + b + c + d > 0
            if ((kind === 5) === together) {
              line(column, west, north, row + 1)
              line(south, row, column + 1, east)
            } else {
              line(column, west, south, row)
              line(column + 1, east, north, row + 1)
            }
          }
        }
      }
    }
  }
}
