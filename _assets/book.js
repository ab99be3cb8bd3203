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

// Search results quote from pages, for which Sphinx fetches them: a browser forbids that to a book
// that is opened from a disk, and says so in its console. There, results go without quotations.
document.addEventListener("DOMContentLoaded", () => {
  if (window.location.protocol === "file:" && typeof DOCUMENTATION_OPTIONS === "object") {
    DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
  }
});
