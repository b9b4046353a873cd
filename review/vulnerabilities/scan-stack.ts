import { stripVTControlCharacters } from "node:util";
import { builtByGo, scanGoImage } from "../../config/go-scans.ts";
import { imageSources } from "../../config/image-sources.ts";
import type { Configuration } from "../../config/settings.ts";
import { ageProblem, type VulnerabilityDatabase } from "../../lib/vulnerabilities/database.ts";
import {
  expiredExceptions,
  isAbout,
  unusedExceptions,
  validExceptions,
  type VulnerabilityException,
} from "../../lib/vulnerabilities/exceptions.ts";
import type { Finding } from "../../lib/vulnerabilities/finding.ts";
import { imageScanner, type ImageScanner } from "../../lib/vulnerabilities/image-scanner.ts";
import { upgradeOf } from "../../lib/vulnerabilities/upgrade.ts";
import { step } from "../../lib/progress.ts";
import { UserError } from "../../lib/user-error.ts";
import { loadPlatform } from "../../platforms/platform.ts";

/** A vulnerability of a service. */
export interface ServiceFinding extends Finding {
  /** What upgrades its module to a version without it. @default - no version is without it, or it is not a module of Go */
  upgrade?: string;
  /** The exception that accepts it. @default - none */
  exception?: VulnerabilityException;
}

/** The vulnerabilities of a service or job. */
export interface ServiceScan {
  service: string;
  /** Its source, or its image. */
  of: string;
  isBuiltByGo: boolean;
  /** @default - it was not scanned */
  scanner?: "govulncheck" | ImageScanner["name"];
  /** Why it was not scanned. @default - it was */
  notScanned?: string;
  findings: ServiceFinding[];
}

/** The vulnerabilities of a stack. */
export interface StackScan {
  database: Pick<VulnerabilityDatabase, "version" | "date"> | undefined;
  services: ServiceScan[];
  /** About the database and exceptions. */
  warnings: string[];
}

export interface ScanOptions {
  /** Go's database. Without it, what Go builds is not scanned. */
  database: VulnerabilityDatabase | undefined;
  now: Date;
  /** Services and jobs. @default - all */
  names?: string[];
  /** Images that run now. Those that are built from a Dockerfile are scanned as they run. */
  deployed?: Record<string, string>;
}

/**
 * Looks for vulnerabilities in the services and jobs of a stack: in the source of what Go builds, and with a scanner of the user in other images.
 *
 * @throws UserError if a program does not compile, or there is no service of a name.
 */
export async function scanStack(configuration: Configuration, options: ScanOptions): Promise<StackScan> {
  const { database, now, names = [], deployed = {} } = options;
  const all = { ...configuration.services, ...configuration.jobs };
  const unknown = names.filter((name) => all[name] === undefined);
  if (unknown.length > 0) throw new UserError(`service: the stack has no ${unknown.join(", ")}. It has ${Object.keys(all).join(", ")}.`);
  const { imageDefaults } = await loadPlatform(configuration.platform);
  const sources = imageSources(configuration, imageDefaults(configuration));
  const programs = builtByGo(sources);
  const scanner = lazy(imageScanner);
  const services: ServiceScan[] = [];
  for (const service of names.length > 0 ? names : Object.keys(all)) {
    const [program, source] = [programs.get(service), sources.get(service)];
    if (program) {
      services.push(await scanProgramOf(service, program, configuration, database));
      continue;
    }
    const image = source ? deployed[service] : all[service]!.image;
    const of = image ?? source!.source;
    if (image === undefined)
      services.push({ service, of, isBuiltByGo: false, findings: [], notScanned: "it is built from a Dockerfile and does not run yet" });
    else services.push(await scanImage(service, image, await scanner()));
  }
  const today = now.toISOString().slice(0, 10);
  const { exceptions = [] } = configuration.supplyChain.vulnerabilities ?? {};
  const age = database && ageProblem(database, now);
  return {
    database: database && { version: database.version, date: database.date },
    services: services.map((one) => ({
      ...one,
      findings: one.findings.map((finding) => excepted(finding, one.service, exceptions, today)),
    })),
    warnings: [
      ...(age === undefined ? [] : [age]),
      ...expiredExceptions(exceptions, services, today),
      // What was not scanned may have what the exception is for.
      ...(names.length === 0 && services.every(({ scanner }) => scanner) ? unusedExceptions(exceptions, services) : []),
    ],
  };
}

type Source = ReturnType<typeof imageSources> extends Map<string, infer V> ? V : never;

async function scanProgramOf(
  service: string,
  source: Source,
  { services }: Configuration,
  database: VulnerabilityDatabase | undefined,
): Promise<ServiceScan> {
  const of = source.source;
  const isBuiltByGo = true;
  if (database === undefined) return { service, of, isBuiltByGo, findings: [], notScanned: "there is no vulnerability database" };
  const { findings, toolchain, module } = await scanGoImage(source, database, service);
  const setting = `slipway:${services[service] ? "services" : "jobs"}.${service}.build.env.GOTOOLCHAIN`;
  const place = { module, toolchain, ...(source.build?.env?.["GOTOOLCHAIN"] !== undefined && { toolchainSetting: setting }) };
  const withUpgrade = findings.map((finding): ServiceFinding => {
    const upgrade = upgradeOf(finding, place);
    return { ...finding, ...(upgrade !== undefined && { upgrade }) };
  });
  return { service, of, isBuiltByGo, scanner: "govulncheck", findings: withUpgrade };
}

async function scanImage(service: string, image: string, scanner: ImageScanner | undefined): Promise<ServiceScan> {
  const none = { service, of: image, isBuiltByGo: false, findings: [] };
  if (!scanner) return { ...none, notScanned: "neither grype nor trivy is on the PATH" };
  const { name } = scanner;
  try {
    return { ...none, scanner: name, findings: await step(`scan ${service} with ${name}`, () => scanner.scan(image)) };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { ...none, notScanned: `${name} failed: ${reasonIn(error)}` };
  }
}

/** The last line that a scanner printed: `[0000] ERROR database does not exist`, in colours. */
function reasonIn({ message }: Error): string {
  const last = stripVTControlCharacters(message).trimEnd().split("\n").at(-1)!;
  return last.replace(/^[\s|]*(\[\d+\]\s+)?((ERROR|FATAL)\s+)?/, "");
}

function excepted(finding: ServiceFinding, service: string, exceptions: VulnerabilityException[], today: string): ServiceFinding {
  const exception = validExceptions(exceptions, service, today).find((one) => isAbout(one, finding));
  return exception ? { ...finding, exception } : finding;
}

function lazy<T>(work: () => Promise<T>): () => Promise<T> {
  let known: Promise<T> | undefined;
  return () => (known ??= work());
}
