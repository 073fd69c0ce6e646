// Keeps the page as the fleet is: takes the new HTML from the server's events, and lets the times
// grow. The server has escaped everything in it; the page works without this script, too.
"use strict";
(() => {
  const fleet = document.getElementById("fleet");
  const state = document.getElementById("state");
  // What the server's clock is ahead of this one.
  let aheadMs = 0;
  let waiting = null;

  const say = (name, words) => {
    state.className = "state " + name;
    state.textContent = words;
  };

  // As the server says it (moment.rs).
  const ago = (ms) => {
    const s = Math.floor(ms / 1000);
    if (s < 5) return "just now";
    if (s < 60) return s + " s ago";
    if (s < 3600) return Math.floor(s / 60) + " min ago";
    if (s < 172800) return Math.floor(s / 3600) + " h ago";
    return Math.floor(s / 86400) + " d ago";
  };

  const tellTimes = () => {
    for (const time of fleet.querySelectorAll("time")) {
      const words = ago(Date.now() + aheadMs - Date.parse(time.dateTime));
      if (time.textContent !== words) time.textContent = words;
    }
  };

  const look = () => {
    const now = document.getElementById("now");
    if (!now) return;
    aheadMs = Number(now.dataset.nowMs) - Date.now();
    const open = now.dataset.open;
    document.title = (open === "0" ? "" : "(" + open + ") ") + "Fleetward";
  };

  const ids = () =>
    new Set(Array.from(fleet.querySelectorAll("tr[data-id]"), (row) => row.dataset.id));

  const show = (html) => {
    // Whoever is copying something does not want it to go away under the pointer.
    const selection = document.getSelection();
    if (selection && !selection.isCollapsed && fleet.contains(selection.anchorNode)) {
      waiting = html;
      return;
    }
    waiting = null;
    const before = ids();
    const table = fleet.querySelector(".scroll");
    const left = table ? table.scrollLeft : 0;
    fleet.innerHTML = html;
    for (const row of fleet.querySelectorAll("tr[data-id]")) {
      if (!before.has(row.dataset.id)) row.classList.add("new");
    }
    const newTable = fleet.querySelector(".scroll");
    if (newTable) newTable.scrollLeft = left;
    look();
  };

  document.addEventListener("selectionchange", () => {
    if (waiting !== null) show(waiting);
  });

  const follow = () => {
    const events = new EventSource("/console/events");
    events.addEventListener("open", () => say("live", "live"));
    events.addEventListener("fleet", (event) => show(event.data));
    events.addEventListener("error", () => {
      say("lost", "connection lost, trying again");
      // After a refusal the browser gives up by itself; then this page tries again, slowly.
      if (events.readyState === EventSource.CLOSED) setTimeout(follow, 5000);
    });
  };

  look();
  follow();
  setInterval(tellTimes, 1000);
})();
