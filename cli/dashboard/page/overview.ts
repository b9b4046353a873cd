import { html } from "htm/preact";
import { ActionButtons } from "./actions.ts";
import { Diagram } from "./diagram.ts";
import { age, bytes, cores, shortImage } from "./format.ts";
import type { Service, State } from "./model.ts";
import { useStore } from "./store.ts";

export const healthClass: Record<string, string> = {
  healthy: "good",
  succeeded: "good",
  updating: "warn",
  running: "warn",
  failing: "bad",
};

export function Overview({ state }: { state: State }) {
  const { diagram, services, events, failures } = state;
  return html`
    ${failures.map((card) => html`<${FailureCard} card=${card} />`)}
    <section aria-labelledby="stack">
      <h2 id="stack">Stack</h2>
      <div class="wide" tabindex="0" role="group" aria-label="Diagram of the stack, from left to right">
        <${Diagram} layout=${diagram.wide} state=${state} name="wide" />
      </div>
      <div class="narrow" tabindex="0" role="group" aria-label="Diagram of the stack, from top to bottom">
        <${Diagram} layout=${diagram.narrow} state=${state} name="narrow" />
      </div>
    </section>
    <section aria-labelledby="services">
      <h2 id="services">Services and jobs</h2>
      <div class="cards">${services.map((service) => html`<${ServiceCard} key=${service.name} service=${service} state=${state} />`)}</div>
    </section>
    <section aria-labelledby="events">
      <h2 id="events">Events of the last hour</h2>
      ${events.length === 0 ? html`<p class="soft">Nothing went wrong.</p>` : html`<${Events} events=${events} />`}
    </section>
  `;
}

function FailureCard({ card: { service, where, reason, log, likely, rollback } }: { card: State["failures"][number] }) {
  return html`<section class="card failure" aria-label=${`Failure of ${service}`}>
    <h2><span class="badge bad">failing</span> ${service}</h2>
    <dl>
      <dt>${where[0]}</dt>
      <dd>${where[1]}</dd>
      <dt>reason</dt>
      <dd>${reason.map((line) => html`<div>${line}</div>`)}</dd>
      ${
        log.length > 0 &&
        html`<dt>log</dt>
          <dd><pre tabindex="0" aria-label=${`Last log lines of ${service}`}>${log.join("\n")}</pre></dd>`
      }
      <dt>likely</dt>
      <dd>${likely}</dd>
      <dt>rollback</dt>
      <dd>${rollback.startsWith("slipway ") ? html`<code>${rollback}</code>` : rollback}</dd>
    </dl>
  </section>`;
}

function ServiceCard({ service, state }: { service: Service; state: State }) {
  const { name, kind, health, reason, ready, replicas, updated, restarts, image, since, url, answer, replicasNow, cpu, memory } = service;
  const used = useStore().figures.samples[name]?.at(-1);
  const isRolling = updated !== undefined && replicas !== undefined && (health === "updating" || updated < replicas);
  return html`<article class=${`card service ${healthClass[health] ?? ""}`}>
    <div class="row">
      <h3>${name}</h3>
      <span class=${`badge ${healthClass[health] ?? ""}`}>${health}</span>
      ${kind === "job" && html`<small>job</small>`}
    </div>
    ${reason !== undefined && html`<p class="bad">${reason}</p>`}
    ${
      isRolling &&
      html`<p>
        <label
          >Rollout: ${updated} of ${replicas} replicas are of the new version, ${ready} ready
          <progress max=${replicas} value=${Math.min(updated, ready ?? 0)}></progress
        ></label>
      </p>`
    }
    <dl>
      ${
        replicas !== undefined &&
        html`<dt>ready</dt>
          <dd>${ready}/${replicas}${restarts ? `, ${restarts} ${restarts === 1 ? "restart" : "restarts"}` : ""}</dd>`
      }
      ${
        since !== undefined &&
        html`<dt>age</dt>
          <dd>${age(since)}</dd>`
      }
      <dt>image</dt>
      <dd><code title=${image}>${shortImage(image)}</code></dd>
      ${
        url !== undefined &&
        html`<dt>URL</dt>
          <dd><a href=${url} target="_blank" rel="noreferrer">${url}</a> <${Answer} answer=${answer} /></dd>`
      }
      ${
        used?.cpu !== undefined &&
        html`<dt>CPU</dt>
          <dd>${cores(used.cpu)}${allowance(cpu, cores)}</dd>`
      }
      ${
        used?.memory !== undefined &&
        html`<dt>memory</dt>
          <dd>${bytes(used.memory)}${allowance(memory, bytes)}</dd>`
      }
    </dl>
    ${
      replicasNow.length > 0 &&
      html`<details>
        <summary>${replicasNow.length === 1 ? "1 replica" : `${replicasNow.length} replicas`}</summary>
        <ul class="replicas">
          ${replicasNow.map(
            (replica) =>
              html`<li key=${replica.name}>
                <span class=${`dot ${replica.ready ? "good" : replica.state === "Succeeded" ? "" : "bad"}`}></span
                ><code>${replica.name}</code>
                ${replica.state}${replica.ready ? ", ready" : ""}${replica.restarts ? `, ${replica.restarts} restarts` : ""}${replica.since === undefined ? "" : `, ${age(replica.since)}`}
              </li>`,
          )}
        </ul>
      </details>`
    }
    ${service.actions.length > 0 && html`<${ActionButtons} service=${service} state=${state} />`}
  </article>`;
}

function Answer({ answer }: { answer: number | string | undefined }) {
  if (answer === undefined) return null;
  const isGood = typeof answer === "number" && answer < 500;
  return html`<span class=${`badge ${isGood ? "good" : "bad"}`}>${typeof answer === "number" ? `HTTP ${answer}` : "no answer"}</span>`;
}

function allowance({ request, limit }: Service["cpu"], format: (value: number) => string): string {
  const parts = [request !== undefined && `request ${format(request)}`, limit !== undefined && `limit ${format(limit)}`].filter(Boolean);
  return parts.length === 0 ? "" : ` (${parts.join(", ")})`;
}

function Events({ events }: { events: State["events"] }) {
  return html`<div class="table" tabindex="0" role="group" aria-label="Table of events">
    <table>
      <thead>
        <tr>
          ${["Age", "Object", "Reason", "Message"].map((title) => html`<th scope="col">${title}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${events.map(
          ({ time, object, reason, message, count }) =>
            html`<tr>
              <td>${age(time)}</td>
              <td>${object}</td>
              <td>${reason}${count > 1 ? ` (${count} times)` : ""}</td>
              <td>${message}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}
