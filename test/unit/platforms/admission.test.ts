import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { supplyChainSettings } from "../../../config/schema/supply-chain.ts";
import { newKeyPair } from "../../../lib/attestations/key-file.ts";
import { admissionPolicies } from "../../../platforms/kubernetes-shared/admission/admission.ts";
import { settle } from "../harness.ts";

let folder: string;
let pem: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-admission-"));
  pem = newKeyPair("correct horse battery").publicKey;
  writeFileSync(join(folder, "slipway.pub"), pem);
  writeFileSync(join(folder, "old.pub"), newKeyPair("correct horse battery").publicKey);
  for (const [name, uri] of Object.entries({ root: "https://fulcio.sigstore.dev", private: "https://fulcio.example" })) {
    const root = { certificateAuthorities: [{ uri }], tlogs: [], ctlogs: [], timestampAuthorities: [] };
    writeFileSync(join(folder, `${name}.json`), JSON.stringify(root));
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

const args = {
  name: "shop-prod",
  namespace: "shop",
  repositories: ["registry.example/shop/web", "nginx", "acme/api"],
  plainHttp: false,
  labels: { a: "b" },
};
const policies = (supplyChain: object, more: Partial<typeof args> = {}) =>
  admissionPolicies(supplyChainSettings.parse(supplyChain), { ...args, ...more }, "2026-11-28");

test("without the setting there are no policies", () => {
  expect(policies({ require: ["signature"] })).toEqual([]);
});

test("Kyverno checks all images of the namespace, with each key that counts", () => {
  const keys = [
    { file: join(folder, "slipway.pub"), until: "2026-11-28" },
    { file: join(folder, "old.pub"), until: "2026-11-27" },
  ];
  const expression = (call: string) =>
    `(images.containers + images.initContainers + images.ephemeralContainers).map(image, ${call}).all(count, count > 0)`;
  expect(policies({ require: ["signature", "provenance", "sbom"], keys, admission: { engine: "kyverno" } })).toEqual([
    {
      resource: "image-policy",
      apiVersion: "policies.kyverno.io/v1",
      kind: "NamespacedImageValidatingPolicy",
      metadata: { name: "shop-prod", namespace: "shop", labels: { a: "b" } },
      spec: {
        validationActions: ["Deny"],
        validationConfigurations: { mutateDigest: false, verifyDigest: true, required: true },
        matchConstraints: {
          resourceRules: [{ apiGroups: [""], apiVersions: ["v1"], resources: ["pods"], operations: ["CREATE", "UPDATE"] }],
        },
        matchImageReferences: [{ glob: "*" }],
        attestors: [{ name: "key1", cosign: { key: { data: pem }, ctlog: { insecureIgnoreTlog: true } } }],
        attestations: [{ name: "provenance", intoto: { type: "https://slsa.dev/provenance/v1" } }],
        validations: [
          {
            expression: expression("verifyImageSignatures(image, [attestors.key1])"),
            message: "an image is not signed by anybody whom slipway:supplyChain trusts",
          },
          {
            expression: expression("verifyAttestationSignatures(image, attestations.provenance, [attestors.key1])"),
            message: "an image has no provenance from anybody whom slipway:supplyChain trusts",
          },
        ],
      },
    },
  ]);
});

test("Kyverno trusts identities with the trusted root, leaves out exceptions, and reaches registries without TLS", () => {
  const identities = [{ issuer: "https://issuer.example", subject: "https://subject.example" }];
  const trustedRoot = join(folder, "root.json");
  const admission = { engine: "kyverno", except: ["docker.io/istio/"] };
  const [policy] = policies({ require: ["signature"], keys: [], identities, trustedRoot, admission }, { plainHttp: true });
  expect(policy!.spec).toMatchObject({
    matchImageReferences: [{ expression: '!["docker.io/istio/"].exists(start, ref.startsWith(start))' }],
    credentials: { allowInsecureRegistry: true },
    attestors: [
      { name: "identity1", cosign: { keyless: { identities }, trustedRoot: { value: expect.stringContaining("fulcio.sigstore.dev") } } },
    ],
  });
  expect((policy!.spec as { validations: object[] }).validations).toHaveLength(1);
});

test("policy-controller checks the stack's repositories by their full names", async () => {
  const identities = [{ issuer: "https://issuer.example", subject: "https://subject.example" }];
  const trustedRoot = join(folder, "root.json");
  const admission = { engine: "policy-controller", except: ["docker.io/istio/"] };
  const found = policies({ require: ["signature", "provenance"], keys: [], identities, trustedRoot, admission });
  expect(found.map(({ apiVersion, kind, metadata }) => [apiVersion, kind, metadata])).toEqual([
    ["policy.sigstore.dev/v1beta1", "ClusterImagePolicy", { name: "shop-prod", labels: { a: "b" } }],
    ["policy.sigstore.dev/v1beta1", "ClusterImagePolicy", { name: "shop-prod-unchecked", labels: { a: "b" } }],
  ]);
  const { images, ...spec } = found[0]!.spec as { images: { glob: never }[] };
  expect(await Promise.all(images.map(async ({ glob }) => (await settle(glob)).value))).toEqual([
    "registry.example/shop/web@*",
    "index.docker.io/library/nginx@*",
    "index.docker.io/acme/api@*",
  ]);
  expect(spec).toEqual({
    mode: "enforce",
    authorities: [
      {
        name: "identities",
        signatureFormat: "bundle",
        keyless: { url: "https://fulcio.sigstore.dev", identities },
        ctlog: { url: "https://rekor.sigstore.dev" },
        attestations: [
          { name: "signature", predicateType: "https://sigstore.dev/cosign/sign/v1" },
          { name: "provenance", predicateType: "https://slsa.dev/provenance/v1" },
        ],
      },
    ],
  });
  expect(found[1]!.spec).toEqual({ images: [{ glob: "docker.io/istio/**" }], authorities: [{ name: "none", static: { action: "pass" } }] });
});

test("policy-controller cannot check identities of other services than the public ones", () => {
  const identities = [{ issuer: "https://issuer.example", subject: "https://subject.example" }];
  const trustedRoot = join(folder, "private.json");
  expect(() => policies({ require: ["signature"], keys: [], identities, trustedRoot, admission: { engine: "policy-controller" } })).toThrow(
    "slipway:supplyChain.trustedRoot: must be that of https://fulcio.sigstore.dev for policy-controller, which cannot check bundles of other services. Set the engine kyverno.",
  );
});

test("if all keys have ended, nothing could be deployed any more", () => {
  const keys = [{ file: join(folder, "old.pub"), until: "2026-11-27" }];
  expect(() => policies({ require: ["signature"], keys, admission: { engine: "kyverno" } })).toThrow(
    "slipway:supplyChain.admission: all public keys have ended. Add a key that counts, or an identity.",
  );
});
