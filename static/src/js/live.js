// The live socket carries numbers; what changed is fetched with this page's rights. Nothing it brings moves anything:
// news wait in the strip, decided rows grey where they stand, and a broken line is said and stops decisions.
import { ago } from "./clock.js";
import { hold } from "./rove.js";

const SILENCE = 30_000;
const FIRST_PATIENCE = 3_000;
const SIGNED_OUT = 4401;
const NOT_A_MEMBER = 4403;

const fresh = { new: new Set(), grave: new Set(), moved: "", resync: false, paused: false };
let team = "";
let seq = null;
let head = 0;
let socket = null;
let tries = 0;
let heardAt = 0;
let fetching = false;
let again = false;
let over = "";
let patience = null;

const one = () => document.getElementById("request");
const page = () => document.getElementById("queue") ?? one() ?? document.getElementById("told");

function setLive(state) {
  document.body.dataset.live = state;
  for (const button of document.querySelectorAll("[data-decides]")) {
    if (state === "stale") button.setAttribute("aria-disabled", "true");
    else button.removeAttribute("aria-disabled");
  }
  strip();
}

function strip() {
  const box = document.getElementById("strip");
  if (!box) return;
  const load = document.getElementById("strip-load");
  const stale = document.body.dataset.live === "stale";
  let text = "";
  if (over) text = over;
  else if (stale) text = "Live updates paused · reconnecting";
  else if (one()) text = fresh.moved || (box.dataset.own ?? "");
  else if (fresh.resync) text = document.getElementById("told") ? "There is something new" : "Much has changed";
  else if (fresh.paused && !fresh.new.size) text = "What is paused has changed";
  else if (fresh.new.size)
    text = fresh.grave.size ? `${fresh.new.size} new · ${fresh.grave.size} high` : `${fresh.new.size} new`;
  else text = box.dataset.own ?? "";
  const words = document.getElementById("strip-text");
  if (words.textContent !== text) words.textContent = text;
  box.dataset.tone = over || stale ? "warn" : text && text !== box.dataset.own ? "news" : "";
  if (load)
    load.hidden = Boolean(over) || stale || !(one() ? fresh.moved : fresh.new.size || fresh.resync || fresh.paused);
}

function end(row, { text, at, tone }) {
  if ("closed" in row.dataset) return;
  hold(row, row.getBoundingClientRect().height);
  row.dataset.closed = tone;
  const state = row.querySelector(".row-state");
  if (state) state.textContent = `${text} · ${ago(new Date(at))}`;
  row.querySelector(".row-due")?.replaceChildren();
  row.querySelector(".row-verbs")?.replaceChildren();
}

// Who is needed, whose it is first, and how it reads once it was edited, where a row says so.
function stand({ id, needs, for: whose, because, sentence }) {
  const row = document.querySelector(`.row[data-req="${CSS.escape(id)}"]:not([data-closed])`);
  const link = row?.querySelector(".row-link");
  if (link && sentence && link.textContent !== sentence) {
    hold(row, row.getBoundingClientRect().height);
    link.textContent = sentence;
  }
  const [needed, first] = [row?.querySelector("[data-needs]"), row?.querySelector("[data-for]")];
  if (needed) needed.textContent = needs;
  if (!first) return;
  first.textContent = whose && `for ${whose}`;
  first.title = because;
  first.hidden = !whose;
}

// The one request this page is about: what it says is old now, and what it offers may be refused.
function move(request, changes) {
  const ended = changes.ended.find(({ id }) => id === request.dataset.req);
  if ("closed" in request.dataset) {
    if (ended) fresh.moved ||= "There is news of this decision";
  } else if (ended) {
    request.dataset.closed = ended.tone;
    fresh.moved = `${ended.text} · ${ago(new Date(ended.at))}`;
    for (const button of request.querySelectorAll("[data-decides], #bar [name=step]")) button.disabled = true;
  } else {
    const { what } = changes.voted.find(({ id }) => id === request.dataset.req) ?? {};
    if (what) fresh.moved = what;
  }
}

// How many notifications are unread, beside the bell; the page that lists them offers to load what is new.
function bell(unread) {
  const text = unread > 99 ? "99+" : String(unread);
  for (const count of document.querySelectorAll("[data-bell]")) {
    if (document.getElementById("told") && count.textContent !== text && unread > 0) fresh.resync = true;
    count.textContent = text;
    count.hidden = unread === 0;
  }
}

// What is paused, over the page. A line more would move the rows of a list: there it waits until they are loaded anew.
function pauses(mark) {
  const line = document.getElementById("paused");
  if (!line || line.dataset.paused === mark) fresh.paused = false;
  else if (document.getElementById("queue")) fresh.paused = true;
  else line.dispatchEvent(new CustomEvent("paused-changed"));
}

