// What must happen before a page is drawn, or before the theme's own scripts run.
"use strict";
/* global DOCUMENTATION_OPTIONS */

// The theme decides on light or dark after the page is drawn; readers would see a flash of white.
{
  const root = document.documentElement;
  if (!["light", "dark"].includes(root.dataset.mode)) {
    const dark = window.matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.mode = "auto";
    root.dataset.theme = dark ? "dark" : "light";
  }
}

document.addEventListener("DOMContentLoaded", () => {
  if (window.location.protocol === "file:") {
    // Search results quote from pages, for which Sphinx fetches them: a browser forbids that to a
    // book that is opened from a disk, and says so in its console. There, they go without.
    if (typeof DOCUMENTATION_OPTIONS === "object") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
    return;
  }
  // A notebook is to be kept. (From a disk, the browser shows it in a tab, download or not.)
  for (const link of document.querySelectorAll("a.btn-download-source-button")) {
    link.setAttribute("download", "");
    link.removeAttribute("target");
  }
});

// Paper is light, and nothing can be unfolded there.
const onScreen = { theme: "light", folded: [] };
window.addEventListener("beforeprint", () => {
  onScreen.theme = document.documentElement.dataset.theme;
  onScreen.folded = [...document.querySelectorAll("details:not([open])")];
  document.documentElement.dataset.theme = "light";
  for (const details of onScreen.folded) details.open = true;
});
window.addEventListener("afterprint", () => {
  document.documentElement.dataset.theme = onScreen.theme;
  for (const details of onScreen.folded) details.open = false;
});
