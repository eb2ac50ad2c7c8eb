// Copy buttons, popovers filled by htmx, and the note that a request changed while it is open.
import { ago } from "./clock.js";

async function copy(button) {
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.dataset.copied = "";
    setTimeout(() => delete button.dataset.copied, 1500);
  } catch {
    // Without a secure origin there is no clipboard: the whole value is in the title beside the button.
  }
}

function openPopover(event) {
  const opener = event.target.closest?.("[data-opens-popover]");
  if (!opener) return;
  document.getElementById(opener.dataset.opensPopover)?.showPopover();
}

function closed(event) {
  const request = document.getElementById("request");
  const ended = request && event.detail.ended.find(({ id }) => id === request.dataset.req);
  const voted = request && event.detail.voted.some(({ id }) => id === request.dataset.req);
  if (!request || "closed" in request.dataset || !(ended || voted)) return;
  const note = document.getElementById("moved");
  if (!note) return;
  if (ended) request.dataset.closed = ended.tone;
  note.querySelector("[data-what]").textContent = ended
    ? `${ended.text} · ${ago(new Date(ended.at))}.`
    : "Someone voted while you read.";
  note.hidden = false;
  if (ended) for (const button of document.querySelectorAll("#bar [data-decides]")) button.disabled = true;
}

export function start() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-copy]");
    if (button) copy(button);
    openPopover(event);
  });
  document.addEventListener("placet:changes", closed);
}
