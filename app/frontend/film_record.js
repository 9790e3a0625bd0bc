// A film as it arrives, and what it shows at a moment between two of its records.

const WAIT = 100 // milliseconds between looks at whether the page has brought a content

export function split(sent) {
  const { buffer } = sent.slice() // aligned
  const length = new DataView(buffer).getUint32(0, true)
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)))
  return { head, buffer, start: 4 + length }
}

export function filmOf(sent) {
  const { head, buffer, start } = split(sent)
  const records = head.epochs.length
  let at = start
  const take = (Kind, count) => {
    const part = new Kind(buffer, at, count)
    at += part.byteLength
    return part
  }
  const components = take(Float32Array, records * head.components * 6)
  const bounds = take(Float32Array, head.bounds * 3)
  const labels = take(Int16Array, head.points)
  const steps = take(Int16Array, (head.moving ? records : 1) * head.points * 2)
  const [left, right, bottom, top] = head.window
  const [x, y, width] = head.range
  return {
    ...head, components, bounds, labels, steps, window: { left, right, bottom, top }, low: [x, y], step: width / 65535,
    count: head.components, size: head.components * 6, last: Math.max(head.epochs[records - 1], head.bounds ? bounds[3 * head.bounds - 3] : 0),
    now: { points: new Float32Array(2 * head.points), components: new Float32Array(head.components * 6) },
  }
}

export function picturesOf(sent) {
  const { head, buffer, start } = split(sent)
  return { ...head, pixels: new Uint8Array(buffer, start) }
}

// Fills `film.now` with what it shows at an epoch; with `smooth` false, that of the last record until then.
export function moveTo(film, epoch, smooth) {
  const { epochs, size, steps, components, now, step, low } = film
  let after = epochs.findIndex((each) => each > epoch)
  if (after < 0) after = epochs.length
  const from = Math.max(0, after - 1)
  const to = Math.min(after, epochs.length - 1)
  const share = smooth && to > from ? Math.max(0, epoch - epochs[from]) / (epochs[to] - epochs[from]) : 0
  const [first, second] = film.moving ? [from * 2 * film.points, to * 2 * film.points] : [0, 0]
  for (let i = 0; i < 2 * film.points; i++) {
    const between = steps[first + i] + share * (steps[second + i] - steps[first + i])
    now.points[i] = low[i & 1] + (between + 32768) * step
  }
  const part = (record) => components.subarray(record * size, (record + 1) * size)
  blend(now.components, part(from), part(to), share)
}

// Components between two records; one that is not there in one of them stands still and fades.
export function blend(now, before, after, share) {
  for (let k = 0; k < now.length; k += 6) {
    const [first, last] = [before[k + 5] > 0 ? before : after, after[k + 5] > 0 ? after : before]
    for (let i = k; i < k + 5; i++) now[i] = first[i] + share * (last[i] - first[i])
    now[k + 5] = before[k + 5] + share * (after[k + 5] - before[k + 5])
  }
}

// The row of bounds of the last epoch until then; -1 before the first.
export function rowAt(film, epoch) {
  let row = -1
  while (row + 1 < film.bounds.length / 3 && film.bounds[3 * (row + 1)] <= epoch + 1e-6) row += 1
  return row
}

// Moments that get the same time each: the records of all films, and the ends of their trainings.
export function momentsOf(films) {
  const all = films.flatMap((film) => [...film.epochs, film.last])
  const moments = [...new Set(all)].sort((a, b) => a - b)
  return moments.length > 1 ? moments : [Math.min(0, moments[0] - 1), moments[0]]
}

export function epochAt(moments, place) {
  const whole = Math.min(moments.length - 2, Math.max(0, Math.floor(place)))
  return moments[whole] + (place - whole) * (moments[whole + 1] - moments[whole])
}

export function placeOf(moments, epoch) {
  let whole = 0
  while (whole < moments.length - 2 && moments[whole + 1] <= epoch) whole += 1
  const share = (epoch - moments[whole]) / (moments[whole + 1] - moments[whole])
  return whole + Math.min(1, Math.max(0, share))
}

// A content's bytes: fetched from its address once, or, where it has none, brought by `carry.js`.
export function fetched({ address, digest }) {
  const known = (window.vampscopeContents ??= new Map())
  if (!known.has(digest) && !address) return brought(known, digest)
  if (!known.has(digest)) {
    known.set(digest, fromServer(address))
    known.get(digest).catch(() => known.delete(digest))
  }
  return known.get(digest)
}

async function fromServer(address) {
  const answer = await fetch(address)
  if (!answer.ok) throw new Error(`no film: ${answer.status}`)
  return new Uint8Array(await answer.arrayBuffer())
}

function brought(known, digest) {
  return new Promise((resolve) => {
    const look = () => (known.has(digest) ? resolve(known.get(digest)) : setTimeout(look, WAIT))
    look()
  })
}
