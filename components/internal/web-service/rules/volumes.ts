import { AccessMode, type VolumeArgs, type WebServiceArgs } from "../../../web-service-args.ts";
import { formatPath } from "../../../../lib/property-path.ts";
import { dataKeyOf, problemWithName, problemWithObjectName } from "../../../../lib/kubernetes-names.ts";
import { serviceDefaults } from "../../../web-service-defaults.ts";
import type { WebServiceSpec } from "../spec.ts";
import { ifKnown, prefixed, type Report } from "../../../../lib/problem.ts";
import { problemWithBytes } from "./resources.ts";

const accessModes: string[] = Object.values(AccessMode);

/** Names of the volumes for files, see ../configuration.ts. */
const reservedNames = /^(files|secret-files|secret-folder-\d+)$/;

export function checkVolumes(args: WebServiceArgs, spec: WebServiceSpec, report: Report): void {
  for (const [name, volume] of Object.entries(args.volumes ?? {})) {
    const reportVolume: Report = (path, message) => report(["volumes", name, ...path], message);
    reportVolume([], prefixed("the name", problemWithName(name)));
    reportVolume([], reservedNames.test(name) && "is a reserved name. Choose another");
    reportVolume(["size"], problemWithBytes(volume.size));
    if (volume.kind === "persistent") checkPersistent(volume, spec, reportVolume);
    else
      for (const key of ["storageClass", "accessMode"] as const)
        reportVolume([key], volume[key] !== undefined && "requires kind persistent. Remove it");
  }
  checkPaths(args, report);
}

function checkPersistent(
  { accessMode = serviceDefaults.accessMode, storageClass }: VolumeArgs,
  spec: WebServiceSpec,
  report: Report,
): void {
  report(["storageClass"], ifKnown(storageClass, problemWithObjectName));
  report(["accessMode"], !accessModes.includes(accessMode) && `must be ${accessModes.join(" or ")} (got "${accessMode}")`);
  const pods = spec.autoscaling?.maxReplicas ?? spec.replicas;
  const oneWriter = ["ReadWriteOnce", "ReadWriteOncePod"].includes(accessMode);
  report(
    ["accessMode"],
    spec.kind !== "stateful" &&
      oneWriter &&
      typeof pods === "number" &&
      pods > 1 &&
      `${accessMode} allows one node to write, but the service has ${spec.autoscaling ? "up to " : ""}${pods} replicas. Set kind: stateful (a volume for each replica), accessMode: ReadWriteMany with a StorageClass that supports it, or replicas: 1`,
  );
}

/** Something mounted at a path in the container. Only a volume can contain further mounts. */
interface Mount {
  at: string[];
  path: string;
  is: "a file" | "a read-only folder" | "a volume";
}

function checkPaths(args: WebServiceArgs, report: Report): void {
  const of = (source: "files" | "secretFiles" | "secretFolders", is: Mount["is"]) =>
    Object.keys(args[source] ?? {}).map((path): Mount => ({ at: [source, path], path, is }));
  const mounts: Mount[] = [
    ...of("files", "a file"),
    ...of("secretFiles", "a file"),
    ...of("secretFolders", "a read-only folder"),
    ...Object.entries(args.volumes ?? {}).map(([name, { mountPath }]): Mount => ({
      at: ["volumes", name, "mountPath"],
      path: mountPath,
      is: "a volume",
    })),
  ];
  for (const [i, { at, path, is }] of mounts.entries()) {
    report(at, problemWithPath(path));
    report(at, is === "a file" && problemWithFilePath(path));
    const same = mounts.slice(0, i).find((other) => other.path === path);
    report(at, same && `is also the path of ${formatPath(same.at.slice(0, 2))}. Choose another path`);
    const above = mounts.find((other) => other.is !== "a volume" && path.startsWith(`${other.path}/`));
    report(at, above && `is below ${above.path}, which is ${above.is}. Choose another path`);
  }
}

function problemWithPath(path: string): string | undefined {
  if (!/^(\/[^/:\0]+)+$/.test(path) || /\/\.\.?(\/|$)/.test(path))
    return `must be an absolute path without ".", ".." and ":" such as /etc/web/config.yaml (got "${path}")`;
  if (/^\/(proc|sys|dev(?!\/shm$))(\/|$)/.test(path)) return `must not be in /proc, /sys or /dev (got "${path}")`;
  return undefined;
}

/** The path becomes a key of a ConfigMap or Secret, in which a byte of a special character takes three characters. */
function problemWithFilePath(path: string): string | false {
  const { length } = dataKeyOf(path);
  return length > 253 && `must be at most 253 characters long as a key of a ConfigMap or Secret (got ${length}). Choose a shorter path`;
}
