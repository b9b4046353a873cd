import { useEffect, useRef, useState } from "preact/hooks";
import { html } from "htm/preact";
import { commandOf } from "./command.ts";
import type { Action, ActionKind, ActionRun, Service, State } from "./model.ts";
import { store } from "./store.ts";

const titles: Record<ActionKind, string> = { rollback: "Roll back", restart: "Restart", scale: "Scale" };

const effects: Record<ActionKind, string> = {
  rollback: "Deploys the last other image that was healthy, until the next up.",
  restart: "Replaces the running replicas by new ones of the same version.",
  scale: "Changes the number of replicas that run. The stack file keeps its number.",
};

/** Buttons for what can be done with a service. */
export function ActionButtons({ service, state }: { service: Service; state: State }) {
  const [kind, setKind] = useState<ActionKind | undefined>();
  const isRunning = state.action !== undefined && state.action.exitCode === undefined;
  return html`<div class="actions">
    ${service.actions.map(
      (one) =>
        html`<button type="button" disabled=${isRunning} onClick=${() => setKind(one)} aria-label=${`${titles[one]} ${service.name}`}>
          ${titles[one]}
        </button>`,
    )}
    ${kind !== undefined && html`<${Confirmation} kind=${kind} service=${service} stack=${state.stack} close=${() => setKind(undefined)} />`}
  </div>`;
}

/** Shows the command before it is run. */
function Confirmation({ kind, service, stack, close }: { kind: ActionKind; service: Service; stack: string; close: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [replicas, setReplicas] = useState(service.replicas ?? 1);
  const [problem, setProblem] = useState("");
  const action: Action = { kind, service: service.name, ...(kind === "scale" && { replicas }) };
  useEffect(() => dialog.current!.showModal(), []);
  const run = (event: Event) => {
    event.preventDefault();
    store.connection.start(action).then(close, (error: Error) => setProblem(error.message));
  };
  const id = `confirm-${service.name}`;
  return html`<dialog ref=${dialog} aria-labelledby=${id} onClose=${close}>
    <form method="dialog" onSubmit=${run}>
      <h2 id=${id}>${titles[kind]} ${service.name}?</h2>
      <p>${effects[kind]}</p>
      ${
        kind === "scale" &&
        html`<label
          >Replicas
          <input
            type="number"
            min="0"
            max="100"
            required
            value=${replicas}
            onInput=${(event: InputEvent) => setReplicas(Number((event.target as HTMLInputElement).value))}
        /></label>`
      }
      <p>This command is run on this machine:</p>
      <pre tabindex="0"><code>${commandOf(action, stack)}</code></pre>
      ${problem !== "" && html`<p class="bad" role="alert">${problem}</p>`}
      <div class="actions">
        <button type="submit" class="primary">Run</button><button type="button" onClick=${() => dialog.current!.close()}>Cancel</button>
      </div>
    </form>
  </dialog>`;
}

/** The last command, and what it prints. */
export function ActionPanel({ run: { id, command, output, exitCode } }: { run: ActionRun }) {
  const [closed, setClosed] = useState(0);
  const printed = useRef<HTMLPreElement>(null);
  useEffect(() => {
    if (printed.current) printed.current.scrollTop = printed.current.scrollHeight;
  }, [output]);
  if (closed === id) return null;
  const [result, colour] =
    exitCode === undefined ? ["runs", "warn"] : exitCode === 0 ? ["succeeded", "good"] : [`failed with exit code ${exitCode}`, "bad"];
  return html`<section class="card command" aria-label="Last command">
    <div class="row">
      <code>${command}</code> <span class=${`badge ${colour}`} role="status">${result}</span>
      ${exitCode !== undefined && html`<button type="button" onClick=${() => setClosed(id)}>Close</button>`}
    </div>
    ${output !== "" && html`<pre ref=${printed} tabindex="0" aria-label="Output of the command">${output}</pre>`}
  </section>`;
}
