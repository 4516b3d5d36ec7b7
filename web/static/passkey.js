// The browser's passkey functions, one call at a time, and what their errors mean.

import { Refusal, ask, show } from "./page.js";

let running = null;

/** Why passkeys can't work here at all; null when they may. */
export function obstacle() {
  if (!window.isSecureContext) {
    return "insecure-context";
  }
  // Browsers refuse passkeys on an IP address.
  if (/^(\d+\.){3}\d+$|^\[/.test(location.hostname)) {
    return "ip-address";
  }
  if (window.PublicKeyCredential && navigator.credentials) {
    return null;
  }
  return isInApp() ? "in-app" : "not-supported";
}

/** Whether an app shows this page inside itself (LINE, Facebook): passkeys mostly fail there. */
export function isInApp() {
  return /\bLine\/|FBAN|FBAV|Instagram|MicroMessenger|\bYJApp|; wv\)/.test(navigator.userAgent);
}

/** End the call that is waiting, if any, and let `work` be the only one. */
export async function alone(work) {
  const before = running;
  before?.controller.abort();
  const controller = new AbortController();
  const mine = { controller, over: null };
  running = mine;
  mine.over = (async () => {
    await before?.over.catch(() => {});
    controller.signal.throwIfAborted();
    return work(controller.signal);
  })();
  return mine.over;
}

/** End the call that is waiting, if any. */
export function stop() {
  running?.controller.abort();
}

/** navigator.credentials.create() from the server's JSON to the server's JSON. */
export async function create(options, signal) {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON
    ? PublicKeyCredential.parseCreationOptionsFromJSON(options)
    : {
        ...options,
        challenge: bytesOf(options.challenge),
        user: { ...options.user, id: bytesOf(options.user.id) },
        excludeCredentials: options.excludeCredentials.map((each) => ({ ...each, id: bytesOf(each.id) })),
      };
  return timed(options, () => navigator.credentials.create({ publicKey, signal }));
}

/** navigator.credentials.get() from the server's JSON to the server's JSON. */
export async function get(options, signal, mediation) {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON
    ? PublicKeyCredential.parseRequestOptionsFromJSON(options)
    : { ...options, challenge: bytesOf(options.challenge), allowCredentials: [] };
  return timed(options, () =>
    navigator.credentials.get({ publicKey, signal, ...(mediation && { mediation }) }),
  );
}

/**
 * One sign-in: ask for options, let the person confirm, let the server check.
 *
 * For who is signed in already the same ceremony is a fresh proof of who they are. Gives the
 * server's answer; `answered` is called when the device has done its part.
 */
export async function prove(way, signal, { mediation, answered = () => {} } = {}) {
  const options = await ask("/.gateway/passkey/options", { way });
  signal?.throwIfAborted();
  const credential = await get(options, signal, mediation);
  answered();
  show("checking");
  try {
    return await ask("/.gateway/passkey/verify", credential);
  } catch (error) {
    if (error.code === "removed-passkey") {
      await forget(options.rpId, credential.id);
    }
    throw error;
  }
}

/**
 * Run `act`. If the server first wants to know that it is still the same person, let the
 * person confirm by passkey, and run it once more. Gives what `act` gives.
 */
export async function verified(act, signal) {
  try {
    return await act();
  } catch (error) {
    if (error.code !== "verification-required") {
      throw error;
    }
  }
  show("confirm");
  await prove("any", signal);
  return act();
}

/** The code by which a failure is told; null for one that we caused ourselves. */
export function codeOf(error) {
  if (error instanceof Refusal) {
    return error.code;
  }
  switch (error?.name) {
    case "AbortError":
      return null;
    case "NotAllowedError":
      if (/TLS certificate/i.test(error.message)) {
        return "tls";
      }
      if (isInApp()) {
        return "in-app";
      }
      return error.isLate ? "timed-out" : "cancelled";
    case "TimeoutError":
      return "timed-out";
    case "InvalidStateError":
      return "already-registered";
    case "SecurityError":
      return "tls";
    case "NotSupportedError":
    case "ConstraintError":
      return "not-supported";
    case "OperationError":
      return "busy";
    default:
      return "failed";
  }
}

/** Browsers call it "not allowed" when nobody came in time: only the clock tells it apart. */
async function timed(options, call) {
  const begun = performance.now();
  try {
    return jsonOf(await call());
  } catch (error) {
    error.isLate = performance.now() - begun > options.timeout - 2_000;
    throw error;
  }
}

/** A passkey that was removed on purpose need not be offered again (WebAuthn Level 3, 5.1.10). */
async function forget(rpId, credentialId) {
  await PublicKeyCredential.signalUnknownCredential?.({ rpId, credentialId }).catch(() => {});
}

// For browsers without the JSON functions of WebAuthn Level 3 (Safari before 18.4).

function bytesOf(text) {
  const letters = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(letters, (each) => each.charCodeAt(0));
}

function textOf(buffer) {
  const letters = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(letters).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function jsonOf(credential) {
  if (typeof credential.toJSON === "function") {
    return credential.toJSON();
  }
  const response = { transports: credential.response.getTransports?.() };
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[name]) {
      response[name] = textOf(credential.response[name]);
    }
  }
  return { id: credential.id, rawId: credential.id, type: credential.type, response };
}
