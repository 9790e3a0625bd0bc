// Copies the address of the page, and says what happened.

async function copied(text) {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    // Refused, or not there at all, as on every address that is neither https nor localhost: the old way still works there.
    const area = document.createElement("textarea")
    area.value = text
    area.style.cssText = "position:fixed;opacity:0;"
    document.body.appendChild(area)
    area.select()
    let done = false
    try {
      done = document.execCommand("copy")
    } catch {
      done = false
    }
    area.remove()
    return done
  }
}

export default function (component) {
  const { parentElement } = component
  const button = parentElement.querySelector("button")
  const said = parentElement.querySelector(".said")
  const address = parentElement.querySelector("input")
  button.onclick = async () => {
    const link = window.location.href
    const done = await copied(link)
    said.textContent = done ? "Link copied" : "The browser refused to copy: copy this address yourself"
    address.hidden = done
    if (!done) {
      address.value = link
      address.focus()
      address.select()
    }
  }
}
