import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { renderForController } from "../../../../cli/render/gitops.ts";
import type { GitOpsOptions } from "../../../../cli/render/options.ts";
import type { Stack } from "../../../../config/stack-file.ts";
import { UserError } from "../../../../lib/user-error.ts";
import { image, layer } from "../../../../lib/oci.ts";
import { serveImage, type ImageServer } from "../../image-server.ts";

let images: ImageServer;
let registry: Server & { status: number };
let folder: string;
let stack: Stack;
let reference: { repository: string; tag: string };

beforeAll(async () => {
  const content = image({ os: "linux", architecture: "amd64" }, [await layer([{ path: "a", mode: 0o644, content: "a" }], "gzip")], {});
  images = await serveImage(content);
  // A registry that rejects everything.
  registry = Object.assign(
    createServer((_, response) => void response.writeHead(registry.status).end("{}")),
    { status: 401 },
  );
  await new Promise<void>((listening) => registry.listen(0, "127.0.0.1", listening));
  reference = { repository: `127.0.0.1:${(registry.address() as AddressInfo).port}/shop/manifests`, tag: "prod" };
  const web = { image: `${images.host}/base@${content.descriptor.digest}`, secretEnv: { TOKEN: "open sesame" } };
  stack = {
    project: "shop",
    name: "prod",
    main: "index.ts",
    folder: ".slipway/prod",
    config: {
      "slipway:platform": "kubernetes",
      "slipway:kubernetes": JSON.stringify({ context: "prod", flavour: "generic" }),
      "slipway:services": JSON.stringify({ web }),
    },
    secretKeys: [],
  };
});
afterAll(() => {
  images[Symbol.dispose]();
  registry.close();
});
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "slipway-render-"))));
afterEach(() => rmSync(folder, { recursive: true }));

const options: GitOpsOptions = {
  controller: "flux",
  artifact: undefined,
  pushImages: false,
  secrets: "omit",
  store: undefined,
  recipients: [],
};
const render = (given: Partial<GitOpsOptions> = {}) => renderForController(stack, join(folder, "out"), { ...options, ...given });

test("the result has the files, the Secrets that are left out, and what the user must know", async () => {
  const { files, removed, bootstrap, secrets, notes, images: pushed } = await render();
  expect(files.map((file) => file.replace(`${folder}/out/`, ""))).toEqual([
    "bootstrap.yaml",
    "flux/web.yaml",
    "kustomization.yaml",
    "services/web/kustomization.yaml",
    "services/web/shop-prod-deployment-web.yaml",
    "services/web/shop-prod-networkpolicy-web.yaml",
    "services/web/shop-prod-poddisruptionbudget-web.yaml",
    "services/web/shop-prod-service-web.yaml",
    "services/web/shop-prod-serviceaccount-web.yaml",
    "stack/namespace-shop-prod.yaml",
  ]);
  for (const file of files) expect(readFileSync(file, "utf8")).not.toContain("sesame");
  expect([removed, bootstrap, secrets, pushed]).toEqual([[], join(folder, "out/bootstrap.yaml"), [{ name: "web", keys: ["TOKEN"] }], []]);
  expect(notes).toEqual([`${folder}/out: is in no git repository with a remote, so bootstrap.yaml has no URL of it. Add it there.`]);
});

test("without a flavour, the user is told that no cluster was asked", async () => {
  const { "slipway:kubernetes": _, ...others } = stack.config;
  const config = { ...others, "slipway:kubernetes": JSON.stringify({ context: "prod" }) };
  const { notes } = await renderForController({ ...stack, config }, join(folder, "out"), options);
  expect(notes[0]).toBe(
    "No cluster was asked. If it is OpenShift, GKE, AKS or EKS, set slipway:kubernetes.flavour, because some objects differ there.",
  );
});

test("a Secret in a store is in the folder as an ExternalSecret", async () => {
  const store = { kind: "SecretStore", name: "vault", key: "apps/{secret}" };
  const { secrets, files } = await render({ secrets: "external", store });
  expect(secrets).toEqual([]);
  const file = files.find((one) => one.endsWith("secret-web.yaml"))!;
  const { kind, spec } = parse(readFileSync(file, "utf8")) as { kind: string; spec: { data: object[] } };
  expect([kind, spec.data]).toEqual(["ExternalSecret", [{ secretKey: "TOKEN", remoteRef: { key: "apps/web", property: "TOKEN" } }]]);
});

test.each([
  [
    401,
    (host: string) =>
      `${host} does not allow a push with these credentials. The files in the folder are written. Run slipway login ${host} as a user who may push.`,
  ],
  [
    404,
    (host: string) => `${host} has no place for it. The files in the folder are written. Create the repository there, or correct --push.`,
  ],
])("a registry that rejects the artifact with %d is one error with the remedy", async (status, message) => {
  registry.status = status;
  const [host] = reference.repository.split("/");
  await expect(render({ artifact: reference })).rejects.toThrow(new UserError(`oci://${reference.repository}:prod: ${message(host!)}`));
  expect(existsSync(join(folder, "out/kustomization.yaml"))).toBe(true);
});
