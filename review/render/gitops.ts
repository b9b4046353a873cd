import { stringify } from "yaml";
import { problemWithObjectName } from "../../lib/kubernetes-names.ts";
import { UserError } from "../../lib/user-error.ts";
import { plain, type Properties } from "../../lib/values.ts";
import { argoCdApplication, forArgoCd } from "./argo-cd.ts";
import { fluxBootstrap, fluxKustomization, forFlux } from "./flux.ts";
import { header } from "./folder.ts";
import { contentOf, fileNameOf, keysOf, objectsOf, withoutSecretChecksum, type OmittedSecret } from "./manifests.ts";
import { PartKind, partsOf, stagesOf, type Part } from "./parts.ts";
import type { Registered } from "./registrations.ts";

/** What applies the files of a rendering. */
export const Controller = { Flux: "flux", ArgoCd: "argocd" } as const;
export type Controller = (typeof Controller)[keyof typeof Controller];

/** Where the controller gets the files from. */
export type Source =
  | { kind: "oci"; repository: string; tag: string; plainHttp: boolean }
  /** @param url missing if this checkout has no remote repository */
  | { kind: "git"; url: string | undefined; branch: string; path: string };

/**
 * The content of a Secret's file: another object instead of it, or its encrypted text. Undefined if it is left out.
 *
 * @param annotate adds what the controller needs to know
 */
export type SecretWriter = (secret: Properties, file: string, annotate: (object: Properties) => Properties) => Promise<string | undefined>;

export interface GitOpsArgs {
  project: string;
  stack: string;
  controller: Controller;
  source: Source;
  writeSecret: SecretWriter;
  /** Whether files have Secrets that Flux decrypts. */
  hasEncrypted: boolean;
  /** Whether pod templates have checksums of Secrets, with a secret key. */
  hasChecksums: boolean;
}

export interface GitOpsFiles {
  /** Content by path. */
  files: Map<string, string>;
  /** Path of the file that users apply themselves, once. It is not in the artifact. */
  bootstrap: string;
  secrets: OmittedSecret[];
  /** Names of the services and jobs in the order in which they are applied, and the stack's and the rest's objects. */
  parts: Part[];
}

/** A part of a stack as files. */
export interface PartFiles {
  part: Part;
  /** Path of the folder. */
  folder: string;
  /** Names of the files of its objects. */
  names: string[];
  objects: Properties[];
}

/** The file that the user applies. */
const bootstrap = "bootstrap.yaml";

/**
 * The files of a stack for a GitOps controller: a folder for each service and job, the order in which they are applied, and what the user applies once.
 *
 * @throws UserError if an object contains a secret that is not in a Secret, or a value that is known only after deployment.
 */
export async function gitOpsFiles(resources: Registered[], args: GitOpsArgs): Promise<GitOpsFiles> {
  const name = nameOf(args);
  // Reports the problems of all parts at once.
  const known = objectsOf(resources);
  const isKept = [...known.objects, ...known.secrets].some(({ inputs }) => hasVolume(inputs));
  const parts = partsOf(resources);
  const stages = stagesOf(parts);
  const annotate = args.controller === Controller.Flux ? forFlux : forArgoCd;
  const files = new Map<string, string>();
  const secrets: OmittedSecret[] = [];
  const put = (path: string, content: string) => {
    if (files.has(path)) throw new UserError(`${path}: two objects have this file name. Rename one of them.`);
    files.set(path, content);
  };
  const written: PartFiles[] = [];
  for (const part of parts) {
    const { objects, secrets: own } = objectsOf(part.resources);
    const folder = [part.kind, part.name].filter(Boolean).join("/");
    const one: PartFiles = { part, folder, names: [], objects: [] };
    const withContext = (object: Properties) => annotate(object, { stage: stages.get(part)!, isKept });
    for (const { inputs } of objects) {
      const object = withContext(withoutPulumi(args.hasChecksums ? inputs : withoutSecretChecksum(inputs)));
      one.names.push(fileNameOf(inputs));
      one.objects.push(object);
      put(`${folder}/${fileNameOf(inputs)}`, contentOf(object));
    }
    for (const { inputs } of own) {
      const secret = withoutPulumi(plain<Properties>(inputs));
      const file = fileNameOf(secret);
      const content = await args.writeSecret(secret, `${folder}/${file}`, withContext);
      if (content === undefined) secrets.push({ name: String(secret["metadata"]?.name), keys: keysOf(inputs) });
      else {
        one.names.push(file);
        put(`${folder}/${file}`, content);
      }
    }
    one.names.sort();
    if (one.names.length > 0) written.push(one);
  }
  const top = args.controller === Controller.Flux ? fluxFiles(name, written, args, put) : argoCdFiles(name, resources, written, args, put);
  put("kustomization.yaml", kustomizationOf(top));
  return { files: new Map([...files].sort(([a], [b]) => (a < b ? -1 : 1))), bootstrap, secrets, parts };
}

