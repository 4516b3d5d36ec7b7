// What all our pages share: asking the server, telling the person, changing the language.

const message = document.querySelector("#message");
const progress = document.querySelector("#progress");
const texts = document.querySelector("#texts");

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
    throw new Refusal("network", textOf("network"));
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) {
    throw new Refusal(answer.error ?? "failed", answer.message ?? textOf("failed"));
  }
  return answer;
}

/** The sentence of that code, in the page's language. */
export function textOf(code) {
  return texts?.content.querySelector(`[data-code="${code}"]`)?.textContent ?? "";
}

/** Tell what went wrong; screen readers say it at once. */
export function warn(code, text = textOf(code)) {
  progress.textContent = "";
  message.dataset.code = code;
  message.textContent = text;
}

/** Tell what is going on. */
export function show(code) {
  delete message.dataset.code;
  message.textContent = "";
  progress.textContent = textOf(code);
}

/** Take back whatever was told. */
export function hush() {
  delete message.dataset.code;
  message.textContent = "";
  progress.textContent = "";
}

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
