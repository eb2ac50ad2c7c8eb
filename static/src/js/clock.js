// Relative times stay true while the page is open, and absolute ones speak the reader's own time zone.

const TICK = 10_000;

// The same words as the server's (inbox/templatetags/placet.py): "40 s", "12 min", "3 h", "2 d".
export function span(seconds) {
  const left = Math.max(0, Math.round(seconds));
  if (left < 60) return `${left} s`;
  if (left < 3600) return `${Math.floor(left / 60)} min`;
  if (left < 48 * 3600) return `${Math.floor(left / 3600)} h`;
  return `${Math.floor(left / 86_400)} d`;
}

export function ago(moment) {
  return `${span((Date.now() - moment) / 1000)} ago`;
}

const full = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });
const short = new Intl.DateTimeFormat(undefined, {
  day: "2-digit",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
  hour12: false,
});

function show(time) {
  const moment = new Date(time.dateTime);
  if (Number.isNaN(moment.getTime())) return;
  const kind = time.dataset.when;
  if (kind === "at") time.textContent = short.format(moment);
  else if (kind === "ago") time.textContent = ago(moment);
  else if (kind === "in") {
    const left = (moment - Date.now()) / 1000;
    time.toggleAttribute("data-soon", left < 900);
    time.lastChild.textContent = left > 0 ? `${time.dataset.coming} ${span(left)}` : time.dataset.past;
  } else if (kind === "hold") {
    const left = Math.ceil((moment - Date.now()) / 1000);
    time.textContent = left > 0 ? `Held · ${left} s` : "Releasing";
  }
  if (!time.dataset.titled) {
    time.dataset.titled = "";
    time.title = full.format(moment);
  }
}

export function tick() {
  for (const time of document.querySelectorAll("time[data-when]")) show(time);
}

// Holds last seconds: they alone are counted by the second.
function second() {
  for (const time of document.querySelectorAll('time[data-when="hold"]')) show(time);
}

export function start() {
  tick();
  setInterval(tick, TICK);
  setInterval(second, 1_000);
  document.addEventListener("htmx:after:swap", tick);
}
