// A decoder in the browser: `app/services/decoder.py` says what its bytes are.

// Of the window, shared by all components: digest -> promise of a content's bytes, and of a decoder.
const contents = () => (window.vampscopeContents ??= new Map())
const decoders = () => (window.vampscopeDecoders ??= new Map())

// A content's bytes: fetched from its address once, or brought by a component; null where it cannot be had.
function contentOf({ digest, address }) {
  const known = contents()
  if (!known.has(digest) && address) {
    const fetched = fetch(address).then(async (answer) => {
      if (!answer.ok) throw new Error(`${answer.status}`)
      return new Uint8Array(await answer.arrayBuffer())
    })
    known.set(digest, fetched)
    // Asked for again at the next move.
    fetched.catch(() => known.delete(digest))
  }
  return known.get(digest) ?? null
}

// What is made of a content, kept in a map.
function madeOf(known, content, make) {
  if (!known.has(content.digest)) {
    const made = contentOf(content)?.then(make)
    if (!made) return null
    known.set(content.digest, made)
    made.catch(() => known.delete(content.digest))
  }
  return known.get(content.digest)
}

const decoderOf = (content) => madeOf(decoders(), content, (bytes) => new PackedDecoder(bytes))

// The header of a content, and a reader of the float32 and the rest behind it.
function framed(sent) {
  const bytes = sent.slice() // aligned
  const length = new DataView(bytes.buffer).getUint32(0, true)
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)))
  let at = 4 + length
  const floats = (count) => {
    const part = new Float32Array(bytes.buffer, at, count)
    at += 4 * count
    return part
  }
  return { header, floats, rest: () => bytes.subarray(at) }
}

// 16-bit floats in 32 bits.
function widened(halves) {
  const all = new Float32Array(65536)
  for (let i = 0; i < 65536; i++) {
    const exponent = (i >> 10) & 31
    const fraction = i & 1023
    const size = exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : fraction * 2 ** -24
    all[i] = (i & 32768 ? -1 : 1) * (exponent === 31 ? (fraction ? NaN : Infinity) : size)
  }
  return Float32Array.from(halves, (half) => all[half])
}

// The numbers of a packed decoder: its header's, and its arrays by name.
function unpacked(sent) {
  const { header, floats, rest } = framed(sent)
  if (header.format !== 1) throw new Error(`a decoder of format ${header.format}`)
  const { latent: d, components: k } = header
  const lift = { origin: floats(d), basis: floats(2 * d) }
  if (k) {
    const sizes = { mean: k * d, logvar: k * d, weight: k, planeMean: 2 * k, covariance: 4 * k }
    for (const [name, size] of Object.entries(sizes)) lift[name] = floats(size)
  }
  const tail = rest()
  const half = header.weights === "float16"
  const weights = half
    ? widened(new Uint16Array(tail.buffer, tail.byteOffset))
    : new Float32Array(tail.buffer, tail.byteOffset)
  let first = 0
  const layers = header.layers.map((layer) => {
    const rows = layer.kind === "gated" ? 2 * layer.size : layer.size
    return { ...layer, rows }
  })
  const sizes = new Map([["z", d]])
  for (const layer of layers) {
    layer.columns = layer.inputs.reduce((sum, name) => sum + sizes.get(name), 0)
    layer.weight = weights.subarray(first, (first += layer.rows * layer.columns))
    layer.bias = weights.subarray(first, (first += layer.rows))
    sizes.set(layer.output, layer.size)
  }
  return { header, lift, layers }
}

const sigmoid = (t) => 1 / (1 + Math.exp(-t))

function affine({ weight, bias, rows, columns }, x, out) {
  for (let r = 0, i = 0; r < rows; r++) {
    let sum = bias[r]
    for (let c = 0; c < columns; c++) sum += weight[i++] * x[c]
    out[r] = sum
  }
}

class PackedDecoder {
  constructor(sent) {
    Object.assign(this, unpacked(sent))
    for (const layer of this.layers) {
      layer.row = new Float32Array(layer.rows)
      layer.x = new Float32Array(layer.columns)
    }
    this.logits = new Float64Array(this.header.components)
  }

