// Recovery codes: made new, shown once, and kept by the person.

import { act, attempt, close, open, refresh, say, tell } from "./account-acts.js";
import { toast, warn } from "./page.js";

const dialog = document.querySelector("#codes-dialog");
const renewal = document.querySelector("#renew-dialog");
const list = document.querySelector("#codes-list");
const NOT_COPIED = "not-copied";
const download = document.querySelector("#codes-download");

/** The button on the page: where there are codes already, the person is asked first. */
export function makeCodes(button) {
  if (Number(document.querySelector("#recovery-codes").dataset.left)) {
    open(renewal);
    return null;
  }
  return attempt(button, make);
}

document.querySelector("#confirm-renew").addEventListener("click", (click) => attempt(click.currentTarget, make));

async function make() {
  const { codes } = await act("recovery-codes");
  close(renewal);
  list.replaceChildren(
    ...codes.map((code) => {
      const item = document.createElement("li");
      item.append(document.createElement("code"));
      item.firstChild.textContent = code;
      return item;
    }),
  );
  download.href = URL.createObjectURL(new Blob([written(codes)], { type: "text/plain" }));
  open(dialog);
  dialog.querySelector("h2").focus();
}

/** The file: whose codes and where they are used, then one a line, as Windows' editor likes it. */
function written(codes) {
  const about = document.querySelector("#codes-about").textContent;
  return [about, "", ...codes, ""].join("\r\n");
}

function shownCodes() {
  return [...list.children].map((item) => item.textContent);
}

document.querySelector("#codes-copy").addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText(shownCodes().join("\n"));
    toast(say("copied"));
  } catch {
    warn(NOT_COPIED, say(NOT_COPIED));
  }
});

document.querySelector("#codes-print").addEventListener("click", () => window.print());

// They are shown once: the Escape key alone does not close this.
dialog.addEventListener("cancel", (event) => event.preventDefault());

dialog.addEventListener("close", async () => {
  list.replaceChildren();
  URL.revokeObjectURL(download.href);
  download.removeAttribute("href");
  await refresh("#make-codes", "#codes");
  tell("made");
});
