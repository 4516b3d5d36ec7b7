// The enrolment page: register one passkey by the link that was opened.

import { Refusal, ask, hush, show, textOf, warn } from "./page.js";
import { alone, codeOf, create, obstacle } from "./passkey.js";

const here = location.pathname;

async function register(way, signal) {
  const options = await ask(`${here}/options`, { way });
  signal.throwIfAborted();
  const credential = await create(options, signal);
  show("checking");
  return ask(`${here}/verify`, credential);
}

function finish(label) {
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
  show("waiting");
  button.setAttribute("aria-busy", "true");
  try {
    const { label } = await alone((signal) => register(button.dataset.way, signal));
    finish(label);
  } catch (error) {
    const code = codeOf(error);
    if (code) {
      warn(code, error instanceof Refusal ? error.message : textOf(code));
    }
  } finally {
    button.removeAttribute("aria-busy");
  }
}

for (const button of document.querySelectorAll("button[data-way]")) {
  button.addEventListener("click", () => press(button));
}

hush();
document.querySelector("#in-app").hidden = !/\bLine\/|FBAN|FBAV|Instagram|MicroMessenger/.test(navigator.userAgent);
const impossible = obstacle();
if (impossible) {
  warn(impossible);
}
