import type { BilledImage } from "../../../../lib/attestations/bill-of-materials.ts";
import { cycloneDx } from "../../../../lib/attestations/cyclonedx.ts";
import { spdx } from "../../../../lib/attestations/spdx.ts";

const digest = `sha256:${"a".repeat(64)}`;
const image: BilledImage = {
  repository: "registry.example/shop/web",
  digest,
  created: new Date("2026-11-28T08:00:00.000Z"),
  slipway: "1.0.0",
  contents: {
    platform: { os: "linux", architecture: "amd64" },
    programs: [
      {
        goVersion: "1.26.8",
        package: "example.org/shop",
        main: { path: "example.org/shop", version: "(devel)" },
        modules: [{ path: "golang.org/x/text", version: "v0.30.0", sum: "h1:aaa=" }],
        settings: {},
      },
    ],
    packages: [{ type: "deb", name: "tzdata", version: "2026a-1", architecture: "all" }],
    distribution: { id: "debian", version: "13" },
    files: [{ path: "app", sha256: "b".repeat(64) }],
  },
};
const imagePurl = `pkg:oci/web@${encodeURIComponent(digest)}?arch=amd64&repository_url=registry.example/shop/web`;
const purls = [
  "pkg:golang/example.org/shop",
  "pkg:golang/std@1.26.8",
  "pkg:golang/golang.org/x/text@v0.30.0",
  "pkg:deb/debian/tzdata@2026a-1?arch=all&distro=debian-13",
];

test("CycloneDX lists the program, modules, packages of the base and files", () => {
  const { metadata, components, specVersion, serialNumber } = cycloneDx(image) as Record<string, any>; // oxlint-disable-line typescript/no-explicit-any -- JSON
  expect([specVersion, serialNumber, metadata.timestamp]).toEqual(["1.6", undefined, "2026-11-28T08:00:00.000Z"]);
  expect(metadata.component).toMatchObject({ type: "container", name: "registry.example/shop/web", version: digest });
  expect(decodeURIComponent(metadata.component.purl)).toBe(decodeURIComponent(imagePurl));
  const found = components as { type: string; name: string; purl?: string; hashes?: object[]; properties?: object[] }[];
  expect(found.flatMap(({ purl }) => purl ?? []).sort()).toEqual([...purls].sort());
  expect(found.find(({ name }) => name === "example.org/shop")!.type).toBe("application");
  expect(found.find(({ name }) => name === "/app")).toMatchObject({ type: "file", hashes: [{ alg: "SHA-256", content: "b".repeat(64) }] });
  expect(found.find(({ name }) => name === "golang.org/x/text")!.properties).toEqual([{ name: "slipway:go.sum", value: "h1:aaa=" }]);
});

test("SPDX lists the same, with a relationship from the image to each", () => {
  const { packages, files, relationships, creationInfo, documentNamespace } = spdx(image) as Record<string, any>; // oxlint-disable-line typescript/no-explicit-any -- JSON
  expect([creationInfo.created, documentNamespace]).toEqual([
    "2026-11-28T08:00:00Z",
    `https://slipway.dev/spdx/registry.example/shop/web@${digest}`,
  ]);
  const found = packages as { name: string; externalRefs: { referenceLocator: string }[] }[];
  expect(found.slice(1).map(({ externalRefs: [ref] }) => ref!.referenceLocator)).toEqual(purls);
  expect(files).toMatchObject([{ fileName: "/app", checksums: [{ algorithm: "SHA256", checksumValue: "b".repeat(64) }] }]);
  expect((relationships as { relationshipType: string }[]).map(({ relationshipType }) => relationshipType)).toEqual([
    "DESCRIBES",
    ...Array<string>(5).fill("CONTAINS"),
  ]);
});

test("programs of one image have modules in common, which are listed once", () => {
  const { programs } = image.contents;
  const second = { ...programs[0]!, goVersion: "1.25.1", main: { path: "example.org/tool", version: "v1.2.0" } };
  const { components } = cycloneDx({ ...image, contents: { ...image.contents, programs: [...programs, second] } }) as Record<string, any>; // oxlint-disable-line typescript/no-explicit-any -- JSON
  const found = components as { type: string; purl?: string }[];
  expect(found.flatMap(({ purl }) => purl ?? []).sort()).toEqual(
    [...purls, "pkg:golang/example.org/tool@v1.2.0", "pkg:golang/std@1.25.1"].sort(),
  );
  expect(found.filter(({ type }) => type === "application")).toHaveLength(2);
});

test("both are the same for the same image", () => {
  expect([JSON.stringify(cycloneDx(image)), JSON.stringify(spdx(image))]).toEqual([
    JSON.stringify(cycloneDx(image)),
    JSON.stringify(spdx(image)),
  ]);
});
