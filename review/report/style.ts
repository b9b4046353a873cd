/** Style sheet of the HTML report. Colours have a contrast of at least 4.5:1 in both schemes: https://www.w3.org/TR/WCAG22/#contrast-minimum. */
export const style = `
:root { color-scheme: light dark;
  --page: #ffffff; --text: #1b1f24; --soft: #57606a; --line: #d0d7de; --card: #f6f8fa; --link: #0a58ca;
  --good: #116329; --good-back: #dafbe1; --warn: #7a4b00; --warn-back: #fff3c9; --bad: #a40e26; --bad-back: #ffe3e3; }
@media (prefers-color-scheme: dark) { :root {
  --page: #0d1117; --text: #e6edf3; --soft: #a2abb6; --line: #3d444d; --card: #161b22; --link: #79b8ff;
  --good: #7ee2a8; --good-back: #10301d; --warn: #f2cc60; --warn-back: #352a07; --bad: #ffaba8; --bad-back: #43161a; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 75rem; background: var(--page); color: var(--text);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
header p { margin: .25rem 0; color: var(--soft); }
h1 { margin: .25rem 0; font-size: 1.5rem; } h2 { font-size: 1.15rem; margin: 1.5rem 0 .5rem; } h3 { font-size: 1rem; margin: 0; }
small, em { color: var(--soft); font-weight: normal; } a { color: var(--link); } code { font: .875em ui-monospace, monospace; }
article { margin: .5rem 0; padding: .75rem 1rem; border: 1px solid var(--line); border-radius: 8px; background: var(--card); }
article ul, article p { margin: .35rem 0; } dt { margin-top: .35rem; } dd { margin-left: 1rem; } summary { cursor: pointer; padding: .25rem 0; }
.badge { display: inline-block; padding: 0 .5rem; border-radius: 1rem; border: 1px solid var(--line); color: var(--soft); background: var(--card); font-weight: 600; }
.badge.good { color: var(--good); background: var(--good-back); border-color: var(--good); }
.badge.warn { color: var(--warn); background: var(--warn-back); border-color: var(--warn); }
.badge.bad { color: var(--bad); background: var(--bad-back); border-color: var(--bad); }
table { border-collapse: collapse; } th, td { padding: .35rem .75rem .35rem 0; text-align: left; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { color: var(--soft); font-weight: 600; } .table { overflow-x: auto; }
.wide, .narrow { overflow-x: auto; } .narrow { display: none; }
.wide svg { max-width: 100%; height: auto; } svg text { text-anchor: middle; fill: var(--text); font: 600 13px system-ui, sans-serif; }
svg .kind { fill: var(--soft); font-weight: 400; font-size: 11px; }
.part rect { fill: var(--card); stroke: var(--line); } .arrow { fill: none; stroke: var(--soft); } marker path { fill: var(--soft); }
.part.good rect { fill: var(--good-back); stroke: var(--good); stroke-width: 2; } .part.good .impact { fill: var(--good); }
.part.warn rect { fill: var(--warn-back); stroke: var(--warn); stroke-width: 2; } .part.warn .impact { fill: var(--warn); }
.part.bad rect { fill: var(--bad-back); stroke: var(--bad); stroke-width: 3; } .part.bad .impact { fill: var(--bad); }
@media (max-width: 48rem) { .wide { display: none; } .narrow { display: block; } }
`;
