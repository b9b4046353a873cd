import { useState } from "preact/hooks";
import { html } from "htm/preact";

const key = "slipway-dashboard-theme";
const dark = matchMedia("(prefers-color-scheme: dark)");

function apply(theme: string | null): void {
  if (theme === "light" || theme === "dark") document.documentElement.dataset["theme"] = theme;
}

apply(localStorage.getItem(key));

/** The theme of the page: the chosen one, or that of the system. */
function current(): "light" | "dark" {
  const { theme = dark.matches ? "dark" : "light" } = document.documentElement.dataset;
  return theme === "dark" ? "dark" : "light";
}

/** Calls a function when the theme changes. Returns a function that ends that. */
export function onThemeChange(changed: () => void): () => void {
  const observer = new MutationObserver(changed);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  dark.addEventListener("change", changed);
  return () => (observer.disconnect(), dark.removeEventListener("change", changed));
}

export function ThemeButton() {
  const [theme, setTheme] = useState(current());
  const other = theme === "dark" ? "light" : "dark";
  const toggle = () => {
    localStorage.setItem(key, other);
    apply(other);
    setTheme(other);
  };
  return html`<button type="button" onClick=${toggle}>${other === "dark" ? "Dark" : "Light"} theme</button>`;
}
