// The sign-in page and the step-up page: three buttons, and the browser's own list of passkeys
// (autofill). Afterwards the same address is loaded again, so that nothing is lost.

import { Refusal, ask, hush, show, textOf, warn } from "./page.js";
import { alone, codeOf, create, isInApp, obstacle, prove, verified } from "./passkey.js";

const REARM_MS = 240_000; // before the challenge's five minutes are over
const STEP_UP_AGAIN_MS = 30_000; // who proved it so lately and is asked again needs another passkey
const WAITING = { phone: "waiting-phone", "security-key": "waiting-key" };
const NO_OFFER = "gateway-no-offer"; // in localStorage: never offer a passkey on this device
const PROVED = "gateway-proved"; // in sessionStorage: when, for the step-up page

const main = document.querySelector("main");
const tabs = window.BroadcastChannel ? new BroadcastChannel("gateway") : null;
const field = document.querySelector("#pick");
let isLeaving = false;
let isArmed = false;
let canOffer = true;
let rearm = 0;

async function signIn(way, signal, answered) {
  if (isLeaving) {
    return; // a button was pressed while the passkey from the list was being checked
  }
  const mediation = way === "autofill" ? "conditional" : undefined;
  const answer = await prove(way, signal, { mediation, answered });
  isLeaving = true;
  sessionStorage.setItem(PROVED, String(Date.now()));
  tabs?.postMessage("signed-in");
  if (answer.offer_passkey && (await mayOffer())) {
    offer();
  } else {
    leave();
  }
}

function leave() {
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
  const { way } = button.dataset;
  show(WAITING[way] ?? "waiting");
  button.setAttribute("aria-busy", "true");
  try {
    await alone((signal) => signIn(way, signal));
  } catch (error) {
    tell(error, () => press(button));
    if (!isLeaving && codeOf(error) === "cancelled") {
      arm();
    }
  } finally {
    button.removeAttribute("aria-busy");
  }
}

function tell(error, retry) {
  const code = codeOf(error);
  if (code && !isLeaving) {
    warn(code, error instanceof Refusal ? error.message : textOf(code), retry);
  }
}

/** Let the browser offer passkeys in the field; nothing is shown until the person asks. */
async function arm() {
  const can = !obstacle() && (await PublicKeyCredential.isConditionalMediationAvailable?.());
  canOffer = Boolean(can);
  if (!field || !can || isLeaving) {
    return;
  }
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
      tell(error, null);
    }
  }
}

/** A PC without Bluetooth can't reach a phone: say so beside the button, which stays. */
async function helpWithBluetooth() {
  const can = await window.PublicKeyCredential?.getClientCapabilities?.().catch(() => null);
  const isMissing = can?.hybridTransport === false;
  const [near, bluetooth] = document.querySelectorAll("#near, #bluetooth");
  near.hidden = isMissing;
  bluetooth.hidden = !isMissing;
  const shown = isMissing ? bluetooth : near;
  document.querySelector("#phone").setAttribute("aria-describedby", shown.id);
}

// A passkey on this device, too, for who signed in by another one

async function mayOffer() {
  const can = await PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable?.();
  return can && localStorage.getItem(NO_OFFER) === null;
}

function offer() {
  main.replaceChildren(document.querySelector("#offer").content.cloneNode(true));
  main.querySelector("h1").focus();
  main.querySelector("#offer-accept").addEventListener("click", (press) => accept(press.target));
  main.querySelector("#offer-later").addEventListener("click", leave);
  main.querySelector("#offer-never").addEventListener("click", () => {
    localStorage.setItem(NO_OFFER, "yes");
    leave();
  });
}

async function accept(button) {
  show("waiting");
  try {
    await alone((signal) => verified(() => registerHere(signal), signal));
    leave();
  } catch (error) {
    const code = codeOf(error);
    if (code) {
      warn(code, error instanceof Refusal ? error.message : textOf(code), () => accept(button));
    }
  }
}

async function registerHere(signal) {
  const options = await ask("/.gateway/account/passkey/options", { way: "this-device" });
  signal.throwIfAborted();
  const credential = await create(options, signal);
  show("checking");
  return ask("/.gateway/account/passkey/verify", credential);
}

// Where the page stands

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

function tellWhatIsKnown() {
  const impossible = obstacle();
  if (impossible) {
    warn(impossible);
  } else if (isInApp()) {
    warn("in-app");
  } else if (
    main.dataset.page === "step-up" &&
    Date.now() - Number(sessionStorage.getItem(PROVED)) < STEP_UP_AGAIN_MS
  ) {
    warn("again");
  } else {
    hush();
  }
  sessionStorage.removeItem(PROVED);
}

for (const button of document.querySelectorAll("button[data-way]")) {
  button.addEventListener("click", () => press(button));
}
field?.addEventListener("focus", () => {
  if (!isArmed) {
    arm();
  }
});
// Where the browser has no list of its own to show, its dialog is that list.
field?.addEventListener("click", () => {
  if (!canOffer) {
    press(document.querySelector("#passkey"));
  }
});
field?.addEventListener("keydown", (key) => {
  if (key.key === "Enter" && !key.isComposing) {
    press(document.querySelector("#passkey"));
  }
});
tabs?.addEventListener("message", () => {
  if (!isLeaving) {
    warn("elsewhere");
  }
});
document.querySelector("#back")?.addEventListener("click", () => history.back());
// A page that comes back from the browser's cache has no call waiting any more.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) {
    location.reload();
  }
});

offerWholeWindow();
tellWhatIsKnown();
if (document.querySelector("#near")) {
  helpWithBluetooth();
}
arm();
