// The sign-in page: three buttons and the browser's own list of passkeys (autofill).

import { Refusal, ask, hush, show, textOf, warn } from "./page.js";
import { alone, codeOf, get, obstacle } from "./passkey.js";

const REARM_MS = 240_000; // before the challenge's five minutes are over

const main = document.querySelector("main");
let isLeaving = false;
let isArmed = false;
let rearm = 0;

async function signIn(way, signal, answered = () => {}) {
  if (isLeaving) {
    return; // a button was pressed while the passkey from the list was being checked
  }
  const options = await ask("/.gateway/passkey/options", { way });
  signal.throwIfAborted();
  const credential = await get(options, signal, way === "autofill" ? "conditional" : undefined);
  answered();
  show("checking");
  await ask("/.gateway/passkey/verify", credential);
  leave();
}

function leave() {
  isLeaving = true;
  show("done");
  if (main.dataset.after === "reload") {
    // The same address again, #fragment included; a POST is sent again with its body.
    location.reload();
  } else {
    location.assign("/");
  }
}

async function press(button) {
  if (isLeaving) {
    return;
  }
  window.clearTimeout(rearm);
  const impossible = obstacle();
  if (impossible) {
    warn(impossible);
    return;
  }
  show("waiting");
  button.setAttribute("aria-busy", "true");
  try {
    await alone((signal) => signIn(button.dataset.way, signal));
  } catch (error) {
    tell(error);
    if (codeOf(error) === "cancelled") {
      arm();
    }
  } finally {
    button.removeAttribute("aria-busy");
  }
}

function tell(error) {
  const code = codeOf(error);
  if (code && !isLeaving) {
    warn(code, error instanceof Refusal ? error.message : textOf(code));
  }
}

/** Let the browser offer passkeys in the field; nothing is shown until the person asks. */
async function arm() {
  if (isLeaving || obstacle() || !(await PublicKeyCredential.isConditionalMediationAvailable?.())) {
    return;
  }
  document.querySelector("#pick-field").hidden = false;
  window.clearTimeout(rearm);
  rearm = window.setTimeout(arm, REARM_MS);
  let hasAnswered = false;
  isArmed = true;
  try {
    await alone((signal) =>
      signIn("autofill", signal, () => {
        hasAnswered = true;
        window.clearTimeout(rearm);
      }),
    );
  } catch (error) {
    isArmed = codeOf(error) === null;
    // Until a passkey was picked the person asked for nothing, so nothing is told.
    if (hasAnswered) {
      tell(error);
    }
  }
}

/** A PC without Bluetooth can't reach a phone: say so beside the button, which stays. */
async function helpWithBluetooth() {
  const can = await window.PublicKeyCredential?.getClientCapabilities?.().catch(() => null);
  document.querySelector("#bluetooth").hidden = can?.hybridTransport !== false;
}

function offerWholeWindow() {
  if (window.top === window.self) {
    return;
  }
  document.querySelector("#framed").hidden = false;
  document.querySelector("#whole-window").addEventListener("click", (click) => {
    click.preventDefault();
    window.top.location.reload();
  });
}

for (const button of document.querySelectorAll("button[data-way]")) {
  button.addEventListener("click", () => press(button));
}
document.querySelector("#pick").addEventListener("focus", () => {
  if (!isArmed) {
    arm();
  }
});
document.querySelector("#pick").addEventListener("keydown", (key) => {
  if (key.key === "Enter" && !key.isComposing) {
    press(document.querySelector("#passkey"));
  }
});
// A page that comes back from the browser's cache has no call waiting any more.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) {
    location.reload();
  }
});

hush();
offerWholeWindow();
helpWithBluetooth();
const impossible = obstacle();
if (impossible) {
  warn(impossible);
} else {
  arm();
}
