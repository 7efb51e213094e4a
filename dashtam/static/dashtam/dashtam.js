// Small improvements of pages that already work without scripts.
const root = document.documentElement;
const each = (within, selector, act) => {
  if (within.matches?.(selector)) act(within);
  within.querySelectorAll(selector).forEach(act);
};

function toast(words) {
  const box = document.createElement("p");
  box.className = "toast";
  box.textContent = words;
  document.getElementById("toasts")?.append(box);
  setTimeout(() => box.remove(), 8000);
}

// --- theme ---------------------------------------------------------------------------------------
const systemDark = matchMedia("(prefers-color-scheme: dark)");
const themeNow = () => root.dataset.theme ?? (systemDark.matches ? "dark" : "light");

function labelThemeSwitches() {
  each(document, "[data-theme-switch]", (button) => {
    button.dataset.now = themeNow();
    button.setAttribute("aria-label", themeNow() === "dark" ? "Use the light theme" : "Use the dark theme");
    button.hidden = false;
  });
}

// Choosing the theme that the system has anyway removes the stored choice.
function switchTheme() {
  const next = themeNow() === "dark" ? "light" : "dark";
  const own = next !== (systemDark.matches ? "dark" : "light");
  if (own) root.dataset.theme = next;
  else delete root.dataset.theme;
  try {
    if (own) localStorage.setItem("theme", next);
    else localStorage.removeItem("theme");
  } catch {
    // Storage is blocked: the choice lasts for this page.
  }
  labelThemeSwitches();
}

// --- time: the zone in the reader's profile; for strangers, the browser's ---------------------------
function formatter(options) {
  try {
    return new Intl.DateTimeFormat("en-GB", { ...options, timeZone: root.dataset.zone || undefined });
  } catch {
    return new Intl.DateTimeFormat("en-GB", { ...options, timeZone: "UTC" }); // a zone this browser does not know
  }
}

const DAY_PARTS = { day: "numeric", month: "short", year: "numeric" };
const full = formatter({ ...DAY_PARTS, hour: "2-digit", minute: "2-digit", timeZoneName: "short" });
const dayOnly = formatter(DAY_PARTS);
const MINUTE = 60_000, HOUR = 60 * MINUTE, DAY = 24 * HOUR;

// The same words as relative_text on the server.
function relative(moment) {
  const ahead = moment - Date.now(), span = Math.abs(ahead);
  if (span < 45_000) return "just now";
  if (span >= (ahead > 0 ? 31 : 7) * DAY) return dayOnly.format(moment);
  const [size, unit] = span < HOUR ? [MINUTE, "minute"] : span < DAY ? [HOUR, "hour"] : [DAY, "day"];
  const count = Math.max(1, Math.floor(span / size));
  const words = `${count} ${unit}${count === 1 ? "" : "s"}`;
  return ahead > 0 ? `in ${words}` : `${words} ago`;
}

function localTime(time) {
  const moment = new Date(time.dateTime);
  const words = { relative, date: (m) => dayOnly.format(m), moment: (m) => full.format(m) }[time.dataset.when];
  if (Number.isNaN(moment.getTime()) || !words) return;
  time.title = full.format(moment);
  time.textContent = words(moment);
}

// --- forms ---------------------------------------------------------------------------------------
function showPassword(button) {
  const input = document.getElementById(button.dataset.showPassword);
  const show = input.type === "password";
  input.type = show ? "text" : "password";
  button.textContent = show ? "Hide" : "Show";
  button.ariaLabel = button.ariaLabel.replace(/^\w+/, show ? "Hide" : "Show");
}

async function copy(button) {
  const source = document.getElementById(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(source.textContent.trim());
    toast("Copied.");
  } catch {
    getSelection().selectAllChildren(source);
    toast("Selected. Press Ctrl+C or ⌘C to copy.");
  }
}

// Advice only: the server decides.
function advise(note) {
  const input = document.getElementById(note.dataset.strengthOf);
  const first = note.textContent;
  input?.addEventListener("input", () => {
    const missing = 15 - [...input.value.normalize("NFKC")].length;
    if (!input.value) note.textContent = first;
    else if (missing > 0) note.textContent = `${missing} more character${missing === 1 ? "" : "s"} needed.`;
    else note.textContent = "Long enough.";
  });
}

