import { parse, parseAllDocuments } from "yaml";
import type { Stack } from "../../../config/stack-file.ts";
import { UserError } from "../../../lib/user-error.ts";
import { externalSecretOf } from "../../../review/render/external-secret.ts";
import { gitOpsFiles, type GitOpsArgs } from "../../../review/render/gitops.ts";
import { contentOf } from "../../../review/render/manifests.ts";
import { registrationsOf } from "../../../review/render/registrations.ts";

const image = `registry.example/app@sha256:${"0".repeat(64)}`;
const shop = { project: "shop", stack: "prod" };
const stackWith = (services: object, jobs: object = {}, settings: object = {}): Stack => ({
  project: "shop",
  name: "prod",
  main: "index.ts",
  folder: ".slipway/prod",
  config: {
    "slipway:platform": "kubernetes",
    "slipway:kubernetes": JSON.stringify({ context: "prod", registry: "registry.example/shop", ...settings }),
    "slipway:services": JSON.stringify(services),
    "slipway:jobs": JSON.stringify(jobs),
  },
  secretKeys: [],
});
const oci = { kind: "oci", repository: "registry.example/shop/manifests", tag: "prod", plainHttp: false } as const;
const render = async (stack: Stack, args: Partial<GitOpsArgs> = {}) => {
  const omitted = {
    controller: "flux",
    source: oci,
    hasEncrypted: false,
    hasChecksums: false,
    writeSecret: async () => undefined,
  } as const;
  return gitOpsFiles(await registrationsOf(stack), { ...shop, ...omitted, ...args });
};
const migrated = stackWith({ web: { image, host: "shop.example", after: ["migrate"] } }, { migrate: { image } });
type Parsed = { metadata: { annotations?: Record<string, string> }; spec: Record<string, unknown> };
const read = (files: Map<string, string>, path: string) => parse(files.get(path)!) as Parsed & Record<string, unknown>;

test("for Flux, each service and job is a folder, and what applies it comes after what it waits for", async () => {
  const { files, bootstrap } = await render(migrated);
  expect([...files.keys()]).toEqual([
    "bootstrap.yaml",
    "flux/migrate.yaml",
    "flux/web.yaml",
    "jobs/migrate/kustomization.yaml",
    "jobs/migrate/shop-prod-job-migrate.yaml",
    "jobs/migrate/shop-prod-networkpolicy-migrate.yaml",
    "jobs/migrate/shop-prod-serviceaccount-migrate.yaml",
    "kustomization.yaml",
    "services/web/kustomization.yaml",
    "services/web/shop-prod-deployment-web.yaml",
    "services/web/shop-prod-ingress-web.yaml",
    "services/web/shop-prod-networkpolicy-web.yaml",
    "services/web/shop-prod-poddisruptionbudget-web.yaml",
    "services/web/shop-prod-service-web.yaml",
    "services/web/shop-prod-serviceaccount-web.yaml",
    "stack/namespace-shop-prod.yaml",
  ]);
  expect(read(files, "kustomization.yaml")).toEqual({
    apiVersion: "kustomize.config.k8s.io/v1beta1",
    kind: "Kustomization",
    resources: ["flux/migrate.yaml", "flux/web.yaml", "stack/namespace-shop-prod.yaml"],
  });
  expect(read(files, "jobs/migrate/kustomization.yaml")["resources"]).toEqual([
    "shop-prod-job-migrate.yaml",
    "shop-prod-networkpolicy-migrate.yaml",
    "shop-prod-serviceaccount-migrate.yaml",
  ]);
  expect(read(files, "flux/web.yaml")).toEqual({
    apiVersion: "kustomize.toolkit.fluxcd.io/v1",
    kind: "Kustomization",
    metadata: { name: "shop-prod-web", namespace: "flux-system" },
    spec: {
      interval: "10m",
      retryInterval: "1m",
      prune: true,
      wait: true,
      timeout: "300s",
      sourceRef: { kind: "OCIRepository", name: "shop-prod" },
      path: "./services/web",
      dependsOn: [{ name: "shop-prod" }, { name: "shop-prod-migrate" }],
    },
  });
  // Kubernetes gives a job 600 s by default, and stops it before Flux stops waiting.
  expect(read(files, "flux/migrate.yaml").spec).toMatchObject({ dependsOn: [{ name: "shop-prod" }], timeout: "660s" });
  expect(read(files, "jobs/migrate/shop-prod-job-migrate.yaml").metadata.annotations).toEqual({
    "kustomize.toolkit.fluxcd.io/force": "enabled",
  });
  expect(parseAllDocuments(files.get(bootstrap)!).map((document): unknown => document.toJS())).toEqual([
    {
      apiVersion: "source.toolkit.fluxcd.io/v1",
      kind: "OCIRepository",
      metadata: { name: "shop-prod", namespace: "flux-system" },
      spec: { interval: "1m", url: "oci://registry.example/shop/manifests", ref: { tag: "prod" } },
    },
    {
      apiVersion: "kustomize.toolkit.fluxcd.io/v1",
      kind: "Kustomization",
      metadata: { name: "shop-prod", namespace: "flux-system" },
      spec: {
        interval: "10m",
        retryInterval: "1m",
        prune: true,
        timeout: "5m",
        sourceRef: { kind: "OCIRepository", name: "shop-prod" },
        path: "./",
      },
    },
  ]);
});

