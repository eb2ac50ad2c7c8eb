// A decision must be a fresh, deliberate, human input: not a key still held from the last item, not the second half
// of a double click that lands on what has just appeared.

const GUARD = 400;
let shownAt = Number.NEGATIVE_INFINITY;

// Something new is before the reader: decisions wait until it has been there for a moment.
export function shown() {
  shownAt = performance.now();
}

export function fresh(event) {
  return event.isTrusted && !event.repeat && event.timeStamp - shownAt >= GUARD;
}

function stop(event) {
  event.preventDefault();
  event.stopImmediatePropagation();
}

// Capture, so that neither htmx nor the browser's own submit sees a press that does not count.
function onPress(event) {
  const button = event.target.closest?.("[data-decides]");
  if (button && (document.body.dataset.live === "stale" || !fresh(event))) stop(event);
}

let pressedOn = null;

export function start() {
  shown();
  addEventListener("pageshow", shown);
  // The window's own focus; focus moving between elements does not bubble to it.
  addEventListener("focus", shown);
  document.addEventListener("visibilitychange", shown);
  document.addEventListener("pointerdown", (event) => {
    pressedOn = event.target.closest?.("[data-decides]") ?? null;
  });
  document.addEventListener(
    "click",
    (event) => {
      const button = event.target.closest?.("[data-decides]");
      // detail is 0 for clicks made by Enter or Space on a focused button: those have no pointer.
      if (button && event.detail > 0 && pressedOn !== button) stop(event);
      else onPress(event);
    },
    true,
  );
  // Enter on a focused button held down would click it again and again.
  document.addEventListener(
    "keydown",
    (event) => {
      if ((event.key === "Enter" || event.key === " ") && event.target.closest?.("[data-decides]") && !fresh(event)) {
        stop(event);
      }
    },
    true,
  );
}