function nameZone(input) {
  input.value = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
}

function autoSubmit(form) {
  form.addEventListener("change", (event) => {
    if (event.target.matches("select, input[type=checkbox], input[type=radio]")) form.requestSubmit();
  });
}

// A second press of a button must not send a form twice. Freed after a while: the answer may be a download.
function sendOnce(event) {
  const form = event.target;
  if (form.getAttribute("method")?.toLowerCase() !== "post" || event.defaultPrevented) return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
  event.submitter?.setAttribute("aria-busy", "true");
  setTimeout(letSendAgain, 10_000);
}

function letSendAgain() {
  each(document, "form[data-sent]", (form) => { delete form.dataset.sent; });
  each(document, "button[aria-busy]", (button) => button.removeAttribute("aria-busy"));
}

// --- folds: a person's own choice outlasts the page ------------------------------------------------
function remember(key, value) {
  try {
    if (value === undefined) return localStorage.getItem(key);
    localStorage.setItem(key, value);
  } catch {
    // Storage is blocked: the choice lasts for this page.
  }
  return null;
}

function keepFold(details) {
  const key = `fold:${location.pathname.split("/")[1]}:${details.id}`;
  const kept = remember(key);
  if (kept) details.open = kept === "open";
  details.querySelector("summary").addEventListener("click", () => remember(key, details.open ? "folded" : "open"));
}

// --- files: dropped anywhere on the page, and listed before they are sent ----------------------------
function chooseFiles(input) {
  const zone = input.closest(".field"), list = document.createElement("ul");
  list.className = "files";
  list.setAttribute("aria-live", "polite");
  const hint = document.createElement("p");
  hint.className = "hint files__hint";
  hint.textContent = "Or drop files anywhere on this page.";
  input.after(hint, list);
  const size = (bytes) => bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
  const show = () => list.replaceChildren(...[...input.files].map((file) => {
    const line = document.createElement("li");
    line.textContent = `${file.name} (${size(file.size)})`;
    return line;
  }));
  const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");
  input.addEventListener("change", show);
  document.addEventListener("dragover", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    zone.dataset.over = "";
  });
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) delete zone.dataset.over; });
  document.addEventListener("drop", (event) => {
    delete zone.dataset.over;
    if (!carriesFiles(event) || !event.dataTransfer.files.length) return;
    event.preventDefault();
    input.files = event.dataTransfer.files;
    show();
  });
}

// --- start: also for parts of the page that arrive later (live.js) ---------------------------------
function enhance(within) {
  each(within, "time[data-when]", localTime);
  each(within, "[data-show-password], [data-copy], [data-print]", (button) => { button.hidden = false; });
  each(within, "[data-strength-of]", advise);
  each(within, "[data-browser-zone]", nameZone);
  each(within, "form[data-auto-submit]", autoSubmit);
  each(within, "details[data-fold]", keepFold);
  each(within, "input[data-files]", chooseFiles);
  each(within, "[data-without-script]", (button) => { button.hidden = Boolean(document.body.dataset.live); });
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-theme-switch], [data-show-password], [data-copy], [data-print]");
  if (button?.matches("[data-theme-switch]")) switchTheme();
  else if (button?.matches("[data-show-password]")) showPassword(button);
  else if (button?.matches("[data-print]")) print();
  else if (button) copy(button);
  each(document, "details[data-menu][open]", (menu) => { if (!menu.contains(event.target)) menu.open = false; });
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  each(document, "details[data-menu][open]", (menu) => {
    menu.open = false;
    menu.querySelector("summary").focus();
  });
});
document.addEventListener("submit", sendOnce);
addEventListener("pageshow", letSendAgain);
systemDark.addEventListener("change", labelThemeSwitches);
setInterval(() => each(document, 'time[data-when="relative"]', localTime), MINUTE);

labelThemeSwitches();
enhance(document);
document.querySelector("[data-focus]")?.focus();
window.dashtam = { enhance, toast };
