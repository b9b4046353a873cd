import { existsSync } from "node:fs";
import { isBuiltin, registerHooks } from "node:module";
import { join, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

// For the previews of `slipway upgrade`: the project's program gets the packages of the upgrade, which are not in its node_modules yet. A copy of
// the project would have other paths, and no git repository, so images would have other digests.

const stage = process.env["SLIPWAY_STAGED_PACKAGES"]!;
const staged = pathToFileURL(join(stage, "package.json")).href;

registerHooks({
  resolve(specifier, context, next) {
    if (!isPackage(specifier) || isStaged(context.parentURL)) return next(specifier, context);
    const name = specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
    return existsSync(join(stage, "node_modules", name)) ? next(specifier, { ...context, parentURL: staged }) : next(specifier, context);
  },
});

function isPackage(specifier: string): boolean {
  return !/^[./#]|^\w+:/.test(specifier) && !isBuiltin(specifier);
}

function isStaged(parent: string | undefined): boolean {
  return parent === undefined || !parent.startsWith("file:") || fileURLToPath(parent).startsWith(stage + sep);
}
