// Copy buttons and popovers filled by htmx.
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

export function start() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-copy]");
    if (button) copy(button);
    openPopover(event);
  });
}
