// The studio's one script. Every page is whole without it: it adds buttons that copy, and parts that keep up with the
// world. What comes from the server is HTML that the server's templates escaped.
"use strict";

for (const box of document.querySelectorAll(".copyable")) {
  const button = box.querySelector("button.copy");
  const text = box.querySelector("code").textContent;
  const label = button.textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(box.querySelector("code"));
      button.textContent = "Selected";
    }
    setTimeout(() => { button.textContent = label; }, 2000);
  });
}

const MOST_LINES = 5000;

// An element with data-live="PATH" asks there for server-sent events. Each "part" is JSON, {"id": ..., "html": ...}: it
// becomes the content of the element of that id, unless somebody is using something in it. "lines" have the same, and are
// added to it. "over" ends it; with data-reload the page is then loaded again, for what is no part of it.
for (const place of document.querySelectorAll("[data-live]")) {
  const source = new EventSource(place.dataset.live);
  source.addEventListener("part", (event) => {
    const part = JSON.parse(event.data);
    const target = document.getElementById(part.id);
    if (target && target.innerHTML !== part.html && !target.contains(document.activeElement)) {
      target.innerHTML = part.html;
    }
  });
  source.addEventListener("lines", (event) => {
    const added = JSON.parse(event.data);
    const target = document.getElementById(added.id);
    if (!target) return;
    const isAtEnd = target.scrollHeight - target.scrollTop - target.clientHeight < 40;
    target.insertAdjacentHTML("beforeend", added.html);
    while (target.childElementCount > MOST_LINES) target.firstElementChild.remove();
    if (isAtEnd) target.scrollTop = target.scrollHeight;
  });
  source.addEventListener("over", () => {
    source.close();
    if (place.dataset.reload !== undefined) location.reload();
  });
  addEventListener("pagehide", () => source.close());
}

// The last lines of a log are those that matter.
for (const lines of document.querySelectorAll("[data-follow]")) {
  lines.scrollTop = lines.scrollHeight;
}
