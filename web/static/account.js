// The account page: a person looks after their own ways in.

import "./account-add.js";
import { act, attempt, close, dress, open, refresh, tell } from "./account-acts.js";
import { makeCodes } from "./account-codes.js";
import { ask, hush } from "./page.js";

const main = document.querySelector("main");
const removeDialog = document.querySelector("#remove-dialog");
const lastDialog = document.querySelector("#last-dialog");

/** What a press on which of the page's buttons does; rows come and go, so the page listens. */
const PRESSES = {
  ".rename": (button) => showForm(button.closest("[data-credential-id]"), true),
  ".rename-cancel": (button) => showForm(button.closest("[data-credential-id]"), false),
  ".remove": (button) => askToRemove(button.closest("[data-credential-id]")),
  "button.end[type=button]": endSession,
  "#end-others": endOthers,
  "#make-codes": makeCodes,
};

main.addEventListener("click", (click) => {
  const button = click.target.closest("button");
  const found = button && Object.keys(PRESSES).find((selector) => button.matches(selector));
  if (found) {
    PRESSES[found](button);
  }
});

// Passkeys: another name

function showForm(row, isShown) {
  const form = row.querySelector(".rename-form");
  form.hidden = !isShown;
  row.querySelector(":scope > .row-actions").hidden = isShown;
  if (isShown) {
    form.elements.label.value = row.dataset.label;
    form.elements.label.select();
  } else {
    hush();
    row.querySelector(".rename").focus();
  }
}

main.addEventListener("keydown", (key) => {
  const form = key.target.closest?.(".rename-form");
  if (form && key.key === "Escape" && !key.isComposing) {
    showForm(form.closest("[data-credential-id]"), false);
  }
});

main.addEventListener("submit", (submission) => {
  const form = submission.target;
  if (form.matches(".rename-form")) {
    submission.preventDefault();
    rename(form.closest("[data-credential-id]"), form);
  } else if (form.matches("#person-language")) {
    submission.preventDefault();
    speak(form);
  }
});

function rename(row, form) {
  const { credentialId } = row.dataset;
  return attempt(form.querySelector(".primary"), async () => {
    await act("passkey/rename", { credential_id: credentialId, label: form.elements.label.value });
    await refresh(`[data-credential-id="${credentialId}"] .rename`, "#passkeys");
    tell("renamed");
  });
}

// Passkeys: removal

function askToRemove(row) {
  if (document.querySelectorAll("[data-credential-id]").length === 1) {
    open(lastDialog);
    return;
  }
  removeDialog.dataset.of = row.dataset.credentialId;
  removeDialog.querySelector(".subject").textContent = row.dataset.label;
  removeDialog.querySelector(".if-synced").hidden = row.dataset.synced !== "yes";
  removeDialog.querySelector(".if-bound").hidden = row.dataset.synced === "yes";
  removeDialog.querySelector(".if-in-use").hidden = row.dataset.inUse !== "yes";
  open(removeDialog);
}

document.querySelector("#confirm-remove").addEventListener("click", (click) =>
  attempt(click.currentTarget, async () => {
    const answer = await act("passkey/remove", { credential_id: removeDialog.dataset.of });
    if (answer.is_signed_out) {
      location.reload();
      return;
    }
    close(removeDialog);
    await refresh("", "#passkeys");
    tell("removed");
  }),
);

document.querySelector("#last-add").addEventListener("click", () => {
  close(lastDialog);
  document.querySelector("#add-passkey").click();
});

// Sessions

function endSession(button) {
  const row = button.closest("[data-session-id]");
  return attempt(button, async () => {
    await act("session/end", { session_id: row.dataset.sessionId });
    await refresh("", "#sessions");
    tell("ended");
  });
}

function endOthers(button) {
  return attempt(button, async () => {
    await act("session/end-others");
    await refresh("", "#sessions");
    tell("ended-others");
  });
}

// Language

function speak(form) {
  return attempt(form.querySelector("button"), async () => {
    await ask("/.gateway/account/language", { language: form.elements.language.value });
    location.reload();
  });
}

hush();
dress();
