import { html as markup } from "htm/preact";
import { render } from "preact-render-to-string";
import type { Deployment } from "../../lib/deployment-record.ts";
import { meanings } from "../../lib/impact.ts";
import { formatPath } from "../../lib/property-path.ts";
import { formatValue, labelOf } from "../impact/rule.ts";
import { validity } from "../policy/scorecard.ts";
import type { Review } from "../review.ts";
import { Cause } from "../../lib/vulnerabilities/record.ts";
import { formatCalls, formatCauses, formatModule, isNew } from "../vulnerabilities/format.ts";
import type { VulnerabilityReview } from "../vulnerabilities/judge.ts";
import { diagramOf } from "./diagram.ts";
import { style } from "./style.ts";
import { capitalized, classOf, entriesOf, formatCounts, summaryOf, type Entry } from "./summary.ts";
import { svgOf } from "./svg.ts";

// Preact renders everything, because it escapes all values.

/** The report as one HTML file without scripts or references to other files. */
export function formatHtml(review: Review): string {
  const { project, stack, verdict } = review;
  const summary = summaryOf(review);
  const { overall } = summary;
  const title = `${stack}: ${overall}`;
  const diagram = diagramOf(review);
  const entries = entriesOf(summary.changed);
  const noticeable = entries.filter(({ impact }) => classOf(impact) !== "quiet");
  const others = entries.filter((entry) => !noticeable.includes(entry));
  const page = markup`
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'" />
        <meta name="color-scheme" content="light dark" />
        <title>${title}</title>
        <style dangerouslySetInnerHTML=${{ __html: style }}></style>
      </head>
      <body>
        <header>
          <p>${project} · stack ${stack}</p>
          <h1><span class=${`badge ${classOf(overall)}`}>${overall}</span> <span class=${`badge ${verdict.open ? "good" : "bad"}`}>gate ${verdict.open ? "open" : "closed"}</span></h1>
          <p>${capitalized(meanings[overall])}.</p>
          <p>${formatCounts(summary)}</p>
        </header>
        <main>
          ${
            diagram.parts.length > 0 &&
            markup`<section aria-labelledby="diagram"><h2 id="diagram">Stack</h2>
            <div class="wide" tabindex="0" role="group" aria-label="Diagram of the stack, from left to right">${svgOf(diagram, "LR")}</div>
            <div class="narrow" tabindex="0" role="group" aria-label="Diagram of the stack, from top to bottom">${svgOf(diagram, "TB")}</div>
          </section>`
          }
          ${gateSection(review)}
          <section aria-labelledby="changes"><h2 id="changes">Changes</h2>
            ${summary.changed.length === 0 && markup`<p>No changes.</p>`}
            ${noticeable.map(changeCard)}
            ${others.length > 0 && markup`<details><summary>${others.length === 1 ? "1 change" : `${others.length} changes`} without effect on users</summary>${others.map(changeCard)}</details>`}
          </section>
          ${review.vulnerabilities && vulnerabilitiesSection(review.vulnerabilities)}
          ${review.score && policySection(review.score)}
          ${deploymentsSection(review.deployments ?? [])}
        </main>
      </body>
    </html>`;
  return `<!doctype html>\n${render(page)}\n`;
}

/** A change with collapsed values. */
function changeCard({ label, impact, operation, findings, names }: Entry) {
  const values = findings.flatMap(({ changes }) => changes);
  return markup`<article>
    <h3><span class=${`badge ${classOf(impact)}`}>${impact}</span> ${label} <small>${operation}</small></h3>
    <ul>${findings.map((finding) => markup`<li>${finding.reason}${finding.impact !== impact && markup` <em>(${finding.impact})</em>`}</li>`)}</ul>
    ${
      values.length > 0 &&
      markup`<details><summary>${values.length === 1 ? "1 changed value" : `${values.length} changed values`} of ${label}</summary><dl>
      ${values.slice(0, 200).map(({ path, before, after }) => markup`<dt><code>${formatPath(path)}</code></dt><dd><code>${formatValue(before)}</code> → <code>${formatValue(after)}</code></dd>`)}
    </dl></details>`
    }
    ${names.length > 0 && markup`<details><summary>All ${names.length} resources</summary><ul>${names.map((name) => markup`<li>${name}</li>`)}</ul></details>`}
  </article>`;
}

