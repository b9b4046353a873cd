import { html as markup } from "htm/preact";
import { render } from "preact-render-to-string";
import { meanings, show } from "../impact/impacts.ts";
import { formatPath } from "../../lib/property-path.ts";
import { classOf, entriesOf, labelOf, summaryOf, type Entry, type Review } from "./review.ts";
import { drawingOf } from "./drawing.ts";
import { pictureOf } from "./picture.ts";
import { style } from "./style.ts";

// Everything goes through Preact, which escapes it; nothing is put together as text.

/** The report as one file that needs no other, no network and no script. */
export function formatHtml(review: Review): string {
  const { project, stack, verdict } = review;
  const { overall, counts, changed, unchanged } = summaryOf(review);
  const title = `${stack}: ${overall}`;
  const picture = pictureOf(review);
  const entries = entriesOf(changed);
  const noticed = entries.filter(({ impact }) => classOf(impact) !== "quiet");
  const others = entries.filter((entry) => !noticed.includes(entry));
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
          <h1><span class=${`badge ${classOf(overall)}`}>${overall}</span> ${" "}<span class=${`badge ${verdict.open ? "good" : "bad"}`}>gate ${verdict.open ? "open" : "closed"}</span></h1>
          <p>${meanings[overall]}</p>
          <p>${[...counts.map(([impact, n]) => `${n} ${impact}`), ...(unchanged > 0 ? [`${unchanged} unchanged`] : [])].join(" · ")}</p>
        </header>
        <main>
          ${
            picture.parts.length > 0 &&
            markup`<section aria-labelledby="picture"><h2 id="picture">The stack</h2>
            <div class="wide" tabindex="0" role="group" aria-label="Picture of the stack, from left to right">${drawingOf(picture, "LR")}</div>
            <div class="narrow" tabindex="0" role="group" aria-label="Picture of the stack, from top to bottom">${drawingOf(picture, "TB")}</div>
          </section>`
          }
          ${gateSection(review)}
          <section aria-labelledby="changes"><h2 id="changes">What happens</h2>
            ${changed.length === 0 && markup`<p>Nothing changes.</p>`}
            ${noticed.map(changeCard)}
            ${others.length > 0 && markup`<details><summary>${others.length === 1 ? "1 change" : `${others.length} changes`} that nobody notices</summary>${others.map(changeCard)}</details>`}
          </section>
          ${review.score && scoreSection(review.score)}
        </main>
      </body>
    </html>`;
  return `<!doctype html>\n${render(page)}\n`;
}

/** A change, with its values folded. */
function changeCard({ label, impact, said, findings, names }: Entry) {
  const values = findings.flatMap(({ changes }) => changes);
  return markup`<article>
    <h3><span class=${`badge ${classOf(impact)}`}>${impact}</span> ${" "}${label} ${" "}<small>${said}</small></h3>
    <ul>${findings.map((finding) => markup`<li>${finding.reason}${finding.impact !== impact && markup` ${" "}<em>(${finding.impact})</em>`}</li>`)}</ul>
    ${
      values.length > 0 &&
      markup`<details><summary>${values.length === 1 ? "1 value" : `${values.length} values`} of ${label}</summary><dl>
      ${values.slice(0, 200).map(({ path, before, after }) => markup`<dt><code>${formatPath(path)}</code></dt><dd><code>${show(before)}</code> → <code>${show(after)}</code></dd>`)}
    </dl></details>`
    }
    ${names.length > 0 && markup`<details><summary>the ${names.length} of them</summary><ul>${names.map((name) => markup`<li>${name}</li>`)}</ul></details>`}
  </article>`;
}

function gateSection({ stack, verdict: { refused, approved, problems } }: Review) {
  if (refused.length + approved.length + problems.length === 0) return null;
  return markup`<section aria-labelledby="gate"><h2 id="gate">The gate</h2>
    <ul>
      ${refused.map(
        ({ step, finding, change, approval }) =>
          markup`<li><strong>Refused:</strong> ${labelOf(step)}: ${finding.impact} (change <code>${change}</code>)${approval && `; its approval ended on ${approval.until}`}</li>`,
      )}
      ${problems.map((problem) => markup`<li><strong>Refused:</strong> ${problem}</li>`)}
      ${approved.map(({ step, finding, approval }) => markup`<li><strong>Approved</strong> by ${approval!.approvedBy} until ${approval!.until}: ${labelOf(step)}: ${finding.impact}. ${approval!.reason}</li>`)}
    </ul>
    ${refused.length > 0 && markup`<p>To approve a change, record it under <code>slipway:gate.approvals</code> in <code>stacks/Pulumi.${stack}.yaml</code>.</p>`}
  </section>`;
}

function scoreSection({ points, kept, rules, findings, excused }: NonNullable<Review["score"]>) {
  return markup`<section aria-labelledby="score"><h2 id="score">The policy</h2>
    <p><span class=${`badge ${findings.length === 0 ? "good" : "warn"}`}>${points} of 100</span> ${" "}${kept} of ${rules} rules are kept.</p>
    ${findings.map(
      ({ rule, severity, resource, message, remedy, reference }) =>
        markup`<article><h3><span class=${`badge ${severity === "error" ? "bad" : "warn"}`}>${severity}</span> ${" "}${resource}</h3><p>${message}. ${remedy} (<a href=${reference}>${rule}</a>)</p></article>`,
    )}
    ${
      excused.length > 0 &&
      markup`<details><summary>${excused.length} excused</summary><ul>${excused.map(({ rule, resource, reason, until }) => markup`<li>${rule} of ${resource} until ${until}: ${reason}</li>`)}</ul></details>`
    }
  </section>`;
}
