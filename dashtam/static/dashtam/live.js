// Live events: progress of syncs and imports, fresh numbers when one ends, and a notice while the connection is lost.
const BACKOFF_FIRST = 1000, BACKOFF_MOST = 60_000;
const UNDER_WAY = "[data-sync-progress], [data-import-progress]";
let socket = null;
let failures = 0;
let offlineNote = null;
let sent = false;
addEventListener("submit", () => { sent = true; });
// The one place where text becomes a page: it is our own, fetched from where this one came from.
const asPage = { createHTML: (text) => text };
const trusted = window.trustedTypes?.createPolicy("dashtam", asPage) ?? asPage;

function connect() {
  const address = new URL(document.body.dataset.live, location.href);
  address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  socket = new WebSocket(address);
  socket.addEventListener("open", () => {
    // What happened since this page was made, and before we listened, was not told.
    if (failures > 1 || document.querySelector(UNDER_WAY)) refresh();
    failures = 0;
    setOffline(false);
  });
  socket.addEventListener("message", (message) => dispatch(message.data));
  socket.addEventListener("close", (event) => retry(event.code));
}

// Exponential with full jitter, so that a restarted server is not met by everyone at once.
// 4401: the session has ended, so its numbers must go; loading the page leads to the sign-in page, and back. If a form
// of this very page has just been sent, it may be what ended the session: its answer says more, and is on its way.
// 4403: refused.
function retry(code) {
  if (code === 4401) setTimeout(() => location.replace(location.pathname + location.search), sent ? 5000 : 0);
  if (code === 4401 || code === 4403) return;
  failures += 1;
  if (failures === 3 || !navigator.onLine) setOffline(true);
  setTimeout(connect, Math.random() * Math.min(BACKOFF_MOST, BACKOFF_FIRST * 2 ** failures) + 250);
}

function setOffline(offline) {
  if (offline === Boolean(offlineNote)) return;
  if (!offline) {
    offlineNote.remove();
    offlineNote = null;
    return;
  }
  offlineNote = document.createElement("p");
  offlineNote.className = "offline";
  offlineNote.setAttribute("role", "status");
  document.querySelector(".page").prepend(offlineNote);
  offlineNote.textContent = "Live updates are paused. The numbers below are from when this page was loaded; we keep trying.";
}

function dispatch(text) {
  let event;
  try {
    event = JSON.parse(text);
  } catch {
    return;
  }
  document.dispatchEvent(new CustomEvent("dashtam:event", { detail: event }));
}

function progress(event) {
  const boxes = document.querySelectorAll(`[data-sync-progress="${CSS.escape(String(event.connection_id))}"]`);
  for (const box of boxes) {
    const bar = box.querySelector("progress"), words = box.querySelector("[data-sync-text]");
    const done = event.type === "sync.finished";
    const total = Number(event.total) || (done ? 1 : 0);
    if (bar && total) {
      bar.max = total;
      bar.value = done ? total : Number(event.done) || 0;
    }
    if (words) words.textContent = done ? ending(event.state) : step(event);
  }
}

function importProgress(event) {
  const boxes = document.querySelectorAll(`[data-import-progress="${CSS.escape(String(event.import_id))}"]`);
  for (const box of boxes) {
    const bar = box.querySelector("progress"), words = box.querySelector("[data-import-text]");
    const landed = Number(event.landed) || 0, read = Number(event.read) || 0;
    if (bar && landed) {
      bar.max = Math.max(read, landed);
      bar.value = landed;
    }
    const rows = (landed || read).toLocaleString("en");
    if (words && rows !== "0") words.textContent = landed ? `Under way: ${rows} rows stored so far.` : `Under way: about ${rows} rows read so far.`;
  }
  if (event.type === "import.finished" && boxes.length) refresh();
}

function step({ account, done, total }) {
  const count = total ? ` (${done} of ${total})` : "";
  return account ? `Reading ${account}${count}` : `Reading your accounts${count}`;
}

function ending(state) {
  if (state === "failed") return "This update did not work. We will try again, and the page shows why.";
  if (state === "partial") return "Partly updated. The page shows what is missing.";
  return "Up to date.";
}

// Fetches this page again and swaps each [data-refresh] element. The page of an import has none: it is another once that
// has ended, and is then read anew as a whole. Of several answers under way the one asked for last counts.
let refreshes = 0;
async function refresh() {
  const regions = [...document.querySelectorAll("[data-refresh][id]")];
  const waiting = document.querySelector("[data-import-progress]")?.dataset.importProgress;
  if (!regions.length && !waiting) return;
  const turn = ++refreshes;
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } }).catch(() => null);
  if (!answer?.ok) return;
  const text = await answer.text();
  if (turn !== refreshes) return;
  const ended = !regions.length && !text.includes(`data-import-progress="${waiting}"`);
  if (answer.redirected || ended) location.reload();
  else swap(regions, text);
}

// Puts those parts of a page in place of the ones that are shown, keeping the reader's focus, place, and what they unfolded.
function swap(regions, text) {
  const page = new DOMParser().parseFromString(trusted.createHTML(text), "text/html");
  for (const old of regions) {
    const fresh = page.getElementById(old.id);
    if (!fresh) continue;
    const focused = old.contains(document.activeElement) ? document.activeElement.id : "";
    for (const details of old.querySelectorAll("details[id]")) {
      const same = page.getElementById(details.id);
      if (same) same.open = details.open;
    }
    old.replaceWith(document.adoptNode(fresh));
    window.dashtam.enhance(fresh);
    if (focused) document.getElementById(focused)?.focus();
  }
}

// A form whose answers change what stands below them shows that at once; the latest change wins.
let asked = 0;
async function show(form) {
  const turn = ++asked;
  const answers = new URLSearchParams(new FormData(form));
  answers.set("act", "show");
  const answer = await fetch(location.href, { method: "POST", body: answers, headers: { Accept: "text/html" } }).catch(() => null);
  if (turn !== asked || form.dataset.sent) return;
  if (!answer?.ok || answer.redirected) {
    form.querySelectorAll("[data-without-script]").forEach((button) => { button.hidden = false; });
    return;
  }
  swap(form.querySelectorAll("[data-region][id]"), await answer.text());
  const words = document.getElementById("summary").cloneNode(true);
  words.querySelectorAll("[aria-hidden]").forEach((part) => part.remove());
  document.getElementById("shown").textContent = words.textContent;
}

document.querySelectorAll("form[data-show]").forEach((form) => form.addEventListener("change", () => show(form)));

document.addEventListener("dashtam:event", async ({ detail }) => {
  if (["events.missed", "account.changed", "account.deleted", "connection.erased", "import.taken_back", "transaction.changed", "review.changed"].includes(detail.type)) await refresh();
  if (detail.type === "sync.progress") progress(detail);
  if (detail.type === "import.progress" || detail.type === "import.finished") importProgress(detail);
  if (detail.type !== "sync.finished") return;
  progress(detail);
  await refresh();
  window.dashtam.toast(ending(detail.state));
});
addEventListener("offline", () => setOffline(true));
addEventListener("online", () => { if (socket?.readyState === WebSocket.OPEN) setOffline(false); });

if (document.body.dataset.live) connect();
