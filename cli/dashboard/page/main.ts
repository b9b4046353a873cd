import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import { html } from "htm/preact";
import { ActionPanel } from "./actions.ts";
import { FiguresView } from "./figures.ts";
import { LogsView } from "./logs.ts";
import { Overview } from "./overview.ts";
import { store, useStore } from "./store.ts";
import { TelemetryView } from "./telemetry.ts";
import { ThemeButton } from "./theme.ts";

const views = [
  ["", "Overview", Overview],
  ["logs", "Logs", LogsView],
  ["figures", "Requests and resources", FiguresView],
  ["telemetry", "Traces and metrics", TelemetryView],
] as const;

const viewOf = () => /^#\/(\w*)/.exec(location.hash)?.[1] ?? "";

function App() {
  const { state, isLive, rejected } = useStore();
  const [view, setView] = useState(viewOf());
  useEffect(() => {
    const changed = () => setView(viewOf());
    addEventListener("hashchange", changed);
    return () => removeEventListener("hashchange", changed);
  }, []);
  if (rejected !== undefined)
    return html`<main class="alone">
      <h1>Slipway dashboard</h1>
      <p role="alert">${rejected}</p>
    </main>`;
  if (state === undefined)
    return html`<main class="alone">
      <h1>Slipway dashboard</h1>
      <p role="status">Connecting …</p>
    </main>`;
  const [, , View] = views.find(([name]) => name === view) ?? views[0];
  document.title = `${state.stack} · Slipway dashboard`;
  return html`
    <header>
      <h1><small>${state.project}</small> ${state.stack} <small>on ${state.platform}</small></h1>
      <div class="tools">
        ${state.readOnly && html`<span class="badge">read-only</span>`}
        <span class=${`badge ${isLive && !state.problem ? "good" : "bad"}`} role="status"
          >${isLive ? (state.problem ? "not live" : "live") : "reconnecting"}</span
        >
        <${ThemeButton} />
      </div>
    </header>
    <nav aria-label="Views">
      ${views.map(([name, title]) => html`<a href=${`#/${name}`} aria-current=${(view === name || (view === "" && name === "")) && "page"}>${title}</a>`)}
    </nav>
    <main>
      ${state.problem !== undefined && html`<p class="problem bad" role="alert">The state may be old: ${state.problem}.</p>`}
      ${state.action && html`<${ActionPanel} run=${state.action} />`}
      <${View} state=${state} />
    </main>
  `;
}

store.start();
render(html`<${App} />`, document.getElementById("root")!);
