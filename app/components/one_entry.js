// One entry of the browser's history for each change that a viewer makes.
//
// Streamlit adds an entry when a control changes, and another one when the run that follows changes the address too, as
// the component of a prior does when another prior is chosen. Back would then lead to a state that nobody has seen.

const RUNNING = "running";

export const mergeEntries = (history, isRunning) => {
    // Whether the viewer's change has its entry already.
    let entered = false;
    const push = history.pushState.bind(history);
    history.pushState = (state, title, address) => {
        if (isRunning() && entered) {
            history.replaceState(state, title, address);
            return;
        }
        entered = true;
        push(state, title, address);
    };
    return () => {
        entered = false;
    };
};

export default function oneEntry() {
    if (window.vampscopeOneEntry) return;
    window.vampscopeOneEntry = true;
    const app = document.querySelector("[data-testid=stApp]");
    const isRunning = () => app.getAttribute("data-test-script-state") === RUNNING;
    const ended = mergeEntries(window.history, isRunning);
    new MutationObserver(() => {
        if (!isRunning()) ended();
    }).observe(app, { attributes: true, attributeFilter: ["data-test-script-state"] });
}
