"use strict";
// The app's own sign-in: sends the form as a script, makes the cookies from the JSON that comes
// back (unless the server sets them), and goes where the person wanted to go, hash included.
(() => {
  const form = document.getElementById("inputfrm");
  const message = document.getElementById("certify-message");

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const request = new XMLHttpRequest();
    request.open("POST", form.getAttribute("action"));
    request.setRequestHeader("X-Requested-With", "XMLHttpRequest");
    request.setRequestHeader("Accept", "application/json,text/javascript,*/*");
    request.setRequestHeader("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8");
    request.onload = () => finish(request);
    request.onerror = () => tell("サーバーに接続できませんでした。");
    request.send(new URLSearchParams(new FormData(form)).toString());
  });

  function finish(request) {
    if (request.status !== 200) {
      tell(`サーバーに接続できませんでした（${request.status}）。`);
      return;
    }
    const answer = JSON.parse(request.responseText);
    if (answer.status !== "ok") {
      tell(answer.message);
      return;
    }
    if (form.dataset.setsCookies === "yes") {
      setCookies(answer);
    }
    goOn();
  }

  function setCookies(answer) {
    const place = `; path=${form.dataset.cookiePath}`;
    document.cookie = `dnzSid=${answer.rssid}${place}`;
    document.cookie = `dnzToken=${answer.STOKEN}${place}`;
    document.cookie = `dnzSv=${answer.svlid}${place}`;
    document.cookie = `dnzInfo=${answer.id}${place}`;
  }

  function goOn() {
    const next = form.elements.nexturl.value;
    if (next === location.pathname + location.search) {
      location.reload(); // also sends a form again that was stopped by the sign-in
    } else {
      location.replace(next + location.hash);
    }
  }

  function tell(text) {
    message.textContent = text;
    message.hidden = false;
  }
})();
