// Single keys. A key presses the control that carries it (`data-key`): first in the focused row, then on the page.
// There is no table of commands here, so a key can never do what no visible control does.
import { fresh } from "./guard.js";
import { move, row, rowLink } from "./rove.js";

const CHORD = 1200;
let chordAt = Number.NEGATIVE_INFINITY;

function typing(target) {
  return target.closest?.("textarea, select, input:not([type=checkbox]):not([type=radio]), [contenteditable]") != null;
}

// What stands in a folded "More" may be pressed without unfolding it: its summary is on the page.
function usable(control) {
  if (!control || control.hidden || control.disabled) return false;
  return control.checkVisibility() || control.closest("details[data-more]:not([open])")?.checkVisibility();
}

function control(key) {
  const selector = `[data-key="${CSS.escape(key)}"]`;
  const here = row()?.querySelector(selector);
  if (usable(here)) return here;
  return [...document.querySelectorAll(`${selector}:not(.row *)`)].find(usable) ?? null;
}

function press(found, event) {
  if (found.matches("[data-decides]")) {
    if (!fresh(event) || document.body.dataset.live === "stale") return;
    // requestSubmit and not click(): a scripted click is not trusted, and the guard refuses those.
    if (found.form) found.form.requestSubmit(found);
    return;
  }
  if (found.matches("input:not([type=checkbox]):not([type=radio]), textarea")) {
    found.focus();
    found.select();
  } else {
    if (found.matches("input[type=radio]")) found.focus();
    found.click();
  }
}

function goto(event) {
  const link = document.querySelector(`[data-goto="g ${CSS.escape(event.key)}"]`);
  chordAt = Number.NEGATIVE_INFINITY;
  if (link) link.click();
  return link != null;
}

function leave(event) {
  if (document.querySelector("dialog[open], [popover]:popover-open")) return;
  if (typing(event.target)) {
    event.target.blur();
    return;
  }
  const back = document.querySelector("[data-back]");
  if (back) back.click();
}

function onKey(event) {
  if (event.defaultPrevented || event.isComposing) return;
  if (event.key === "Escape") {
    leave(event);
    return;
  }
  if (event.altKey || event.metaKey || document.querySelector("dialog[open]")) return;
  if (event.key === "Enter" && event.ctrlKey) {
    const commit = control("Ctrl+Enter") ?? control("Enter");
    if (commit) {
      event.preventDefault();
      press(commit, event);
    }
    return;
  }
  if (event.ctrlKey || typing(event.target)) return;
  if (event.key === "?") {
    event.preventDefault();
    document.getElementById("keys")?.showModal();
    return;
  }
  if (document.body.dataset.keys === "off") return;
  if (event.timeStamp - chordAt < CHORD) {
    if (goto(event)) event.preventDefault();
    return;
  }
  if (event.key === "g") {
    chordAt = event.timeStamp;
    return;
  }
  const step = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }[event.key];
  if (step) {
    if (move(step)) event.preventDefault();
    return;
  }
  if (event.repeat) return;
  // On a link or button Enter is the browser's own.
  if (event.key === "Enter" && event.target.closest?.("a, button, summary")) return;
  const found = control(event.key) ?? (row() && fallback(event.key));
  if (found) {
    event.preventDefault();
    press(found, event);
  }
}

// In the list: what a row does not offer itself is offered by the page it opens.
function fallback(key) {
  const link = rowLink();
  if (!link) return null;
  if (key === "o" || key === "a") return link;
  const step = { r: "reject", h: "snooze" }[key];
  if (step && row().dataset.req && !("closed" in row().dataset)) location.assign(`${link.href}?step=${step}#bar`);
  return null;
}

export function start() {
  document.addEventListener("keydown", onKey);
  document.addEventListener("click", (event) => {
    const opener = event.target.closest?.("[data-opens]");
    if (opener) document.getElementById(opener.dataset.opens)?.showModal();
  });
}