type Put = (path: string, content: string) => void;

function fluxFiles(name: string, written: PartFiles[], args: GitOpsArgs, put: Put): string[] {
  const later = written.filter(({ part }) => part.kind !== PartKind.Stack);
  for (const { folder, names } of later) put(`${folder}/kustomization.yaml`, kustomizationOf(names));
  const waits = later.map((one): [string, object] => [`flux/${one.part.name || one.part.kind}.yaml`, fluxKustomization(name, one, args)]);
  for (const [path, object] of waits) put(path, contentOf(object));
  put(bootstrap, header + documents(fluxBootstrap(name, args)));
  return [...pathsOf(written.filter((one) => !later.includes(one))), ...waits.map(([path]) => path)];
}

function argoCdFiles(name: string, resources: Registered[], written: PartFiles[], args: GitOpsArgs, put: Put): string[] {
  const namespaces = new Set(objectsOf(resources).objects.map(({ inputs }) => inputs["metadata"]?.namespace as string | undefined));
  const [namespace] = [...namespaces].filter((one) => one !== undefined).sort();
  put(bootstrap, header + documents([argoCdApplication(name, { ...args, namespace })]));
  return pathsOf(written);
}

function pathsOf(written: PartFiles[]): string[] {
  return written.flatMap(({ folder, names }) => names.map((name) => `${folder}/${name}`));
}

function documents(objects: object[]): string {
  return objects.map((object) => stringify(object, { lineWidth: 0 })).join("---\n");
}

/** What Kustomize builds of a folder: https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/resource/. */
function kustomizationOf(resources: string[]): string {
  return contentOf({ apiVersion: "kustomize.config.k8s.io/v1beta1", kind: "Kustomization", resources: resources.toSorted() });
}

/** Name of the controller's objects. It becomes the value of a label, too. */
function nameOf({ project, stack }: GitOpsArgs): string {
  const name = `${project}-${stack}`.toLowerCase();
  const problem = name.length > longest ? `must be at most ${longest} characters long (got "${name}")` : problemWithObjectName(name);
  if (problem !== undefined) throw new UserError(`<project>-<stack>, the name of the controller's objects, ${problem}. Rename the stack.`);
  return name;
}

/** A label value has at most 63 characters, and `.rest` may be added. */
const longest = 58;

/** Annotations for Pulumi mean nothing to others. */
function withoutPulumi(inputs: Properties): Properties {
  const { annotations, ...metadata } = (inputs["metadata"] ?? {}) as Properties;
  if (annotations === undefined) return inputs;
  const kept = Object.fromEntries(Object.entries(annotations as Properties).filter(([key]) => !key.startsWith("pulumi.com/")));
  return { ...inputs, metadata: Object.keys(kept).length > 0 ? { ...metadata, annotations: kept } : metadata };
}

/** Whether data is lost with an object or with its namespace. */
function hasVolume({ kind, spec }: Properties): boolean {
  return kind === "PersistentVolumeClaim" || (kind === "StatefulSet" && (spec?.volumeClaimTemplates ?? []).length > 0);
}
