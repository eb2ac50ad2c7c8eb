// Around a decision: what the agent will be told, "Recording…" until the server has it, and honesty when it has not.
import { shown } from "./guard.js";

function preview(form) {
  const told = form.querySelector("[data-told]");
  if (!told) return;
  const preset = form.querySelector("input[name=preset]:checked")?.value ?? "";
  const own = form.querySelector("textarea[name=message]")?.value.trim() ?? "";
  const words = [preset, own].filter(Boolean).join(" ");
  told.textContent = words || "nothing yet: choose a reason or write one";
}

function sending(form, button) {
  form.dataset.sent = "";
  // A preview records nothing, and its button must not say so.
  if (!button?.matches("[data-decides]")) return;
  button.dataset.label = button.textContent;
  button.textContent = "Recording…";
  button.setAttribute("aria-busy", "true");
}

function unsent(form) {
  delete form.dataset.sent;
  for (const button of [...form.elements].filter((one) => one.matches("[data-label]"))) {
    button.textContent = button.dataset.label;
    delete button.dataset.label;
    button.removeAttribute("aria-busy");
  }
}

export function start() {
  document.addEventListener("input", (event) => {
    const form = event.target.closest?.("form[data-decide]");
    if (form) preview(form);
  });
  document.addEventListener(
    "submit",
    (event) => {
      const form = event.target.closest?.("form[data-decide]");
      if (!form) return;
      if ("sent" in form.dataset || document.body.dataset.live === "stale") {
        event.preventDefault();
        event.stopImmediatePropagation();
        return;
      }
      sending(form, event.submitter);
    },
    true,
  );
  document.addEventListener("htmx:error", (event) => {
    const form = event.target.closest?.("form[data-decide]");
    if (!form) return;
    unsent(form);
    const note = form.querySelector("[data-failed]");
    if (note) note.hidden = false;
  });
  document.addEventListener("htmx:response:error", (event) => {
    const form = event.target.closest?.("form[data-decide]");
    if (form?.isConnected && event.detail?.ctx?.response?.status >= 500) unsent(form);
  });
  let inside = false;
  document.addEventListener("htmx:before:swap", () => {
    inside = document.activeElement?.closest("#request") != null;
  });
  document.addEventListener("htmx:after:swap", () => {
    for (const form of document.querySelectorAll("form[data-decide]")) preview(form);
    const fresh = document.querySelector("[data-focus]");
    if (fresh) {
      fresh.removeAttribute("data-focus");
      fresh.focus({ preventScroll: false });
    } else if (inside && document.activeElement === document.body) {
      // What had the focus is gone: the next Tab goes on from the bar.
      document.getElementById("bar")?.focus({ preventScroll: true });
    }
    shown();
  });
  // Back from the next page, the browser may show this one as it was left.
  addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-decide][data-sent]")) unsent(form);
  });
  for (const form of document.querySelectorAll("form[data-decide]")) preview(form);
}
