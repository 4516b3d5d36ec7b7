// What all our pages share: asking the server, telling the person, changing the language.

/** By its id, now: a script may have put another part of the page in the place of one. */
const at = (id) => document.getElementById(id);

/** In what a page can say: the first that fits, of its own (`template.texts`) and of all. */
const among = (selector) =>
  [...document.querySelectorAll("template.texts")]
    .map((each) => each.content.querySelector(selector))
    .find(Boolean);

/** What helps after which trouble; "retry" only where the page can. See texts.html. */
const STEPS = {
  cancelled: ["retry", "help"],
  "timed-out": ["retry", "help"],
  expired: ["retry"],
  failed: ["retry", "help"],
  refused: ["retry", "help"],
  busy: ["retry"],
  network: ["retry"],
  offline: ["retry"],
  unavailable: ["retry"],
  "not-verified": ["help-key"],
  "unknown-passkey": ["retry", "recovery"],
  "removed-passkey": ["recovery", "help"],
  "not-supported": ["help"],
  "in-app": ["copy"],
  "insecure-context": ["https"],
  "ip-address": ["help"],
  tls: ["help"],
  "bad-request": ["reload"],
  "foreign-origin": ["reload"],
  "sign-in-required": ["reload"],
  elsewhere: ["reload"],
};

/** The server said no, or could not be asked. `code` is what the page shows it as. */
export class Refusal extends Error {
  constructor(code, text) {
    super(text);
    this.code = code;
  }
}

/** POST JSON to our server; its JSON answer, or a Refusal. */
export async function ask(address, question) {
  let response;
  try {
    response = await fetch(address, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: JSON.stringify(question),
    });
  } catch {
    const code = navigator.onLine ? "network" : "offline";
    throw new Refusal(code, textOf(code));
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) {
    const code = response.status >= 502 ? "unavailable" : "failed";
    throw new Refusal(answer.error ?? code, answer.message ?? textOf(code));
  }
  return answer;
}

/** The sentence of that code, in the page's language. */
export function textOf(code) {
  return among(`[data-code="${code}"]`)?.textContent ?? "";
}

/** Tell what went wrong, and offer what helps; screen readers say it at once. */
export function warn(code, text = textOf(code), retry = null) {
  at("progress").textContent = "";
  at("message").dataset.code = code;
  at("message").textContent = text;
  at("next")?.replaceChildren(...stepsAfter(code, retry));
}

/** Tell what is going on. */
export function show(code) {
  hush();
  at("progress").textContent = textOf(code);
}

/** Take back whatever was told. */
export function hush() {
  delete at("message").dataset.code;
  at("message").textContent = "";
  at("progress").textContent = "";
  at("next")?.replaceChildren();
}

/** Say that something was done; it goes away by itself (`<p id="toast" class="toast" role="status">`). */
export function toast(text) {
  at("toast").textContent = text;
  window.setTimeout(() => {
    at("toast").textContent = "";
  }, 6_000);
}

function stepsAfter(code, retry) {
  return (STEPS[code] ?? [])
    .filter((name) => name !== "retry" || retry)
    .map((name) => among(`[data-step="${name}"]`)?.cloneNode(true))
    .filter(Boolean)
    .map((step) => {
      ACTS[step.dataset.step]?.(step, retry);
      return step;
    });
}

const ACTS = {
  retry: (step, retry) => step.addEventListener("click", retry),
  reload: (step) => step.addEventListener("click", () => location.reload()),
  https: (step) => {
    step.href = location.href.replace(/^http:/, "https:");
  },
  copy: (step) =>
    step.addEventListener("click", async () => {
      await navigator.clipboard?.writeText(location.href);
      step.textContent = textOf("copied");
    }),
};

/** Keep a page that was answered in the app's place at its address: no form, a reload. */
document.querySelector("#language-form")?.addEventListener("submit", async (submission) => {
  submission.preventDefault();
  const form = new FormData(submission.target);
  try {
    await ask("/.gateway/language", { language: form.get("language") });
    location.reload();
  } catch {
    submission.target.submit();
  }
});
