import type { Problem } from "../lib/problem.ts";
import { isMap, valueAt, type Path } from "../lib/property-path.ts";
import { secretMask } from "../lib/secret-mask.ts";
import { serviceSettings, type ServiceSettings } from "./schema/service.ts";
import type { Platform } from "./schema/setting.ts";
import { problemsWithSecrets, problemsWithServices } from "./services.ts";
import { settings, type LoadRules, type PlatformSettings, type Services, type Settings } from "./settings.ts";
import { problemsWithSupport } from "./support.ts";
import { problemsWithShape } from "./shape.ts";

export interface CheckOptions {
  /** Paths of secret values, which no message may contain. @default - none. */
  secretPaths?: Path[];
}

/** Checks settings as a stack file has them. Returns all problems, or the settings with defaults if there are none. */
export async function checkSettings(
  input: Record<string, unknown>,
  loadRules: LoadRules,
  { secretPaths = [] }: CheckOptions = {},
): Promise<{ value?: Settings; problems: Problem[] }> {
  // Missing settings of a platform are reported as the required fields in them.
  if (input["platform"] === "eks" && input["eks"] === undefined) return checkSettings({ ...input, eks: {} }, loadRules, { secretPaths });
  const result = settings.safeParse(input);
  const issues = result.error?.issues ?? [];
  // Services with a valid shape are checked further, even if something else is invalid.
  const { data: platform } = settings.shape.platform.safeParse(input["platform"]);
  const rules = platform && (await loadRules(platform));
  const own = platform && platformSettings(platform, input);
  const given = isMap(input["services"]) ? input["services"] : {};
  const invalid = new Set(issues.filter(({ path }) => path[0] === "services").map(({ path }) => path[1]));
  const written: Services = {};
  for (const [name, service] of Object.entries(parsed(given))) if (!invalid.has(name)) written[name] = service;
  const withDefaults = ([name, service]: [string, ServiceSettings]) => [name, rules && own ? rules.withDefaults(service, own) : service];
  const services = Object.fromEntries(Object.entries(written).map(withDefaults)) as Services;
  const mask = secretMask(secretPaths.map((path) => valueAt(input, path)));
  const violations = [
    ...(isMap(input["services"]) && Object.keys(given).length === 0 && !rules?.mayBeEmpty
      ? [{ path: ["services"], message: "must have at least one service" }]
      : []),
    ...problemsWithServices(services, Object.keys(given)),
    ...problemsWithSecrets(given, secretPaths),
    ...(platform ? problemsWithSupport(platform, written) : []),
    ...(rules && own ? rules.problemsWith(own, services) : []),
  ];
  const problems = [
    ...issues.flatMap((issue) => problemsWithShape(issue, input, secretPaths)),
    ...violations.map(({ path, message }) => ({ path, message: mask(message) })),
  ];
  return result.success && problems.length === 0 ? { value: { ...result.data, services }, problems } : { problems };
}

/** The settings of a platform; undefined if their shape is invalid. */
function platformSettings(platform: Platform, input: Record<string, unknown>): PlatformSettings | undefined {
  const own = settings.shape[platform].safeParse(input[platform]);
  return own.success ? ({ platform, [platform]: own.data } as PlatformSettings) : undefined;
}

/** The services whose shape is valid. */
function parsed(services: Record<string, unknown>): Record<string, ServiceSettings> {
  const results = Object.entries(services).map(([name, service]) => [name, serviceSettings.safeParse(service)] as const);
  return Object.fromEntries(results.flatMap(([name, { success, data }]) => (success ? [[name, data]] : [])));
}
