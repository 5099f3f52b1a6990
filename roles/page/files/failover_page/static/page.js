// SPDX-FileCopyrightText: failover.cluster contributors
// SPDX-License-Identifier: GPL-3.0-or-later
// Replaces the sections that changed. Without this script the page is whole, and loads itself again.
"use strict";

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
    const places = within ? [...section.querySelectorAll("[tabindex]")] : [];
    const place = places.indexOf(document.activeElement);
    if (section) {
      section.innerHTML = inside;
    }
    // Who reads by keyboard stays where they are.
    if (place >= 0) {
      section.querySelectorAll("[tabindex]")[place]?.focus({ preventScroll: true });
    }
  }
});