test("in a git repository, paths begin at its root", async () => {
  const source = { kind: "git", url: "ssh://git@example.org/shop.git", branch: "main", path: "deploy/prod" } as const;
  const { files } = await render(migrated, { source });
  expect(read(files, "flux/web.yaml").spec).toMatchObject({
    path: "./deploy/prod/services/web",
    sourceRef: { kind: "GitRepository", name: "shop-prod" },
  });
  const [repository, root] = parseAllDocuments(files.get("bootstrap.yaml")!).map((document) => document.toJS() as Parsed);
  expect(repository!.spec).toEqual({ interval: "1m", url: "ssh://git@example.org/shop.git", ref: { branch: "main" } });
  expect(root!.spec["path"]).toBe("./deploy/prod");
  const { files: without } = await render(migrated, { source: { ...source, url: undefined } });
  expect(parseAllDocuments(without.get("bootstrap.yaml")!).length).toBe(1);
});

test("Flux reaches a registry without TLS, and decrypts Secrets, if it must", async () => {
  const { files } = await render(migrated, { source: { ...oci, plainHttp: true }, hasEncrypted: true });
  const decryption = { provider: "sops", secretRef: { name: "sops-age" } };
  expect(read(files, "flux/web.yaml").spec["decryption"]).toEqual(decryption);
  const [repository, root] = parseAllDocuments(files.get("bootstrap.yaml")!).map((document) => document.toJS() as Parsed);
  expect([repository!.spec["insecure"], root!.spec["decryption"]]).toEqual([true, decryption]);
});

test("volumes, and a namespace with some, are not pruned", async () => {
  const volumes = { data: { kind: "persistent", size: "1Gi", mountPath: "/data" } };
  const flux = await render(stackWith({ db: { image, replicas: 1, volumes } }));
  const kept = { "kustomize.toolkit.fluxcd.io/prune": "disabled" };
  expect(read(flux.files, "stack/namespace-shop-prod.yaml").metadata.annotations).toMatchObject(kept);
  expect(read(flux.files, "services/db/shop-prod-persistentvolumeclaim-db-data.yaml").metadata.annotations).toEqual(kept);
  const argo = await render(stackWith({ db: { image, replicas: 1, volumes } }), { controller: "argocd" });
  expect(read(argo.files, "services/db/shop-prod-persistentvolumeclaim-db-data.yaml").metadata.annotations).toEqual({
    "argocd.argoproj.io/sync-wave": "1",
    "argocd.argoproj.io/sync-options": "Prune=false,Delete=false",
  });
  expect(read((await render(migrated)).files, "stack/namespace-shop-prod.yaml").metadata.annotations).toBeUndefined();
});

