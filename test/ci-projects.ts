import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { stringify } from "yaml";

// Projects for which pipelines are generated. Each is a repository with the npm package.

/** A project by what its pipeline depends on. */
export interface SampleProject {
  /** Folder in the repository. @default - its root */
  folder?: string;
  /** Settings of the stacks by name, without services. */
  stacks: Record<string, object>;
  /** Other files by path in the repository. @default - package-lock.json and the source of the service */
  files?: Record<string, string>;
}

const kubernetes = (context: string, more: object = {}) => ({
  "slipway:platform": "kubernetes",
  "slipway:kubernetes": { context, registry: "ghcr.io/acme/shop", ...more },
});
const eks = (region: string) => ({ "slipway:platform": "eks", "slipway:eks": { region } });
const local = { "slipway:platform": "local" };
const source = { "app/go.mod": "module example.org/shop\n\ngo 1.25.3\n", "app/go.sum": "" };

export const sampleProjects = {
  "local and kubernetes": { stacks: { local, prod: kubernetes("prod"), dev: kubernetes("dev") } },
  "three stacks on EKS": {
    stacks: { prod: eks("eu-central-1"), staging: eks("eu-central-1"), dev: eks("eu-central-1") },
    files: { ...source, "package-lock.json": "{}", ".node-version": "24.15.0\n" },
  },
  "a registry for each stack": {
    stacks: {
      dev: kubernetes("dev", { registry: "dev.example.org/shop" }),
      staging: kubernetes("staging"),
      prod: kubernetes("prod", { registry: "prod.example.org/shop" }),
    },
  },
  "review environments, in a folder": {
    folder: "deploy",
    stacks: {
      prod: kubernetes("prod", { registry: "registry.example.org/shop", kubeconfig: "secrets/cluster.yaml" }),
      review: kubernetes("dev"),
    },
    files: { "app/go.mod": "module example.org/shop\n\ngo 1.26.1\n" },
  },
  "both platforms, with placeholders": {
    stacks: {
      dev: kubernetes("dev", { state: "file", registry: "registry.gitlab.com/acme/shop" }),
      "1.prod": eks("<AWS region, such as eu-central-1>"),
      review: eks("eu-central-1"),
    },
    files: { ...source, "package-lock.json": "{}" },
  },
} satisfies Record<string, SampleProject>;

/** Writes a project and its repository to an empty folder, and returns the project's folder. */
export function writeSampleProject(root: string, { folder = ".", stacks, files }: SampleProject): string {
  const write = (file: string, text: string) => {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  };
  mkdirSync(join(root, ".git"), { recursive: true });
  for (const [file, text] of Object.entries(files ?? { ...source, [join(folder, "package-lock.json")]: "{}" })) write(file, text);
  const web = { source: folder === "." ? "app" : "../app", host: "shop.example.org" };
  write(join(folder, "Pulumi.yaml"), "name: shop\nmain: index.ts\nruntime: nodejs\nstackConfigDir: stacks\n");
  write(
    join(folder, "package.json"),
    JSON.stringify({ name: "shop", type: "module", dependencies: { slipway: "0.1.0" }, engines: { node: ">=24" } }),
  );
  for (const [name, config] of Object.entries(stacks))
    write(join(folder, `stacks/Pulumi.${name}.yaml`), stringify({ config: { ...config, "slipway:services": { web } } }));
  return join(root, folder);
}
