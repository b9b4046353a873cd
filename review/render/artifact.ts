import { artifact, layer, mediaTypes, type ArtifactTypes, type LayerEntry, type OciImage } from "../../lib/oci.ts";
import { Controller } from "./gitops.ts";

/**
 * Media types that the controllers expect: those of `flux push artifact` (https://fluxcd.io/flux/cheatsheets/oci-artifacts/), and for Argo CD those that it
 * accepts without a setting (https://argo-cd.readthedocs.io/en/stable/user-guide/oci/).
 */
const types: Record<Controller, ArtifactTypes> = {
  [Controller.Flux]: { config: "application/vnd.cncf.flux.config.v1+json", layer: "application/vnd.cncf.flux.content.v1.tar+gzip" },
  [Controller.ArgoCd]: { config: mediaTypes.config, layer: mediaTypes.tarGzip },
};

/** Where the content of an artifact comes from. What is not known is left out. */
export interface Provenance {
  /** URL of the repository. */
  source?: string;
  /** Branch and commit. */
  revision?: string;
  /** Time of the commit. */
  created?: string;
}

/** Files as an OCI artifact with one layer. The same files give the same layer. */
export async function artifactOf(files: Map<string, string>, controller: Controller, provenance: Provenance): Promise<OciImage> {
  const folders = new Set([...files.keys()].flatMap(foldersOf));
  const entries: LayerEntry[] = [
    ...[...folders].map((path) => ({ path: `${path}/`, mode: 0o755 })),
    ...[...files].map(([path, content]) => ({ path, mode: 0o644, content })),
  ].sort((a, b) => (a.path < b.path ? -1 : 1));
  const annotations = Object.entries(provenance).map(([name, value]) => [`org.opencontainers.image.${name}`, value]);
  return artifact(await layer(entries, "gzip"), types[controller], Object.fromEntries(annotations) as Record<string, string>);
}

/** The folders above a file. */
function foldersOf(path: string): string[] {
  const above = path.split("/").slice(0, -1);
  return above.map((_, i) => above.slice(0, i + 1).join("/"));
}
