import { settingsNamespace } from "../../../config/config-value.ts";
import { settings } from "../../../config/settings.ts";
import type { Codemod } from "./codemod.ts";

/** Settings had the namespace of the project's name, which a key without a namespace has too. */
export const renameNamespace: Codemod = {
  id: "settings-namespace",
  since: "0.1.0",
  description: `gives settings the namespace ${settingsNamespace}, instead of the project's name`,
  apply({ project, text }) {
    if (project === settingsNamespace) return [];
    const keys = text.keys(["config"]);
    const found = Object.keys(settings.shape).flatMap((name) =>
      [`${project}:${name}`, name].filter((key) => keys.includes(key)).map((key) => ({ key, name: `${settingsNamespace}:${name}` })),
    );
    // Other keys of the project are its own. Without services, a key such as `platform` probably is, too.
    if (!found.some(({ name }) => name === `${settingsNamespace}:services`)) return [];
    const clash = found.filter(({ name }) => keys.includes(name));
    if (clash.length > 0)
      return clash.map(
        ({ key, name }) => `config["${key}"]: was a setting of Slipway, and the file also has ${name}. Merge them, or remove one.`,
      );
    for (const { key, name } of found) text.rename(["config", key], name);
    return [];
  },
};
