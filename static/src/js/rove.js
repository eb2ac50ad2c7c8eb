// Focus in a list of rows: the row's own link has it, so Enter, Tab and a screen reader need nothing from us.

const KEPT = "placet:row";

export function row() {
  return document.activeElement?.closest?.(".row") ?? null;
}

export function rowLink(of = row()) {
  return of?.querySelector(".row-link") ?? null;
}

// One row up or down; at first, the first one. Whether there was a row to go to.
export function move(step) {
  const links = [...document.querySelectorAll(".row .row-link")];
  if (links.length === 0) return false;
  const at = links.indexOf(rowLink());
  const next = at < 0 ? 0 : Math.min(links.length - 1, Math.max(0, at + step));
  links[next].focus({ preventScroll: true });
  links[next].closest(".row").scrollIntoView({ block: "nearest" });
  return true;
}

// Coming back to a list, the row one left has the focus again.
function restore() {
  let kept = null;
  try {
    kept = sessionStorage.getItem(KEPT);
    sessionStorage.removeItem(KEPT);
  } catch {
    return;
  }
  const left = kept && document.getElementById(kept);
  if (left) {
    rowLink(left)?.focus({ preventScroll: true });
    left.scrollIntoView({ block: "center" });
  }
}

function keep(event) {
  const left = event.target.closest?.(".row-link")?.closest(".row");
  if (!left) return;
  try {
    sessionStorage.setItem(KEPT, left.id);
  } catch {
    // Storage may be off: then the list opens at its top.
  }
}

// On a phone a row is as high as its text: one that loses its buttons keeps its height, or what is below would move.
export function hold(of, height) {
  of.style.minBlockSize = `${height}px`;
}

// htmx replaces a decided row by a new element: the focus and the height go to what stands in its place.
let replaced = null;

function leaving(event) {
  const target = event.detail?.ctx?.target;
  // htmx carries attributes over to the new list, and the policy of this page refuses a style that is written as one.
  if (target?.id === "queue") for (const held of target.querySelectorAll(".row[style]")) held.removeAttribute("style");
  replaced = {
    id: row()?.id ?? null,
    row: target?.matches?.(".row") ? target.id : null,
    height: target?.getBoundingClientRect?.().height,
  };
}

function arrived() {
  const { id, row: own, height } = replaced ?? {};
  replaced = null;
  if (own) hold(document.getElementById(own), height);
  if (id && !row()) rowLink(document.getElementById(id))?.focus({ preventScroll: true });
}

export function start() {
  if (document.body.dataset.page === "inbox") restore();
  document.addEventListener("click", keep);
  document.addEventListener("htmx:before:swap", leaving);
  document.addEventListener("htmx:after:swap", arrived);
}