function apply(changes) {
  const request = one();
  if (request) move(request, changes);
  for (const voted of changes.voted) stand(voted);
  for (const ended of changes.ended) {
    fresh.new.delete(ended.id);
    fresh.grave.delete(ended.id);
    const row = document.querySelector(`.row[data-req="${CSS.escape(ended.id)}"]`);
    if (row) end(row, ended);
  }
  for (const id of changes.new) if (!document.querySelector(`.row[data-req="${CSS.escape(id)}"]`)) fresh.new.add(id);
  for (const id of changes.grave) if (fresh.new.has(id)) fresh.grave.add(id);
  if (changes.resync) fresh.resync = true;
  const count = document.getElementById("turn-count");
  if (count) count.textContent = changes.turn > 10_000 ? "10,000+" : changes.turn.toLocaleString("en");
  bell(changes.unread);
  pauses(changes.paused);
  document.dispatchEvent(new CustomEvent("placet:changes", { detail: changes }));
}

async function catchUp() {
  if (seq === null) return true;
  if (fetching) {
    again = true;
    return false;
  }
  fetching = true;
  try {
    do {
      again = false;
      const view = page()?.dataset.view ?? "turn";
      const answer = await fetch(`/t/${team}/changes?since=${seq}&view=${view}`, {
        headers: { Accept: "application/json" },
      });
      if (!answer.ok) return false;
      const changes = await answer.json();
      seq = changes.seq;
      apply(changes);
    } while (again || seq < head);
    return true;
  } catch {
    return false;
  } finally {
    fetching = false;
    strip();
  }
}

async function heard(message) {
  heardAt = performance.now();
  if (message.code === "resync-required") {
    fresh.resync = true;
    seq = message.seq;
  }
  if (typeof message.seq === "number") head = message.seq;
  if (seq !== null && head > seq && !(await catchUp())) return;
  // Only once the page is as new as the stream: a line that is back without its news is not healed.
  if (document.body.dataset.live !== "on" && socket?.readyState === WebSocket.OPEN && (seq === null || seq >= head)) {
    clearTimeout(patience);
    setLive("on");
  }
}

function connect() {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  socket = new WebSocket(`${scheme}://${location.host}/ws/t/${team}`);
  socket.addEventListener("open", () => {
    tries = 0;
    heardAt = performance.now();
    if (seq !== null) socket.send(JSON.stringify({ type: "since", seq }));
  });
  socket.addEventListener("message", (event) => heard(JSON.parse(event.data)));
  socket.addEventListener("close", (event) => lost(event.code));
}

function lost(code) {
  if (code === SIGNED_OUT) over = "You are signed out. Reload the page to sign in.";
  if (code === NOT_A_MEMBER) over = "You are no longer a member of this team.";
  if (document.body.dataset.live === "on" || over) setLive("stale");
  if (over) return;
  tries += 1;
  setTimeout(connect, Math.min(8_000, 250 * 2 ** Math.min(tries, 5)) * (0.7 + Math.random() * 0.6));
}

function watch() {
  if (socket?.readyState === WebSocket.OPEN && performance.now() - heardAt > SILENCE) {
    // Half-open: the browser still believes in it. close() would wait for a peer that is gone.
    heardAt = performance.now();
    setLive("stale");
    socket.close();
  }
}

// A list that was loaded anew starts from its own number.
function restart() {
  const now = page()?.dataset.seq;
  if (now === undefined) return;
  fresh.new.clear();
  fresh.grave.clear();
  fresh.resync = false;
  fresh.moved = "";
  if (fresh.paused) document.getElementById("paused")?.dispatchEvent(new CustomEvent("paused-changed"));
  fresh.paused = false;
  seq = Number(now);
  strip();
  if (head > seq) catchUp();
}

export function start() {
  team = document.body.dataset.team ?? "";
  if (!team) return;
  const box = document.getElementById("strip");
  if (box) box.dataset.own = document.getElementById("strip-text").textContent.trim();
  // Pages that list nothing have their number for the bell and for what is paused.
  const now = (page() ?? document.body).dataset.seq;
  seq = now === undefined ? null : Number(now);
  patience = setTimeout(() => setLive("stale"), FIRST_PATIENCE);
  connect();
  setInterval(watch, 1_000);
  document.addEventListener("htmx:after:swap", (event) => {
    const id = event.detail?.ctx?.target?.id ?? event.target?.id;
    if (id === "queue" || id === "request" || id === "told") restart();
    if (document.body.dataset.live === "stale") setLive("stale");
  });
}
