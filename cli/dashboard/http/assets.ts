import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire, stripTypeScriptTypes } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

// The page is native ES modules: its own, and those of the packages that it uses, as npm has installed them. Nothing is bundled, and nothing comes from the Internet.

const folder = join(import.meta.dirname, "../page");
const require = createRequire(import.meta.url);

/** Modules of packages, by the name in the page's imports. */
const packages = {
  preact: fileURLToPath(import.meta.resolve("preact")),
  "preact/hooks": fileURLToPath(import.meta.resolve("preact/hooks")),
  htm: fileURLToPath(import.meta.resolve("htm")),
  "htm/preact": fileURLToPath(import.meta.resolve("htm/preact")),
  uplot: require.resolve("uplot/dist/uPlot.esm.js"),
};

export interface Asset {
  type: string;
  content: string;
}

const script = "text/javascript; charset=utf-8";
const styles = "text/css; charset=utf-8";

/** All files of the page, by path. */
export function readAssets(): Map<string, Asset> {
  const assets = new Map<string, Asset>();
  // In a checkout the modules are TypeScript, in the npm package JavaScript.
  const modules = readdirSync(folder).filter((name) => /\.[jt]s$/.test(name) && !name.endsWith(".d.ts"));
  for (const name of modules) {
    const source = readFileSync(join(folder, name), "utf8");
    assets.set(`/page/${name}`, { type: script, content: name.endsWith(".ts") ? stripTypeScriptTypes(source) : source });
  }
  for (const [name, file] of Object.entries(packages)) assets.set(packagePath(name), { type: script, content: readFileSync(file, "utf8") });
  const css = [require.resolve("uplot/dist/uPlot.min.css"), join(folder, "style.css")].map((file) => readFileSync(file, "utf8"));
  assets.set("/page/style.css", { type: styles, content: css.join("\n") });
  assets.set("/", { type: "text/html; charset=utf-8", content: indexPage(modules.includes("main.ts") ? "main.ts" : "main.js") });
  return assets;
}

function packagePath(name: string): string {
  return `/package/${name.replace("/", "-")}.js`;
}

const importMap = JSON.stringify({ imports: Object.fromEntries(Object.keys(packages).map((name) => [name, packagePath(name)])) });

/**
 * Loads the page again if one of its files was not loaded: browsers end all requests when a network of the machine changes, as those of Docker do
 * during an `up`. Failed modules are kept until the document is another one. The pauses become longer, in case it is not that.
 */
const reload = `let isComplete = true;
const key = "slipway-dashboard-reloads";
addEventListener("error", ({ target }) => {
  if (!isComplete || !(target instanceof HTMLScriptElement || target instanceof HTMLLinkElement)) return;
  isComplete = false;
  const attempts = Number(sessionStorage.getItem(key));
  sessionStorage.setItem(key, attempts + 1);
  setTimeout(() => location.reload(), Math.min(250 * 2 ** attempts, 5000));
}, true);
addEventListener("load", () => isComplete && sessionStorage.removeItem(key));`;

function indexPage(main: string): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <title>Slipway dashboard</title>
    <link rel="icon" href="data:," />
    <script>${reload}</script>
    <link rel="stylesheet" href="/page/style.css" />
    <script type="importmap">${importMap}</script>
    <script type="module" src="/page/${main}"></script>
  </head>
  <body>
    <noscript>The dashboard needs JavaScript.</noscript>
    <div id="root"></div>
  </body>
</html>
`;
}

/** What the page may do: https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Content-Security-Policy. */
export const contentSecurityPolicy = [
  "default-src 'none'",
  `script-src 'self' ${hashOf(reload)} ${hashOf(importMap)}`,
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** Allows an inline script. */
function hashOf(inline: string): string {
  return `'sha256-${createHash("sha256").update(inline).digest("base64")}'`;
}
