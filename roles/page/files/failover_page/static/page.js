// SPDX-FileCopyrightText: failover.cluster contributors
// SPDX-License-Identifier: GPL-3.0-or-later
// Replaces the sections that changed. Without this script the page is whole, and loads itself again.
"use strict";

const STOPS = "[tabindex], summary";
const live = document.getElementById("live");
const language = encodeURIComponent(document.documentElement.lang);
const stream = new EventSource(`/events?lang=${language}`);

stream.addEventListener("open", () => {
  live.textContent = document.body.dataset.live;
  live.className = "";
});

stream.addEventListener("error", () => {
  live.textContent = document.body.dataset.lost;
  live.className = "lost";
});

stream.addEventListener("message", (event) => {
  const news = JSON.parse(event.data);
  document.title = news.title;
  for (const [id, inside] of Object.entries(news.sections)) {
    const section = document.getElementById(id);
    const within = section && section.contains(document.activeElement);
    const places = within ? [...section.querySelectorAll(STOPS)] : [];
    const place = places.indexOf(document.activeElement);
    if (section) {
      // What was opened stays open.
      const open = new Set([...section.querySelectorAll("details[open]")].map((one) => one.dataset.key));
      section.innerHTML = inside;
      for (const one of section.querySelectorAll("details")) {
        one.open = open.has(one.dataset.key);
      }
    }
    // Who reads by keyboard stays where they are.
    if (place >= 0) {
      section.querySelectorAll(STOPS)[place]?.focus({ preventScroll: true });
    }
  }
});
