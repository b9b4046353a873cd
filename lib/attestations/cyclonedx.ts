import { Enums, Models, Serialize, Spec } from "@cyclonedx/cyclonedx-library";
import { imagePurl, materialsOf, type BilledImage, type Material } from "./bill-of-materials.ts";

const types = { module: Enums.ComponentType.Library, package: Enums.ComponentType.Library, file: Enums.ComponentType.File };

/** The bill of materials of an image in CycloneDX 1.6, https://cyclonedx.org/docs/1.6/json/. */
export function cycloneDx(image: BilledImage): Record<string, unknown> {
  const purl = imagePurl(image);
  const bom = new Models.Bom({
    metadata: new Models.Metadata({
      timestamp: image.created,
      component: new Models.Component(Enums.ComponentType.Container, image.repository, { version: image.digest, purl, bomRef: purl }),
      tools: new Models.Tools({
        components: new Models.ComponentRepository([
          new Models.Component(Enums.ComponentType.Application, "slipway", { version: image.slipway }),
        ]),
      }),
    }),
  });
  const mains = new Set(image.contents.programs.map(({ main }) => main?.path));
  for (const material of materialsOf(image.contents))
    bom.components.add(component(material, material.kind === "module" && mains.has(material.name)));
  const serializer = new Serialize.JsonSerializer(new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6));
  return JSON.parse(serializer.serialize(bom, { sortLists: true })) as Record<string, unknown>;
}

function component({ kind, name, version, purl, sha256, sum }: Material, isMain: boolean): Models.Component {
  const one = new Models.Component(isMain ? Enums.ComponentType.Application : types[kind], name, { bomRef: purl ?? name });
  if (version !== undefined) one.version = version;
  if (purl !== undefined) one.purl = purl;
  if (sha256 !== undefined) one.hashes.set(Enums.HashAlgorithm["SHA-256"], sha256);
  if (sum !== undefined) one.properties.add(new Models.Property("slipway:go.sum", sum));
  return one;
}