  // The component most responsible for a place of the plane.
  nearest(x, y) {
    const { weight, planeMean, covariance } = this.lift
    let best = -1
    let highest = -Infinity
    for (let k = 0; k < this.header.components; k++) {
      const [a, b, c] = [covariance[4 * k], covariance[4 * k + 1], covariance[4 * k + 3]]
      const det = a * c - b * b
      const u = x - planeMean[2 * k]
      const v = y - planeMean[2 * k + 1]
      const joint = weight[k] - 0.5 * ((c * u * u - 2 * b * u * v + a * v * v) / det + Math.log(det))
      if (joint > highest) [highest, best] = [joint, k]
    }
    return best
  }

  // The most likely point of the latent space above a place of the plane; of a prior without components, the plane's own.
  above(x, y) {
    const { latent: d, components, exact } = this.header
    const { origin, basis, mean, logvar, planeMean, covariance } = this.lift
    const z = new Float32Array(d)
    if (exact || !components) {
      for (let i = 0; i < d; i++) z[i] = origin[i] + basis[2 * i] * x + basis[2 * i + 1] * y
      return z
    }
    const k = this.nearest(x, y)
    const [a, b, c] = [covariance[4 * k], covariance[4 * k + 1], covariance[4 * k + 3]]
    const det = a * c - b * b
    const u = x - planeMean[2 * k]
    const v = y - planeMean[2 * k + 1]
    const first = (c * u - b * v) / det
    const second = (a * v - b * u) / det
    for (let i = 0; i < d; i++) {
      const step = basis[2 * i] * first + basis[2 * i + 1] * second
      z[i] = mean[k * d + i] + Math.exp(logvar[k * d + i]) * step
    }
    return z
  }

  // The component most responsible for a point of the latent space, and its p(k | z); null where there are none.
  component(z) {
    const { latent: d, components } = this.header
    if (!components) return null
    const { mean, logvar, weight } = this.lift
    let best = 0
    for (let k = 0; k < components; k++) {
      let joint = weight[k]
      for (let i = 0, at = k * d; i < d; i++, at++) {
        joint -= 0.5 * ((z[i] - mean[at]) ** 2 * Math.exp(-logvar[at]) + logvar[at])
      }
      this.logits[k] = joint
      if (joint > this.logits[best]) best = k
    }
    let total = 0
    for (const joint of this.logits) total += Math.exp(joint - this.logits[best])
    return { index: best, share: 1 / total }
  }

  // The decoded mean of each pixel, 0 to 1; channel by channel, row by row.
  decode(z) {
    const values = new Map([["z", z]])
    for (const layer of this.layers) {
      let filled = 0
      for (const name of layer.inputs) {
        layer.x.set(values.get(name), filled)
        filled += values.get(name).length
      }
      affine(layer, layer.x, layer.row)
      const out = layer.row.subarray(0, layer.size)
      if (layer.kind === "gated") for (let i = 0; i < layer.size; i++) out[i] *= sigmoid(layer.row[layer.size + i])
      else if (layer.kind === "sigmoid") for (let i = 0; i < layer.size; i++) out[i] = sigmoid(out[i])
      values.set(layer.output, out)
    }
    return values.get("image")
  }
}

// An image of values from 0 to `white` on a canvas of its size, with a rim of transparent pixels; black and white change
// places if inverted.
function paint(canvas, [channels, height, width], image, { inverted, rim = 0, white = 1 }) {
  canvas.width = width + 2 * rim
  canvas.height = height + 2 * rim
  const context = canvas.getContext("2d")
  const pixels = context.createImageData(width, height)
  const size = height * width
  for (let i = 0; i < size; i++) {
    for (let c = 0; c < 3; c++) {
      const value = Math.round((255 / white) * image[channels === 3 ? c * size + i : i])
      pixels.data[4 * i + c] = inverted ? 255 - value : value
    }
    pixels.data[4 * i + 3] = 255
  }
  context.putImageData(pixels, rim, rim)
}
