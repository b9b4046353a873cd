import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/**
 * A folder with the project `shop`, which becomes the current folder, and next to it directories with defaults. Disposed of, it is deleted.
 */
export class DefaultsProject {
  readonly root = realpathSync(mkdtempSync(join(tmpdir(), "slipway-defaults-")));
  private readonly before = process.cwd();

  constructor() {
    this.write("shop/Pulumi.yaml", "name: slipway\nmain: index.ts\nruntime: nodejs\nstackConfigDir: stacks\n");
    process.chdir(join(this.root, "shop"));
  }

  /** Writes a file; its path starts above the project. */
  write(path: string, content: string): void {
    const file = join(this.root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }

  /** Writes the stack file of `test`. */
  stack(config: string, rest = ""): void {
    this.write("shop/stacks/Pulumi.test.yaml", `${rest}config:\n${indented(config)}`);
  }

  /** Writes an npm package as npm installs it. */
  package(name: string, files: Record<string, string>, description: object = {}): void {
    const folder = `shop/node_modules/${name}`;
    this.write(`${folder}/package.json`, JSON.stringify({ name, version: "1.0.0", ...description }));
    for (const [path, content] of Object.entries(files)) this.write(`${folder}/${path}`, content);
  }

  [Symbol.dispose](): void {
    process.chdir(this.before);
    rmSync(this.root, { recursive: true });
  }
}

function indented(yaml: string): string {
  return yaml
    .trim()
    .split("\n")
    .map((line) => `  ${line}\n`)
    .join("");
}
