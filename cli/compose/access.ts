import { nonRootUid } from "../../lib/non-root.ts";
import { baselineCapabilities, rootCapabilities } from "../../lib/security-level.ts";
import type { Settings } from "./convert.ts";
import type { Image } from "./image.ts";
import type { Unit } from "./unit.ts";

/** The user, and the security level: what Compose allows by default is the level baseline. */
export function convertAccess(unit: Unit, { known, tag, dockerfile, isGo }: Image): Settings {
  const { compose, note, assume } = unit;
  const { user, cap_add: added = [] } = compose;
  const [id = "", group] = (user ?? "").split(":");
  const isNumber = /^\d+$/.test(id);
  const given =
    user === undefined
      ? {}
      : {
          user: isNumber ? Number(id) : id,
          ...(group !== undefined && /^\d+$/.test(group) && Number(group) !== Number(id) && { group: Number(group) }),
        };
  if (group !== undefined && !/^\d+$/.test(group)) note("user", `is imported without the group "${group}"; set group to its ID`);
  const isRoot = id === "root" || (isNumber && Number(id) === 0);
  const wanted = added.map((capability) => capability.replace(/^CAP_/, ""));
  const allowed = wanted.filter((capability) => baselineCapabilities.includes(capability));
  const denied = wanted.filter((capability) => !allowed.includes(capability));
  if (denied.length > 0)
    note(
      "cap_add",
      `is imported without ${denied.join(", ")}, because with it a program can take over its node; check that the service works without it`,
    );
  if (known && user === undefined && allowed.length === 0) {
    const own = known.user?.(tag) ?? {};
    if (Object.keys(own).length > 0) assume(["user"], "The image's own user: it needs no root.");
    return own;
  }
  // An image that is built has no passwd file yet.
  if (user !== undefined && !isNumber && !isRoot && compose.build) {
    note("user", `is left out, because a name is only looked up in an existing image (got "${user}"); set user to its ID`);
    delete (given as Settings)["user"];
  }
  const fromDockerfile = dockerfile?.user;
  const ownId = /^(\d+)(?::(\d+))?$/.exec(fromDockerfile ?? "");
  const nonRoot = fromDockerfile === "nonroot" || fromDockerfile === "nonroot:nonroot" ? String(nonRootUid) : ownId?.[1];
  const isStrict = (isGo || dockerfile?.isMinimal) && !isRoot && allowed.length === 0;
  if (isStrict) {
    const idOfImage =
      user === undefined && nonRoot !== undefined && nonRoot !== "0" && Number(nonRoot) !== nonRootUid ? { user: Number(nonRoot) } : {};
    return { ...given, ...idOfImage };
  }
  const settings: Settings = user !== undefined && !isRoot ? given : {};
  if (user === undefined && nonRoot !== undefined && nonRoot !== "0") settings["user"] = Number(nonRoot);
  const why =
    isRoot || allowed.length > 0
      ? "As in the Compose file"
      : compose.build
        ? "The image is built for Compose, which does not restrict it"
        : "The image is made for Compose, which does not restrict it";
  assume(["security"], "Compose restricts nothing. Remove this to try the stricter level: no root, and a read-only root file system.");
  return {
    ...settings,
    ...(isRoot && { user: 0 }),
    security: {
      level: "baseline",
      reason: why,
      ...(allowed.length > 0 && { capabilities: [...new Set([...rootCapabilities, ...allowed])].sort() }),
    },
  };
}
