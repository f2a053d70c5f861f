/** Sets the chosen theme before anything is drawn; in a file of its own, as the page's policy allows no inline script. */
try {
  const { theme } = JSON.parse(localStorage.getItem("aurex-settings") ?? "{}");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // No storage, or something else is in it: the system's theme stays.
}
