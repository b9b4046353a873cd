import { createHash } from "node:crypto";
import { imagePurl, materialsOf, type BilledImage, type Material } from "./bill-of-materials.ts";

/** The bill of materials of an image in SPDX 2.3, https://spdx.github.io/spdx-spec/v2.3/. */
export function spdx(image: BilledImage): Record<string, unknown> {
  const materials = materialsOf(image.contents).map((material) => ({ ...material, id: idOf(material) }));
  const root = "SPDXRef-image";
  return {
    spdxVersion: "SPDX-2.3",
    dataLicense: "CC0-1.0",
    SPDXID: "SPDXRef-DOCUMENT",
    name: image.repository,
    documentNamespace: `https://slipway.dev/spdx/${image.repository}@${image.digest}`,
    creationInfo: { created: image.created.toISOString().replace(/\.\d+Z$/, "Z"), creators: [`Tool: slipway-${image.slipway}`] },
    packages: [
      {
        ...packageOf({ id: root, name: image.repository, version: image.digest, purl: imagePurl(image) }),
        primaryPackagePurpose: "CONTAINER",
      },
      ...materials.filter(({ kind }) => kind !== "file").map(packageOf),
    ],
    files: materials
      .filter(({ kind }) => kind === "file")
      .map(({ id, name, sha256 }) => ({
        SPDXID: id,
        fileName: name,
        checksums: [{ algorithm: "SHA256", checksumValue: sha256 }],
        licenseConcluded: "NOASSERTION",
        copyrightText: "NOASSERTION",
      })),
    relationships: [
      { spdxElementId: "SPDXRef-DOCUMENT", relationshipType: "DESCRIBES", relatedSpdxElement: root },
      ...materials.map(({ id }) => ({ spdxElementId: root, relationshipType: "CONTAINS", relatedSpdxElement: id })),
    ],
  };
}

function packageOf({
  id,
  name,
  version,
  purl,
  sum,
}: Pick<Material, "name" | "version" | "purl"> & { id: string; sum?: string | undefined }) {
  return {
    SPDXID: id,
    name,
    ...(version !== undefined && { versionInfo: version }),
    downloadLocation: "NOASSERTION",
    filesAnalyzed: false,
    licenseConcluded: "NOASSERTION",
    licenseDeclared: "NOASSERTION",
    copyrightText: "NOASSERTION",
    ...(sum !== undefined && { comment: `go.sum ${sum}` }),
    ...(purl !== undefined && {
      externalRefs: [{ referenceCategory: "PACKAGE-MANAGER", referenceType: "purl", referenceLocator: purl }],
    }),
  };
}

/** IDs have only letters, digits, dots and hyphens. */
function idOf({ kind, name, version = "" }: Material): string {
  return `SPDXRef-${kind}-${createHash("sha256").update(`${name}@${version}`).digest("hex").slice(0, 16)}`;
}
