// What every act on the account page has in common: asking the server (with a fresh proof of
// who one is where it wants one), telling what happened, and showing the page as it is then.

import { Refusal, ask, hush, show, textOf, toast, warn } from "./page.js";
import { alone, codeOf, get, obstacle } from "./passkey.js";

const main = document.querySelector("main");
const place = document.querySelector("#status-place");
const texts = document.querySelector("#account-texts");
const language = document.documentElement.lang;
const clock = new Intl.DateTimeFormat(language, { timeStyle: "short" });
const calendar = new Intl.DateTimeFormat(language, { dateStyle: "long" });
const nearby = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
const DAY_MS = 86_400_000;

/** A sentence of this page's own, with its places filled. */
export function say(name, values = {}) {
  const sentence = texts.content.querySelector(`[data-text="${name}"]`).textContent;
  return Object.entries(values).reduce((text, [key, value]) => text.replace(`{${key}}`, value), sentence);
}

/** Tell that something was done. */
export function tell(name) {
  hush();
  toast(say(name));
}

/**
 * POST to the account. Where the server wants to know first that it is still the same person,
 * the person confirms by passkey, and the question is asked once more: nothing typed is lost.
 */
export async function act(path, question = {}) {
  const address = `/.gateway/account/${path}`;
  try {
    return await ask(address, question);
  } catch (error) {
    if (!["verification-required", "sign-in-required"].includes(error.code)) {
      throw error;
    }
  }
  await confirm();
  return ask(address, question);
}

/** A fresh proof of who one is. Somebody else's passkey would change whose page this is. */
async function confirm() {
  show("confirm");
  await alone(async (signal) => {
    const options = await ask("/.gateway/passkey/options", { way: "any" });
    signal.throwIfAborted();
    const credential = await get(options, signal);
    const owner = credential.response.userHandle;
    if (owner && owner !== main.dataset.userId) {
      throw new Refusal("other-person", say("other-person"));
    }
    show("checking");
    await ask("/.gateway/passkey/verify", credential);
  });
}

/** Do that while the button is busy, and tell what goes wrong; whether it went well. */
export async function attempt(button, work) {
  if (button.getAttribute("aria-busy") === "true") {
    return false;
  }
  hush();
  button.setAttribute("aria-busy", "true");
  try {
    await work();
    return true;
  } catch (error) {
    const code = codeOf(error);
    if (code) {
      warn(code, error instanceof Refusal ? error.message : textOf(code));
    } else {
      hush();
    }
    return false;
  } finally {
    button.removeAttribute("aria-busy");
  }
}

/** Whether passkeys can work here; if not, the person reads why. */
export function canUsePasskeys() {
  const impossible = obstacle();
  if (impossible) {
    warn(impossible);
  }
  return !impossible;
}

/** Show the page as the server has it now; the focus goes to `focus`, or to the heading. */
export async function refresh(focus, heading) {
  const now = await current();
  if (!now) {
    location.reload();
    return;
  }
  for (const section of now.querySelectorAll("main > section[id]")) {
    const shown = document.getElementById(section.id);
    const open = [...shown.querySelectorAll("details[open][id]")].map((each) => each.id);
    shown.replaceWith(document.adoptNode(section));
    open.forEach((id) => document.getElementById(id)?.setAttribute("open", ""));
  }
  dress();
  (document.querySelector(focus || heading) ?? document.querySelector(heading))?.focus();
}

/** This page, asked for again. Parsed by the browser, not by us: no markup is ever made here. */
function current() {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open("GET", location.pathname);
    request.responseType = "document";
    request.onload = () => resolve(request.status === 200 ? request.responseXML : null);
    request.onerror = () => resolve(null);
    request.send();
  });
}

/** Times as the person's own clock shows them; and what password managers may know. */
export function dress() {
  for (const time of document.querySelectorAll("time")) {
    time.textContent = moment(new Date(time.dateTime));
  }
  signal();
}

function moment(when) {
  const midnight = new Date();
  midnight.setHours(0, 0, 0, 0);
  const days = Math.floor((when - midnight) / DAY_MS);
  const day = days === 0 || days === -1 ? nearby.format(days, "day") : calendar.format(when);
  return `${day} ${clock.format(when)}`;
}

/**
 * Tell password managers which passkeys are good here and what the person is called
 * (WebAuthn Level 3, 5.1.10). The rows are the server's own of this moment; none at all would
 * mean that something is wrong, and would delete everything.
 */
async function signal() {
  const { rpId, userId, userName, displayName } = main.dataset;
  const rows = [...document.querySelectorAll("[data-credential-id]")];
  const allAcceptedCredentialIds = rows.map((row) => row.dataset.credentialId);
  if (!window.PublicKeyCredential || !allAcceptedCredentialIds.length) {
    return;
  }
  try {
    await PublicKeyCredential.signalAllAcceptedCredentials?.({ rpId, userId, allAcceptedCredentialIds });
    await PublicKeyCredential.signalCurrentUserDetails?.({ rpId, userId, name: userName, displayName });
  } catch {
    // A password manager that can't be told shows an old passkey for longer: no harm.
  }
}

/** Open a dialog; messages are shown inside it, where they can be seen and heard. */
export function open(dialog) {
  hush();
  document.querySelector("#toast").textContent = "";
  dialog.append(place);
  dialog.showModal();
}

/** Close it; the browser gives the focus back to what had opened it. */
export function close(dialog) {
  if (dialog.open) {
    dialog.close();
  }
}

for (const dialog of document.querySelectorAll("dialog")) {
  dialog.addEventListener("close", () => {
    hush();
    main.append(place);
  });
  dialog.addEventListener("click", (click) => {
    if (click.target.closest(".close")) {
      dialog.close();
    }
  });
}
