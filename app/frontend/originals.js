// Test images by their number, of a content that `app/services/cursor.py` packs.

const allOriginals = () => (window.vampscopeOriginals ??= new Map())

async function inflated(sent) {
  const { header, rest } = framed(sent)
  const stream = new Blob([rest()]).stream().pipeThrough(new DecompressionStream("deflate"))
  const pixels = new Uint8Array(await new Response(stream).arrayBuffer())
  const size = header.shape.reduce((a, b) => a * b)
  const row = new Map(header.ids.map((id, place) => [id, place]))
  return (id) => (row.has(id) ? pixels.subarray(row.get(id) * size, (row.get(id) + 1) * size) : null)
}
