// Whether the window is as narrow as those in which Streamlit puts columns under one another.

const NARROW = "(max-width: 640px)"

const watched = new WeakMap() // parentElement -> what the last run set up

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  watched.get(parentElement)?.()
  const query = window.matchMedia(NARROW)
  const tell = () => {
    if (query.matches !== data.assumed) setTriggerValue("width", { narrow: query.matches })
  }
  query.addEventListener("change", tell)
  tell()
  const stop = () => query.removeEventListener("change", tell)
  watched.set(parentElement, stop)
  return stop
}
