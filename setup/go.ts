import { command } from "../lib/command.ts";

const environment = { CGO_ENABLED: "0", GOWORK: "off", GOFLAGS: "-buildvcs=false" };

/** Compiles a package of a module, without debug data: that makes compiling 10 % faster. */
export async function compileGo(folder: string, goPackage: string, output: string, linkFlags: string[] = []): Promise<void> {
  const flags = ["-trimpath", "-gcflags=all=-dwarf=false", `-ldflags=${["-s", "-w", ...linkFlags].join(" ")}`];
  await command("go", ["build", ...flags, "-o", output, goPackage], { cwd: folder, env: environment });
}

/** Downloads the modules that a package needs, so that downloads run while other packages compile. */
export async function fetchModules(folder: string, goPackage: string): Promise<void> {
  await command("go", ["list", "-deps", goPackage], { cwd: folder, env: environment });
}
