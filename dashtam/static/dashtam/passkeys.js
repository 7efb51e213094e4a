// Passkeys: fetch the options, let the browser ask for the passkey, put its answer into the form, and send that.
const toBytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const toText = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const withBytes = (known) => ({ ...known, id: toBytes(known.id) });

async function ask(form) {
  const purpose = form.dataset.passkey;
  const answer = await fetch(`/passkeys/options/${purpose}`, { method: "POST", body: new FormData(form) });
  if (!answer.ok) {
    const problem = await answer.json().catch(() => ({}));
    throw new Error([problem.title, problem.detail].filter(Boolean).join(" "));
  }
  const options = await answer.json();
  const publicKey = { ...options, challenge: toBytes(options.challenge) };
  if (purpose === "register") {
    publicKey.user = withBytes(options.user);
    publicKey.excludeCredentials = (options.excludeCredentials ?? []).map(withBytes);
    return navigator.credentials.create({ publicKey });
  }
  publicKey.allowCredentials = (options.allowCredentials ?? []).map(withBytes);
  return navigator.credentials.get({ publicKey });
}

function spell(credential) {
  const response = {};
  for (const part of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[part]) response[part] = toText(credential.response[part]);
  }
  return JSON.stringify({ id: credential.id, rawId: toText(credential.rawId), type: credential.type, response });
}

const WORDS = {
  NotAllowedError: "Nothing was confirmed. Try again when you are ready.",
  InvalidStateError: "This device has a passkey for your account already.",
  SecurityError: "This browser does not allow passkeys at this address.",
};

async function submit(event) {
  const form = event.currentTarget, note = form.querySelector("[data-passkey-note]");
  event.preventDefault();
  note.hidden = false;
  note.textContent = "Your browser asks you to confirm…";
  try {
    form.elements.credential.value = spell(await ask(form));
    form.submit();
  } catch (error) {
    note.textContent = WORDS[error.name] ?? (error.message || "That did not work. Please try again.");
  }
}

const possible = Boolean(window.PublicKeyCredential && navigator.credentials);
for (const form of document.querySelectorAll("form[data-passkey]")) {
  form.hidden = !possible;
  form.addEventListener("submit", submit);
  form.querySelector("[data-passkey-go]")?.addEventListener("click", () => form.requestSubmit());
}
document.querySelectorAll("[data-passkey-missing]").forEach((words) => { words.hidden = possible; });
