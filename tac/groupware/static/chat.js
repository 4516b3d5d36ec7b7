"use strict";
// The chat: lines come by long poll, and a WebSocket shows whether a live connection stands.
(() => {
  const { ask, settings, tell } = window.groupware;
  let last = 0;
  let polling = null;
  let socket = null;

  function begin() {
    last = 0;
    const form = document.getElementById("say");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const text = encodeURIComponent(form.elements.text.value);
      ask(settings.chat, `cmd=say&text=${text}`, () => form.reset(), tell);
    });
    wait();
    connect();
  }

  function wait() {
    polling = ask(settings.chat, `cmd=wait&after=${last}`, (answer) => {
      answer.lines.forEach(add);
      wait();
    }, tell);
  }

  function add(line) {
    const item = document.createElement("li");
    const mine = line.name === document.getElementById("person").textContent;
    item.className = mine ? "mine" : "";
    item.innerHTML = "<span class='face'></span><div><small></small><p></p></div>";
    const face = item.querySelector(".face");
    face.style.setProperty("--hue", line.hue);
    face.textContent = line.name[0];
    item.querySelector("small").textContent = `${line.name}　${line.time}`;
    item.querySelector("p").textContent = line.text;
    document.getElementById("lines").append(item);
    item.scrollIntoView({ block: "nearest" });
    last = line.number;
  }

  function connect() {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    socket = new WebSocket(`${scheme}//${location.host}${settings.socket}`);
    socket.onopen = () => socket.send(String(performance.now()));
    socket.onmessage = (event) => {
      const took = Math.max(1, Math.round(performance.now() - Number(event.data)));
      live("on", `接続中（往復 ${took} ミリ秒）`);
    };
    socket.onclose = () => live("off", "接続が切れています");
  }

  function live(state, text) {
    const sign = document.getElementById("live");
    if (sign) {
      sign.dataset.state = state;
      sign.querySelector("span").textContent = text;
    }
  }

  window.addEventListener("view-gone", () => {
    if (polling) polling.abort();
    if (socket) socket.close();
    polling = socket = null;
  });
  window.addEventListener("view-shown", (event) => {
    if (event.detail.query.split("&")[0] === "cmd=chat") begin();
  });
})();