function gateSection({ stack, verdict: { rejected, approved, problems } }: Review) {
  if (rejected.length + approved.length + problems.length === 0) return null;
  return markup`<section aria-labelledby="gate"><h2 id="gate">Gate</h2>
    <ul>
      ${rejected.map(
        ({ step, finding, change, approval }) =>
          markup`<li><strong>Rejected:</strong> ${labelOf(step)}: ${finding.impact} (change <code>${change}</code>)${approval && `; the approval expired on ${approval.until}`}</li>`,
      )}
      ${problems.map((problem) => markup`<li><strong>Rejected:</strong> ${problem}</li>`)}
      ${approved.map(({ step, finding, approval }) => markup`<li><strong>Approved</strong> by ${approval!.approvedBy} until ${approval!.until}: ${labelOf(step)}: ${finding.impact}. ${approval!.reason}</li>`)}
    </ul>
    ${rejected.length > 0 && markup`<p>To approve a change, add it to <code>slipway:gate.approvals</code> in <code>stacks/Pulumi.${stack}.yaml</code>.</p>`}
  </section>`;
}

function vulnerabilitiesSection(found: VulnerabilityReview) {
  const shown = found.reachable.filter(({ cause }) => isNew(cause));
  return markup`<section aria-labelledby="vulnerabilities"><h2 id="vulnerabilities">Reachable vulnerabilities</h2>
    <p>${formatCauses(found)}.</p>
    ${shown.map(
      ({ service, finding, cause }) =>
        markup`<article>
          <h3><span class=${`badge ${finding.exception || cause !== Cause.Introduced ? "warn" : "bad"}`}>${cause}</span> ${service}: <a href=${finding.url}>${finding.id}</a></h3>
          <p>${finding.summary}. ${formatModule(finding)}.</p>
          <p><code>${formatCalls(finding.calls ?? [])}</code></p>
          ${finding.upgrade !== undefined && markup`<p><code>${finding.upgrade}</code></p>`}
        </article>`,
    )}
    ${found.scan.warnings.length > 0 && markup`<ul>${found.scan.warnings.map((warning) => markup`<li>${warning}</li>`)}</ul>`}
  </section>`;
}

function policySection({ points, passed, rules, findings, exceptions }: NonNullable<Review["score"]>) {
  return markup`<section aria-labelledby="policy"><h2 id="policy">Policy</h2>
    <p><span class=${`badge ${findings.length === 0 ? "good" : "warn"}`}>${points} of 100 points</span> ${passed} of ${rules} rules passed</p>
    ${findings.map(
      ({ rule, severity, resource, message, remedy, reference }) =>
        markup`<article><h3><span class=${`badge ${severity === "error" ? "bad" : "warn"}`}>${severity}</span> ${resource}</h3><p>${capitalized(message)}. ${remedy} (<a href=${reference}>${rule}</a>)</p></article>`,
    )}
    ${
      exceptions.length > 0 &&
      markup`<details><summary>${exceptions.length === 1 ? "1 exception" : `${exceptions.length} exceptions`}</summary><ul>${exceptions.map(({ rule, resource, reason, until }) => markup`<li>${rule} for ${resource}${validity({ until })}: ${reason}</li>`)}</ul></details>`
    }
  </section>`;
}

/** How many deployments a report shows. */
const shownDeployments = 5;

/** The last deployments. Times are in UTC, because whoever reads the report may be anywhere. */
function deploymentsSection(deployments: Deployment[]) {
  if (deployments.length === 0) return null;
  return markup`<section aria-labelledby="deployments"><h2 id="deployments">Last deployments</h2>
    <div class="table" tabindex="0" role="group" aria-label="Table of the last deployments"><table>
      <thead><tr>${["Number", "Started (UTC)", "Command", "Result", "Commit", "By", "Impact"].map((title) => markup`<th scope="col">${title}</th>`)}</tr></thead>
      <tbody>${deployments.slice(0, shownDeployments).map(deploymentRow)}</tbody>
    </table></div>
  </section>`;
}

function deploymentRow({ id, started, command, result, commit, actor, ci, impact }: Deployment) {
  const changed = commit?.dirty === true && " with changes";
  return markup`<tr>
    <td>${ci === undefined ? id : markup`<a href=${ci}>${id}</a>`}</td>
    <td>${started.slice(0, 16).replace("T", " ")}</td>
    <td>${command}</td>
    <td><span class=${`badge ${resultClasses[result]}`}>${result}</span></td>
    <td>${commit && markup`<code>${commit.sha.slice(0, 7)}</code>`}${changed}</td>
    <td>${actor}</td>
    <td>${impact !== undefined && markup`<span class=${`badge ${classOf(impact)}`}>${impact}</span>`}</td>
  </tr>`;
}

const resultClasses = { running: "warn", succeeded: "good", failed: "bad", interrupted: "bad" } as const;
