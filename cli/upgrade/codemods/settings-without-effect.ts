import { Platform } from "../../../config/schema/setting.ts";
import { isMap, type Path } from "../../../lib/property-path.ts";
import { settingPath, unitsIn, type Codemod } from "./codemod.ts";

type Unit = Record<string, unknown>;

/** Settings that were accepted without an effect, and when: they are rejected now. */
const withoutEffect: { setting: Path; when: (unit: Unit, platform: string) => boolean }[] = [
  { setting: ["builder"], when: ({ image }) => image !== undefined },
  { setting: ["version"], when: ({ image }, platform) => image !== undefined && isOnDocker(platform) },
  { setting: ["shutdown", "sleepSeconds"], when: (_unit, platform) => platform === Platform.Swarm },
  // A Gateway that is created is in the service's namespace.
  { setting: ["gateway", "namespace"], when: ({ gateway }) => isMap(gateway) && gateway["className"] !== undefined },
  { setting: ["connectRetries"], when: isIgnored },
];

/** Removes settings that never had an effect. */
export const removeSettingsWithoutEffect: Codemod = {
  id: "settings-without-effect",
  since: "0.1.0",
  description: "removes settings that were accepted without an effect",
  apply({ text }) {
    const given = text.get(settingPath("platform"));
    const platform = typeof given === "string" ? given : Platform.Local;
    for (const { path } of unitsIn(text)) {
      const unit = text.get(path);
      if (!isMap(unit)) continue;
      for (const { setting, when } of withoutEffect)
        if (text.get([...path, ...setting]) !== undefined && when(unit, platform)) text.remove([...path, ...setting], path.length);
    }
    return [];
  },
};

function isOnDocker(platform: string): boolean {
  return platform === Platform.Docker || platform === Platform.Swarm;
}

/** Whether the ingress controller ignores `connectRetries`: one that is neither Traefik nor nginx, and nginx unless it is 0. */
function isIgnored({ connectRetries, ingressClassName }: Unit, platform: string): boolean {
  const usual = platform === Platform.Eks ? "alb" : "traefik";
  const name = ingressClassName ?? usual;
  return name === "nginx" ? connectRetries !== 0 : name !== "traefik";
}
