// The browser's passkey functions, one call at a time, and what their errors mean.

import { Refusal } from "./page.js";

let running = null;

/** Why passkeys can't work here at all; null when they may. */
export function obstacle() {
  if (!window.isSecureContext) {
    return "insecure-context";
  }
  if (!window.PublicKeyCredential || !navigator.credentials) {
    return "not-supported";
  }
  // Browsers refuse passkeys on an IP address.
  return /^(\d+\.){3}\d+$|^\[/.test(location.hostname) ? "tls" : null;
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
  return jsonOf(await navigator.credentials.create({ publicKey, signal }));
}

/** navigator.credentials.get() from the server's JSON to the server's JSON. */
export async function get(options, signal, mediation) {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON
    ? PublicKeyCredential.parseRequestOptionsFromJSON(options)
    : { ...options, challenge: bytesOf(options.challenge), allowCredentials: [] };
  return jsonOf(await navigator.credentials.get({ publicKey, signal, ...(mediation && { mediation }) }));
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
      return /TLS certificate/i.test(error.message) ? "tls" : "cancelled";
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
