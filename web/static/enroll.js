// The enrolment page: register a passkey by the link that was opened.

import { Refusal, ask, hush, show, textOf, warn } from "./page.js";
import { alone, codeOf, create, obstacle } from "./passkey.js";

const WAITING = { phone: "waiting-phone", "security-key": "waiting-key" };

const here = location.pathname;

async function register(way, signal) {
  const options = await ask(`${here}/options`, { way });
  signal.throwIfAborted();
  const credential = await create(options, signal);
  show("checking");
  return ask(`${here}/verify`, credential);
}

/** What comes next has an address of its own: reloading it loses nothing. */
function goOn({ label, next }) {
  if (next) {
    location.replace(`/.gateway/enroll/${next}`);
    return;
  }
  const done = document.querySelector("#done").content.cloneNode(true);
  done.querySelector("#label").textContent = label;
  document.querySelector("#begin").replaceWith(done);
  document.querySelector("main h1").focus();
}

async function press(button) {
  const impossible = obstacle();
  if (impossible) {
    warn(impossible);
    return;
  }
  const { way } = button.dataset;
  show(WAITING[way] ?? "waiting");
  button.setAttribute("aria-busy", "true");
  try {
    goOn(await alone((signal) => register(way, signal)));
  } catch (error) {
    const code = codeOf(error);
    if (code) {
      const text = error instanceof Refusal ? error.message : textOf(code);
      warn(code, text, () => press(button));
      document.querySelector("#message").scrollIntoView({ block: "nearest" });
    }
  } finally {
    button.removeAttribute("aria-busy");
  }
}

/** Say where the passkey will be, as soon as the browser has said what it can do. */
async function nameThisDevice(button) {
  const canVerify = await window.PublicKeyCredential?.isUserVerifyingPlatformAuthenticatorAvailable?.();
  if (!canVerify || !button.querySelector("[data-words]")) {
    return;
  }
  // An iPad says that it is a Mac; no Mac has a screen that is touched.
  const words = navigator.maxTouchPoints > 1 && /Mac/.test(navigator.platform) ? "here" : "pc";
  for (const each of button.querySelectorAll("[data-words]")) {
    each.hidden = each.dataset.words !== words;
  }
  button.dataset.way = "this-device";
}

/** Copy, and say so on the button itself for a moment. */
export async function copy(button, text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    return false;
  }
  const [before, after] = button.querySelectorAll("span");
  before.hidden = true;
  after.hidden = false;
  window.setTimeout(() => {
    before.hidden = false;
    after.hidden = true;
  }, 3_000);
  return true;
}

for (const button of document.querySelectorAll("button[data-way]")) {
  button.addEventListener("click", () => press(button));
}
for (const button of document.querySelectorAll("button[data-copy]")) {
  const field = document.querySelector(button.dataset.copy);
  button.addEventListener("click", async () => {
    if (!(await copy(button, field.textContent))) {
      // The person copies by hand where the browser lets no page do it.
      window.getSelection().selectAllChildren(field);
    }
  });
}
const main = document.querySelector("#register-passkey");
if (main) {
  nameThisDevice(main);
}

hush();
const impossible = obstacle();
if (impossible && !document.querySelector("#in-app")) {
  warn(impossible);
}
