// The form for a recovery code: sent once, because a code is good once.

import "./page.js";

const form = document.querySelector("#recovery");
const button = document.querySelector("#recovery-submit");
let isSent = false;

form.addEventListener("submit", (submission) => {
  if (isSent) {
    submission.preventDefault();
    return;
  }
  isSent = true;
  button.setAttribute("aria-busy", "true");
});
// The page may come back from the browser's cache, to be used again.
window.addEventListener("pageshow", () => {
  isSent = false;
  button.removeAttribute("aria-busy");
});
