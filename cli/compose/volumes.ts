import type { Settings } from "./convert.ts";
import type { KnownImage } from "./known-images.ts";
import type { Unit } from "./unit.ts";

const temporarySize = "64Mi";
const persistentSize = "1Gi";

export interface Volumes {
  volumes: Record<string, Settings>;
  /** Paths of persistent volumes. */
  dataPaths: string[];
  hasData: boolean;
}

/** The volumes of a service, and those that its image needs because the root file system is read-only here. */
export function convertVolumes(unit: Unit, known: KnownImage | undefined): Volumes {
  const { compose, project, isJob, files, note, assume } = unit;
  const volumes: Record<string, Settings> = {};
  const add = (wanted: string, settings: Settings, why?: string) => {
    let name = wanted;
    for (let i = 2; name in volumes || /^(files|secret-files|secret-folder-\d+)$/.test(name); i++) name = `${wanted}-${i}`;
    volumes[name] = settings;
    if (why !== undefined) assume(["volumes", name], why);
    return name;
  };
  const persistent = (name: string, mountPath: string, key: string, why: string) => {
    if (isJob) {
      note(key, `is left out, because a job has no persistent volume (${mountPath}); let it call the service that has the data`);
      return;
    }
    add(name, { kind: "persistent", mountPath, size: persistentSize }, why);
  };
  const mounted = new Map<string, string>();
  for (const [i, { type, source, target, tmpfs: options, read_only: readOnly, volume }] of (compose.volumes ?? []).entries()) {
    const key = `volumes[${i}]`;
    if (type === "bind") {
      if (files.folders.has(key))
        persistent(objectName(target), target, key, "A folder of the host in the Compose file. Set the size that the service needs.");
    } else if (type === "volume" && source !== undefined) {
      const users = Object.entries(project.services ?? {}).filter(([, other]) =>
        (other.volumes ?? []).some((v) => v.type === "volume" && v.source === source),
      );
      if (users.length > 1)
        note(
          key,
          `becomes a volume of its own, because services share no volumes (${users.map(([user]) => user).join(" and ")} use "${source}"); share data over the network`,
        );
      if (mounted.has(source))
        note(
          key,
          `becomes a volume of its own, because a volume has one path (${source} is also at ${mounted.get(source)}); use one path for both`,
        );
      mounted.set(source, target);
      if (project.volumes?.[source]?.external)
        note(key, `becomes a new volume, because "${source}" is external; copy its data to the new volume`);
      if (volume?.subpath)
        note(`${key}.volume.subpath`, "is left out, because a volume is mounted as a whole; use the path in the program's settings");
      if (readOnly) note(key, `can be written to, because volumes are read-write (${target}); check that the service does not write there`);
      persistent(objectName(source), target, key, "Compose volumes have no size. Set the one that the service needs.");
    } else if (type === "volume" && known?.data.includes(target))
      persistent("data", target, key, "Compose volumes have no size. Set the one that the service needs.");
    else if (type === "volume" || type === "tmpfs")
      add(objectName(target), { kind: "emptyDir", mountPath: target, size: sizeOf(options?.size) });
    else
      note(
        key,
        `is left out, because only the types volume, bind and tmpfs are supported (got ${type}); check that the service works without it`,
      );
  }
  for (const entry of compose.tmpfs ?? []) {
    const [target = "", options = ""] = entry.split(":");
    const [, bytes, unitOfSize = ""] = /size=(\d+)([kmg]?)/i.exec(options) ?? [];
    const factor = { k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 }[unitOfSize.toLowerCase()] ?? 1;
    add(objectName(target), {
      kind: "emptyDir",
      mountPath: target,
      size: bytes === undefined ? temporarySize : sizeOf(String(Number(bytes) * factor)),
    });
  }
  const paths = () => Object.values(volumes).map(({ mountPath }) => String(mountPath));
  const isCovered = (path: string) =>
    paths().some((mount) => mount === path || path.startsWith(`${mount}/`) || mount.startsWith(`${path}/`));
  if (known && !isJob) {
    for (const path of known.data)
      if (!isCovered(path))
        add(
          "data",
          { kind: "persistent", mountPath: path, size: persistentSize },
          "The image keeps its data here. Set the size that it needs.",
        );
    for (const path of known.writable)
      if (!isCovered(path)) add(objectName(path), { kind: "emptyDir", mountPath: path, size: temporarySize }, "The image writes to it.");
  }
  const data = Object.values(volumes).filter(({ kind }) => kind === "persistent");
  return { volumes, dataPaths: data.map(({ mountPath }) => String(mountPath)), hasData: data.length > 0 };
}

function sizeOf(bytes: string | undefined): string {
  return bytes === undefined || Number(bytes) <= 0 ? temporarySize : `${Math.max(1, Math.ceil(Number(bytes) / 2 ** 20))}Mi`;
}

function objectName(text: string): string {
  const name = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 50)
    .replace(/-+$/, "");
  return /^[a-z]/.test(name) ? name : `v-${name || "data"}`;
}
