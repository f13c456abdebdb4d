// SPDX-License-Identifier: Apache-2.0
// The dashboard: asks for the state twice a second, sends orders and switches. Texts are only ever set as text.
"use strict";

const PERIOD_MS = 500;
const find = (id) => document.getElementById(id);

function made(tag, className, text) {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
}

function fill(id, items, none) {
  const rows = items.length ? items : [made("li", "none", none)];
  find(id).replaceChildren(...rows);
}

async function send(path, value) {
  let refused = "";
  try {
    const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(value) });
    if (!answer.ok) refused = (await answer.json()).refused;
  } catch {
    refused = "the node does not answer";
  }
  find("refused").textContent = refused;
  return refused === "";
}

// A reason without its durations: what changes all the time would make a new button each time, under the finger.
const lasting = (why) => why.replace(/ (for|by) [\d.]+ s\b/g, "");

function sensorRow(sensor, simulated) {
  const row = document.createElement("li");
  const why = made("span", "why", sensor.on ? "delivers" : lasting(sensor.why).split(": ")[0]);
  why.title = lasting(sensor.why);
  row.append(made("span", sensor.on ? "lamp on" : "lamp", ""), made("span", "name", sensor.name), why);
  if (simulated) {
    const button = made("button", "", sensor.on ? "Switch off" : "Switch on");
    button.type = "button";
    button.dataset.sensor = sensor.name;
    button.dataset.on = String(!sensor.on);
    button.setAttribute("aria-label", `${button.textContent} ${sensor.name}`);
    row.append(button);
  }
  return row;
}

function faultRow(source, words, now) {
  const row = document.createElement("li");
  const label = made("label", now ? "name level2" : "name", source);
  const choice = document.createElement("select");
  choice.dataset.source = source;
  label.htmlFor = choice.id = `fault-${source}`;
  choice.append(...words.map((word) => new Option(word === "ok" ? "as it is" : word, word, word === "ok", word === (now || "ok"))));
  row.append(label, choice);
  return row;
}

function lineRow(line) {
  const row = document.createElement("li");
  const times = line.times > 1 ? ` (${line.times} times)` : "";
  row.append(made("span", "who", line.who), made("span", line.level ? `level${line.level}` : "", line.text + times));
  return row;
}

let shown = {};

function show(state) {
  const seen = (of, key) => (key === "sensors" ? lasting(JSON.stringify(of[key] ?? [])) : JSON.stringify(of[key]));
  const news = (...keys) => keys.some((key) => seen(state, key) !== seen(shown, key));
  find("robot").textContent = state.robot === "/" ? "" : state.robot;
  find("state").textContent = state.state.replaceAll("_", " ");
  find("state").className = `pill level${state.level}`;
  find("speed").textContent = `${state.speed.toFixed(2)} m/s`;
  find("about").textContent = state.about.bundle ? `${state.about.bundle} on ${state.about.backend}, ${state.about.rate_hz} Hz` : "";
  if (news("sensors", "simulated")) fill("sensors", state.sensors.map((sensor) => sensorRow(sensor, state.simulated)), "none known yet");
  if (news("injected", "spoiled")) {
    find("injector").hidden = !Object.keys(state.injected).length;
    find("injected").replaceChildren(...Object.entries(state.injected).map(([source, words]) => faultRow(source, words, state.spoiled[source])));
  }
  if (news("lines")) fill("lines", state.lines.toReversed().map(lineRow), "nothing was said yet");
  if (news("faults")) fill("faults", state.faults.map((fault) => made("li", `level${fault.level}`, `${fault.name}: ${fault.text}`)), "all well");
  if (state.viewer && news("viewer")) {
    const frame = document.createElement("iframe");
    frame.title = "Live view in Rerun";
    frame.src = state.viewer;
    find("picture").replaceChildren(frame);
  }
  shown = state;
}

async function look() {
  try {
    show(await (await fetch("state", { cache: "no-store" })).json());
  } catch {
    find("state").textContent = "the node has ended";
    find("state").className = "pill level2";
  }
  setTimeout(look, PERIOD_MS);
}

find("order").addEventListener("submit", async (event) => {
  event.preventDefault();
  const text = find("text").value.trim();
  if (text && (await send("command", { text }))) find("text").value = "";
});
find("stop").addEventListener("click", () => send("command", { text: "stop" }));
find("sensors").addEventListener("click", (event) => {
  const { sensor, on } = event.target.dataset;
  if (sensor) send("switch", { sensor, on: on === "true" });
});
find("injected").addEventListener("change", (event) => send("fault", { source: event.target.dataset.source, fault: event.target.value }));
look();