test("for Argo CD, waves have the order, a job is a hook, and everything is one Application", async () => {
  const { files } = await render(migrated, { controller: "argocd" });
  expect([...files.keys()].filter((path) => path.startsWith("flux/"))).toEqual([]);
  expect(read(files, "kustomization.yaml")["resources"]).toEqual(
    [...files.keys()].filter((path) => !["bootstrap.yaml", "kustomization.yaml"].includes(path)),
  );
  expect(read(files, "jobs/migrate/shop-prod-job-migrate.yaml").metadata.annotations).toEqual({
    "argocd.argoproj.io/sync-wave": "1",
    "argocd.argoproj.io/hook": "Sync",
    "argocd.argoproj.io/hook-delete-policy": "BeforeHookCreation,HookSucceeded",
  });
  expect(read(files, "services/web/shop-prod-deployment-web.yaml").metadata.annotations).toEqual({ "argocd.argoproj.io/sync-wave": "2" });
  expect(read(files, "stack/namespace-shop-prod.yaml").metadata.annotations).toBeUndefined();
  expect(read(files, "bootstrap.yaml")).toEqual({
    apiVersion: "argoproj.io/v1alpha1",
    kind: "Application",
    metadata: { name: "shop-prod", namespace: "argocd" },
    spec: {
      project: "default",
      source: { repoURL: "oci://registry.example/shop/manifests", targetRevision: "prod", path: "." },
      destination: { server: "https://kubernetes.default.svc", namespace: "shop-prod" },
      syncPolicy: { automated: { prune: true, selfHeal: true }, syncOptions: ["ServerSideApply=true"] },
    },
  });
});

const withSecret = stackWith({ web: { image, secretEnv: { TOKEN: "open sesame" } } });

test("a Secret that is left out is reported, and no checksum of it is in a file", async () => {
  const { files, secrets } = await render(withSecret);
  expect(secrets).toEqual([{ name: "web", keys: ["TOKEN"] }]);
  expect([...files.values()].join("")).not.toMatch(/open sesame|checksum\/secret/);
});

test("with a key of their own, checksums of Secrets restart pods", async () => {
  const annotations = async (uid: string) => {
    const args = { ...shop, controller: "flux", source: oci, hasEncrypted: true, hasChecksums: true, writeSecret: async () => "" } as const;
    const { files } = await gitOpsFiles(await registrationsOf(withSecret, uid), args);
    const { template } = read(files, "services/web/shop-prod-deployment-web.yaml").spec as { template: Parsed };
    return template.metadata.annotations;
  };
  const [one, other] = [await annotations("a key"), await annotations("another key")];
  expect(one).toEqual({ "checksum/secret": expect.stringMatching(/^[0-9a-f]{32}$/) as string });
  expect(one).not.toEqual(other);
  expect(await annotations("a key")).toEqual(one);
});

test("a Secret in a store is an ExternalSecret with the same name and keys, and the annotations of the controller", async () => {
  const store = { kind: "ClusterSecretStore", name: "vault", key: "{project}/{stack}/{secret}" };
  const { files, secrets } = await render(withSecret, {
    controller: "argocd",
    writeSecret: async (secret, _path, annotate) => contentOf(annotate(externalSecretOf(secret, store, shop))),
  });
  expect(secrets).toEqual([]);
  const labels = {
    "app.kubernetes.io/instance": "web",
    "app.kubernetes.io/managed-by": "pulumi",
    "app.kubernetes.io/name": "web",
    "app.kubernetes.io/part-of": "shop",
  };
  const external = read(files, "services/web/shop-prod-secret-web.yaml");
  expect(external).toEqual({
    apiVersion: "external-secrets.io/v1",
    kind: "ExternalSecret",
    metadata: { name: "web", namespace: "shop-prod", labels, annotations: { "argocd.argoproj.io/sync-wave": "1" } },
    spec: {
      refreshInterval: "1h",
      secretStoreRef: { kind: "ClusterSecretStore", name: "vault" },
      target: { name: "web", template: { type: "Opaque", metadata: { labels } } },
      data: [{ secretKey: "TOKEN", remoteRef: { key: "shop/prod/web", property: "TOKEN" } }],
    },
  });
  expect(read(files, "kustomization.yaml")["resources"]).toContain("services/web/shop-prod-secret-web.yaml");
});

test("annotations for Pulumi are left out", async () => {
  const { files } = await render(migrated);
  expect([...files.values()].join("")).not.toContain("pulumi.com/");
});

test("names that are too long for a label are rejected", async () => {
  await expect(render(migrated, { stack: "p".repeat(60) })).rejects.toThrow(
    new UserError(
      `<project>-<stack>, the name of the controller's objects, must be at most 58 characters long (got "shop-${"p".repeat(60)}"). Rename the stack.`,
    ),
  );
  const name = "w".repeat(60);
  await expect(render(stackWith({ [name]: { image } }))).rejects.toThrow(
    `${name}: Flux's Kustomization of it would be called shop-prod-${name}, and can have at most 63 characters.`,
  );
});
