"use strict";
// Loads the view that the hash names, by XHR with the CSRF token as the name of a field.
(() => {
  const settings = document.body.dataset;
  const view = document.getElementById("view");
  const trouble = document.getElementById("trouble");

  function cookie(name) {
    const crumbs = document.cookie.split("; ").map((crumb) => crumb.split("="));
    const found = crumbs.find(([key]) => key === name);
    return found ? found.slice(1).join("=") : "";
  }

  function ask(program, query, done, failed) {
    const request = new XMLHttpRequest();
    request.open("POST", program);
    request.setRequestHeader("X-Requested-With", "XMLHttpRequest");
    request.setRequestHeader("Accept", "application/json,text/javascript,*/*");
    request.setRequestHeader("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8");
    request.onload = () => {
      let answer = null;
      try {
        answer = JSON.parse(request.responseText);
      } catch {
        answer = null;
      }
      if (request.status === 200 && answer && answer.status === "ok") {
        trouble.hidden = true;
        done(answer);
      } else if (request.status === 200 && answer && answer.status === "timeout") {
        location.reload();
      } else {
        failed((answer && answer.message) || `サーバーが応答しません（${request.status}）。`);
      }
    };
    request.onerror = () => failed("サーバーに接続できません。");
    request.send(`${query}&${cookie("dnzToken")}=1`);
    return request;
  }

  function tell(text) {
    trouble.innerHTML = "<span></span><button class='button'>再読み込み</button>";
    trouble.querySelector("span").textContent = text;
    trouble.querySelector("button").onclick = () => location.reload();
    trouble.hidden = false;
  }

  function show() {
    const query = location.hash.slice(1) || settings.firstView;
    window.dispatchEvent(new Event("view-gone"));
    ask(settings.program, query, (answer) => {
      view.innerHTML = answer.html;
      view.dataset.loaded = query;
      document.title = `${answer.title} - みどり野ポータル`;
      window.dispatchEvent(new CustomEvent("view-shown", { detail: { query } }));
    }, tell);
  }

  // A form with a file field turns multipart only once a file is chosen.
  view.addEventListener("change", (event) => {
    if (event.target.dataset.switches === "multipart") {
      event.target.form.enctype = "multipart/form-data";
    }
  });

  function poll() {
    ask(settings.program, "cmd=poll", (answer) => {
      const part = document.querySelector("[data-part=mailindex]");
      part.dataset.count = answer.mail || "";
    }, () => {});
  }

  window.groupware = { ask, settings, tell };
  window.addEventListener("hashchange", show);
  // Not before every script is in: the chat's listens for the views, too.
  document.addEventListener("DOMContentLoaded", () => {
    show();
    poll();
    setInterval(poll, Number(settings.pollSeconds) * 1000);
  });
})();
