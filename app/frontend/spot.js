// A cross and an ellipse over a plotly figure, at a place of its axes.

const SVG = "http://www.w3.org/2000/svg"
const ARM = 7 // pixels from the middle to the ends of the cross
const spots = new WeakMap() // parentElement -> what takes the spot away

const part = (name, attributes) => {
  const made = document.createElementNS(SVG, name)
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value)
  return made
}

function drawn({ spot, colour, host }) {
  const svg = part("svg", { class: "vampscope-spot", "aria-hidden": "true", width: 1, height: 1, fill: "none" })
  svg.style.cssText = "position:absolute;overflow:visible;pointer-events:none;z-index:5;"
  const ellipses = []
  // A wider line below keeps the spot visible over points of its own colour, on light and on dark.
  for (const look of [
    { stroke: "rgba(255,255,255,0.85)", "stroke-width": 5 },
    { stroke: colour, "stroke-width": 2.5 },
  ]) {
    ellipses.push(part("ellipse", { ...look, transform: `rotate(${-spot.angle})` }))
    svg.append(ellipses.at(-1), part("path", { ...look, d: `M${-ARM} 0H${ARM}M0 ${-ARM}V${ARM}` }))
  }
  return follow(host, spot, svg, (unit) => {
    for (const each of ellipses) {
      each.setAttribute("rx", spot.longer * unit)
      each.setAttribute("ry", spot.shorter * unit)
    }
  })
}

export default function ({ data, parentElement }) {
  spots.get(parentElement)?.()
  const stop = drawn(data)
  spots.set(parentElement, stop)
  return stop
}
