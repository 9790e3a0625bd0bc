// The way from one point of the latent space to another, decoded: a strip of pictures, and one at the place of a slider. Under
// each prior the same pair of images or places has points of its own; one slider moves all.

const morphs = new WeakMap() // parentElement -> what the last run set up

const between = (from, to, share) => Float32Array.from(from, (value, i) => value + share * (to[i] - value))

function rowOf(row, data) {
  const element = document.createElement("div")
  element.className = "row"
  element.style.setProperty("--rule", row.colour)
  const name = document.createElement("span")
  name.className = "name"
  name.textContent = row.name
  const strip = document.createElement("div")
  strip.className = "pictures"
  strip.setAttribute("role", "img")
  strip.setAttribute("aria-label", `${row.name}: ${data.steps} pictures from ${data.words[0]} to ${data.words[1]}`)
  const pictures = Array.from({ length: data.steps }, () => document.createElement("canvas"))
  strip.append(...pictures)
  const large = document.createElement("canvas")
  large.className = "large"
  large.setAttribute("role", "img")
  element.append(name, strip, large)
  return { element, pictures, large }
}

async function fill(row, drawn, data) {
  const ready = decoderOf(row.decoder)
  if (!ready) return null
  const decoder = await ready
  drawn.pictures.forEach((canvas, i) => {
    paint(canvas, data.shape, decoder.decode(between(row.from, row.to, i / (data.steps - 1))), data)
  })
  return (share) => {
    paint(drawn.large, data.shape, decoder.decode(between(row.from, row.to, share)), data)
    drawn.large.setAttribute("aria-label", `${row.name}, ${Math.round(100 * share)} % of the way`)
  }
}

function begin(data, root, kept) {
  const slider = root.querySelector("input")
  const said = root.querySelector("output")
  const ends = root.querySelectorAll(".end")
  data.words.forEach((words, i) => {
    ends[i].textContent = words
  })
  const rows = data.rows.map((row) => rowOf(row, data))
  root.querySelector(".rows").replaceChildren(...rows.map((each) => each.element))
  slider.value = kept ?? 50
  let painters = []
  let frame = 0
  const draw = () => {
    frame = 0
    said.textContent = `${slider.value} %`
    for (const paintAt of painters) paintAt?.(slider.value / 100)
  }
  const moved = () => {
    if (!frame) frame = requestAnimationFrame(draw)
  }
  slider.addEventListener("input", moved)
  Promise.all(data.rows.map((row, i) => fill(row, rows[i], data))).then(
    (made) => {
      painters = made
      draw()
    },
    () => {
      said.textContent = "The decoders could not be fetched: reload the page."
    },
  )
  return () => {
    cancelAnimationFrame(frame)
    slider.removeEventListener("input", moved)
  }
}

export default function (component) {
  const { data, parentElement } = component
  const same = JSON.stringify(data)
  const before = morphs.get(parentElement)
  if (before?.same !== same) {
    before?.stop()
    const root = parentElement.querySelector(".morph")
    const kept = before ? root.querySelector("input").value : null
    morphs.set(parentElement, { same, stop: begin(data, root, kept) })
  }
  return () => {
    morphs.get(parentElement)?.stop()
    morphs.delete(parentElement)
  }
}
