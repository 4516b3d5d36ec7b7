// Adding a passkey: on this device, on a security key, or on another phone by a code.

import { act, attempt, canUsePasskeys, close, open, refresh, say, tell } from "./account-acts.js";
import { ask, show } from "./page.js";
import { alone, create, stop } from "./passkey.js";

const LOOK_AGAIN_MS = 2_000;
const MISSES_LIMIT = 5; // a phone's registration is not lost with some answers on the way

const dialog = document.querySelector("#add-dialog");
const steps = [...dialog.querySelectorAll(".step")];
const left = dialog.querySelector("#phone-left");
let shown = null; // the code on the screen: {code, until, misses}

function step(id) {
  for (const each of steps) {
    each.hidden = each.id !== id;
  }
  dialog.querySelector(`#${id} h2`).focus();
}

document.querySelector("main").addEventListener("click", (click) => {
  if (click.target.closest("#add-passkey") && canUsePasskeys()) {
    open(dialog);
    step("add-choose");
  }
});

// On this device, on a security key

export async function addHere(way) {
  const options = await act("passkey/options", { way });
  if (way === "security-key") {
    show("waiting-key");
  } else {
    show("waiting");
  }
  const credential = await alone((signal) => create(options, signal));
  show("checking");
  // Not by `act`: the answer is good once, so asking again would be of no use.
  return ask("/.gateway/account/passkey/verify", credential);
}

for (const button of dialog.querySelectorAll("button[data-way]")) {
  button.addEventListener("click", () =>
    attempt(button, async () => {
      await addHere(button.dataset.way);
      close(dialog);
      await refresh("[data-credential-id]:last-child .rename", "#passkeys");
      tell("added");
    }),
  );
}

// On another phone

function showCode(button) {
  return attempt(button, async () => {
    const answer = await act("phone");
    if (!dialog.open) {
      await withdraw();
      return;
    }
    shown = { code: answer.code, until: performance.now() + answer.lifetime_s * 1000, misses: 0 };
    draw(answer);
    step("add-scan");
    countDown(shown);
    watch(shown);
  });
}

function draw({ link, modules, path }) {
  const picture = dialog.querySelector("#phone-qr");
  picture.setAttribute("viewBox", `0 0 ${modules} ${modules}`);
  picture.querySelector(".qr-paper").setAttribute("d", `M0 0h${modules}v${modules}H0z`);
  picture.querySelector(".qr-ink").setAttribute("d", path);
  dialog.querySelector("#phone-link").textContent = link;
}

function countDown(mine) {
  const seconds = Math.max(0, Math.ceil((mine.until - performance.now()) / 1000));
  if (shown !== mine) {
    return;
  }
  const time = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  left.textContent = say("time-left", { time });
  if (seconds) {
    window.setTimeout(() => countDown(mine), 1_000);
  } else {
    over();
  }
}

async function watch(mine) {
  while (shown === mine) {
    await new Promise((go) => window.setTimeout(go, LOOK_AGAIN_MS));
    if (shown !== mine) {
      return;
    }
    const answer = await ask("/.gateway/account/phone/state", { code: mine.code }).catch(() => null);
    if (shown !== mine) {
      return;
    }
    mine.misses = answer ? 0 : mine.misses + 1;
    if (answer?.progress === "used") {
      bound(answer);
    } else if (answer?.progress === "over" || mine.misses === MISSES_LIMIT) {
      over();
    }
  }
}

/** A code that is on no screen leads nowhere. */
function withdraw() {
  return ask("/.gateway/account/phone/cancel", {}).catch(() => {}); // else it ends by itself
}

function over() {
  shown = null;
  step("add-over");
}

/** A phone has registered: the person says whether it is theirs. */
function bound({ label, credential_id: credentialId }) {
  shown = null;
  dialog.dataset.bound = credentialId;
  dialog.querySelector("#add-bound .subject").textContent = label;
  step("add-bound");
}

dialog.querySelector("#add-phone").addEventListener("click", (click) => showCode(click.currentTarget));
dialog.querySelector("#phone-again").addEventListener("click", (click) => showCode(click.currentTarget));

dialog.querySelector("#phone-undo").addEventListener("click", (click) =>
  attempt(click.currentTarget, async () => {
    await act("passkey/remove", { credential_id: dialog.dataset.bound });
    delete dialog.dataset.bound;
    close(dialog);
    await refresh("", "#passkeys");
    tell("undone");
  }),
);

dialog.addEventListener("close", async () => {
  stop();
  if (shown) {
    shown = null;
    await withdraw();
  }
  if (dialog.dataset.bound) {
    delete dialog.dataset.bound;
    await refresh("[data-credential-id]:last-child .rename", "#passkeys");
    tell("added");
  }
});
