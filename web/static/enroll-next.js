// What comes after the first passkey: recovery codes, a second way in, a test.

import { Refusal, ask, hush, textOf, warn } from "./page.js";
import { copy } from "./enroll.js";

const LOOK_AGAIN_MS = 2_000;

const here = location.pathname;
const main = document.querySelector("main");
let watching = 0;

// After the load event, not in it: who leaves then leaves a page that is whole.
window.addEventListener("load", () =>
  window.setTimeout(() => document.querySelector("#finish").classList.remove("until-loaded")),
);

async function attempt(button, act) {
  hush();
  button.setAttribute("aria-busy", "true");
  try {
    await act();
  } catch (error) {
    const code = error instanceof Refusal ? error.code : "failed";
    warn(code, error instanceof Refusal ? error.message : textOf("failed"), () => attempt(button, act));
    document.querySelector("#message").scrollIntoView({ block: "nearest" });
  } finally {
    button.removeAttribute("aria-busy");
  }
}

// Recovery codes: shown once, on the screen and on paper

const makeCodes = document.querySelector("#make-recovery-codes");
const sheet = document.querySelector("#print-sheet");

function list(place, codes) {
  const pattern = document.querySelector("#code").content;
  place.replaceChildren(
    ...codes.map((code) => {
      const item = pattern.cloneNode(true);
      item.querySelector("code").textContent = code;
      return item;
    }),
  );
}

/** The sheet's lines as a plain text file. */
function plainText() {
  return [...sheet.querySelectorAll("p, li")].map((each) => each.textContent.trim()).join("\r\n") + "\r\n";
}

function showCodes(codes) {
  list(document.querySelector("#codes"), codes);
  list(sheet.querySelector("ol"), codes);
  sheet.classList.add("is-filled");
  const file = new Blob(["\ufeff", plainText()], { type: "text/plain;charset=utf-8" });
  document.querySelector("#codes-download").href = URL.createObjectURL(file);
  document.querySelector("#codes-copy").addEventListener("click", (click) =>
    copy(click.currentTarget, codes.join("\n")),
  );
  document.querySelector("#recovery-codes").hidden = false;
  makeCodes.hidden = true;
  document.querySelector("#codes").focus();
}

// The day as the person's own clock shows it, not the server's.
const made = sheet.querySelector("time");
made.textContent = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "long" }).format(new Date());

makeCodes.addEventListener("click", () =>
  attempt(makeCodes, async () => {
    showCodes((await ask(`${here}/recovery-codes`, {})).codes);
  }),
);
document.querySelector("#codes-print").addEventListener("click", () => window.print());
document.querySelector("#codes-kept").addEventListener("click", () => location.reload());

// A code on the screen for another device

const showCode = document.querySelector("#show-code");
const panel = document.querySelector("#other-device");

function draw({ modules, path }) {
  const picture = panel.querySelector("svg");
  picture.setAttribute("viewBox", `0 0 ${modules} ${modules}`);
  picture.querySelector(".qr-paper").setAttribute("d", `M0 0h${modules}v${modules}H0z`);
  picture.querySelector(".qr-ink").setAttribute("d", path);
  panel.hidden = false;
  panel.scrollIntoView({ block: "nearest" });
}

/** Look until the other device has registered; then this page tells it. */
function watch(until) {
  window.clearTimeout(watching);
  watching = window.setTimeout(async () => {
    if (performance.now() > until) {
      panel.hidden = true;
      document.querySelector("#code-over").hidden = false;
      return;
    }
    const answer = await fetch(`${here}/progress`, { headers: { Accept: "application/json" } }).catch(() => null);
    const progress = answer?.ok ? await answer.json().catch(() => null) : null;
    if (progress && progress.passkeys > Number(main.dataset.passkeys)) {
      location.reload();
      return;
    }
    watch(until);
  }, LOOK_AGAIN_MS);
}

showCode?.addEventListener("click", () =>
  attempt(showCode, async () => {
    const code = await ask(`${here}/other-device`, {});
    document.querySelector("#code-over").hidden = true;
    draw(code);
    watch(performance.now() + code.lifetime_s * 1000);
  }),
);
