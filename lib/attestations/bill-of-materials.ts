import { PackageURL } from "packageurl-js";
import type { ImageContents } from "./image-contents.ts";
import type { GoModule } from "./go-modules.ts";

/** What a bill of materials lists, in no particular format. */
export interface Material {
  kind: "module" | "package" | "file";
  name: string;
  version: string | undefined;
  purl: string | undefined;
  sha256: string | undefined;
  /** Hash as in go.sum. */
  sum: string | undefined;
}

/** The image that a bill of materials is about. */
export interface BilledImage {
  /** Repository, such as `registry.example/shop/web`. */
  repository: string;
  /** Of the manifest for the platform. */
  digest: string;
  contents: ImageContents;
  /** Time of the commit, else of the image. */
  created: Date;
  slipway: string;
}

/** Everything in an image: the modules of its programs with Go's standard library, packages of the distribution, and files that the build added. */
export function materialsOf({ programs, packages, distribution, files }: ImageContents): Material[] {
  const inPrograms = programs.flatMap(({ main, goVersion, modules }) => [
    ...(main ? [main] : []),
    { path: "std", version: goVersion },
    ...modules,
  ]);
  // Programs have modules in common.
  const modules = new Map(inPrograms.map((one) => [`${one.path}@${one.version}`, one])).values();
  return [
    ...[...modules].map(({ path, version, sum }: GoModule) => material("module", path, { version, sum, purl: goPurl(path, version) })),
    ...packages.map(({ type, name, version, architecture }) => {
      const qualifiers = { ...(architecture && { arch: architecture }), ...(distribution && { distro: distroOf(distribution) }) };
      const purl = new PackageURL(type, distribution?.id, name, version, qualifiers, undefined).toString();
      return material("package", name, { version, purl });
    }),
    ...files.map(({ path, sha256 }) => material("file", `/${path}`, { sha256 })),
  ];
}

function material(kind: Material["kind"], name: string, more: Partial<Material>): Material {
  return { kind, name, version: undefined, purl: undefined, sha256: undefined, sum: undefined, ...more };
}

/** https://github.com/package-url/purl-spec/blob/main/types-doc/golang-definition.md */
export function goPurl(path: string, version: string): string {
  const at = path.lastIndexOf("/");
  const known = version === "(devel)" || version === "" ? undefined : version;
  return new PackageURL("golang", at < 0 ? undefined : path.slice(0, at), path.slice(at + 1), known, undefined, undefined).toString();
}

function distroOf({ id, version }: { id: string; version: string | undefined }): string {
  return version === undefined ? id : `${id}-${version}`;
}

/** https://github.com/package-url/purl-spec/blob/main/types-doc/oci-definition.md */
export function imagePurl({ repository, digest, contents }: Pick<BilledImage, "repository" | "digest"> & Partial<BilledImage>): string {
  const name = repository.slice(repository.lastIndexOf("/") + 1);
  const qualifiers = { ...(contents && { arch: contents.platform.architecture }), repository_url: repository };
  return new PackageURL("oci", undefined, name, digest, qualifiers, undefined).toString();
}
