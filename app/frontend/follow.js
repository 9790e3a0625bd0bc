// Keeps an element over a place of a figure's axes, through panning, zooming, resizing and drawing anew.
//
// The element is placed absolutely; `fit` is told how many pixels a unit of the axes has.

const OURS = ".vampscope-mark, .vampscope-spot"

function follow(hostClass, place, element, fit = () => {}) {
  let watched = null
  let frame = 0
  let retry = 0

  const draw = () => {
    frame = 0
    const host = document.querySelector("." + hostClass)
    const shape = geometry(host)
    if (host !== watched) {
      observer.disconnect()
      watched = host
      if (host) {
        observer.observe(host, { subtree: true, childList: true, attributes: true })
        resized.observe(host)
      }
    }
    if (!shape) {
      // The chart's code is loaded on demand, and may come after this.
      clearTimeout(retry)
      retry = setTimeout(ask, 150)
      return
    }
    const { plot, x, y, scale } = shape
    const across = x.l2p(place.x)
    const down = y.l2p(place.y)
    const shown = across >= 0 && across <= x._length && down >= 0 && down <= y._length
    if (element.parentElement !== plot) {
      if (getComputedStyle(plot).position === "static") plot.style.position = "relative"
      plot.appendChild(element)
    }
    element.style.left = `${(x._offset + across) * scale}px`
    element.style.top = `${(y._offset + down) * scale}px`
    element.style.display = shown ? "block" : "none"
    fit(Math.abs(x.l2p(1) - x.l2p(0)) * scale)
  }
  const ask = () => {
    if (!frame) frame = requestAnimationFrame(draw)
  }
  const observer = new MutationObserver((records) => {
    if (records.some(({ target }) => !target.closest?.(OURS))) ask()
  })
  const resized = new ResizeObserver(ask)
  ask()
  return () => {
    cancelAnimationFrame(frame)
    clearTimeout(retry)
    observer.disconnect()
    resized.disconnect()
    element.remove()
  }
}
