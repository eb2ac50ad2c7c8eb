// While a request is before its reader, others see that; a claim of one's own is renewed with the same call.

const EVERY = 20_000;

async function look() {
  const page = document.getElementById("request");
  const token = document.querySelector("[name=csrfmiddlewaretoken]")?.value;
  if (!page?.dataset.look || !token || document.visibilityState !== "visible") return;
  try {
    const answer = await fetch(page.dataset.look, { method: "POST", headers: { "X-CSRFToken": token } });
    if (!answer.ok) return;
    const { looking } = await answer.json();
    const line = document.getElementById("looking");
    if (!line) return;
    line.textContent = looking.length ? `${looking.join(", ")} ${looking.length > 1 ? "are" : "is"} looking too` : "";
  } catch {
    // The live line says when the server is out of reach.
  }
}

export function start() {
  if (document.body.dataset.page !== "request") return;
  look();
  setInterval(look, EVERY);
  document.addEventListener("visibilitychange", look);
}
