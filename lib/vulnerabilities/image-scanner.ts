import { z } from "zod";
import { command, succeeds } from "../command.ts";
import { UserError } from "../user-error.ts";
import { Level, Severity, sorted, type Finding } from "./finding.ts";

/** A program of the user that finds vulnerabilities in images, with its own database. Slipway never downloads one. */
export interface ImageScanner {
  name: "grype" | "trivy";
  /** @param image by digest. @throws UserError if it fails, for example because it has no database. */
  scan(image: string): Promise<Finding[]>;
}

/** The scanner on the PATH. Undefined if the PATH has neither. */
export async function imageScanner(): Promise<ImageScanner | undefined> {
  if (await succeeds("grype", ["version"])) return { name: "grype", scan: scanWithGrype };
  if (await succeeds("trivy", ["--version"])) return { name: "trivy", scan: scanWithTrivy };
  return undefined;
}

const severities: Record<string, Severity> = Object.fromEntries(Object.values(Severity).map((severity) => [severity, severity]));

function severityOf(text: string | undefined): Pick<Finding, "severity"> {
  const severity = severities[text?.toLowerCase() ?? ""];
  return severity === undefined ? {} : { severity };
}

const vulnerability = z.object({
  id: z.string(),
  dataSource: z.string().optional(),
  description: z.string().optional(),
});

/** https://github.com/anchore/grype/blob/main/grype/presenter/models/document.go */
const grypeDocument = z.object({
  matches: z.array(
    z.object({
      vulnerability: vulnerability.extend({
        severity: z.string().optional(),
        fix: z.object({ versions: z.array(z.string()).nullish() }).optional(),
      }),
      relatedVulnerabilities: z.array(vulnerability).nullish(),
      artifact: z.object({ name: z.string(), version: z.string() }),
    }),
  ),
});

async function scanWithGrype(image: string): Promise<Finding[]> {
  const env = { GRYPE_DB_AUTO_UPDATE: "false", GRYPE_CHECK_FOR_APP_UPDATE: "false" };
  const printed = await command("grype", [`registry:${image}`, "--output", "json", "--quiet"], { env, lines: 3 });
  return grypeFindings(printed);
}

/** @throws UserError if it is in another format. */
export function grypeFindings(printed: string): Finding[] {
  return distinct(
    read("grype", grypeDocument, printed).matches.map(({ vulnerability: one, relatedVulnerabilities: related, artifact }) => ({
      id: one.id,
      aliases: (related ?? []).map(({ id }) => id).filter((id) => id !== one.id),
      summary: summaryOf(one.description ?? related?.[0]?.description),
      url: one.dataSource ?? "",
      module: artifact.name,
      version: artifact.version,
      ...(one.fix?.versions?.[0] !== undefined && { fixed: one.fix.versions[0] }),
      level: Level.Present,
      ...severityOf(one.severity),
    })),
  );
}

/** https://trivy.dev/latest/docs/configuration/reporting/#json */
const trivyDocument = z.object({
  Results: z
    .array(
      z.object({
        Vulnerabilities: z
          .array(
            z.object({
              VulnerabilityID: z.string(),
              PkgName: z.string(),
              InstalledVersion: z.string(),
              FixedVersion: z.string().optional(),
              Severity: z.string().optional(),
              Title: z.string().optional(),
              Description: z.string().optional(),
              PrimaryURL: z.string().optional(),
              VendorIDs: z.array(z.string()).nullish(),
            }),
          )
          .nullish(),
      }),
    )
    .nullish(),
});

async function scanWithTrivy(image: string): Promise<Finding[]> {
  const offline = ["--skip-db-update", "--skip-java-db-update", "--offline-scan", "--skip-version-check"];
  const args = ["image", "--scanners", "vuln", "--format", "json", "--quiet", ...offline, "--image-src", "remote", image];
  return trivyFindings(await command("trivy", args, { lines: 3 }));
}

/** @throws UserError if it is in another format. */
export function trivyFindings(printed: string): Finding[] {
  const { Results: results } = read("trivy", trivyDocument, printed);
  return distinct(
    (results ?? []).flatMap(({ Vulnerabilities: all }) =>
      (all ?? []).map((one) => ({
        id: one.VulnerabilityID,
        aliases: one.VendorIDs ?? [],
        summary: summaryOf(one.Title ?? one.Description),
        url: one.PrimaryURL ?? "",
        module: one.PkgName,
        version: one.InstalledVersion,
        ...(one.FixedVersion && { fixed: one.FixedVersion }),
        level: Level.Present,
        ...severityOf(one.Severity),
      })),
    ),
  );
}

function read<T extends z.ZodType>(scanner: string, schema: T, printed: string): z.output<T> {
  let document: unknown;
  try {
    document = JSON.parse(printed);
  } catch {
    document = undefined;
  }
  const { data, error } = schema.safeParse(document);
  if (error) throw new UserError(`${scanner}: its output is in a form that Slipway does not know (${error.issues[0]!.path.join(".")}).`);
  return data;
}

function summaryOf(text = ""): string {
  const [first = ""] = text.trim().split("\n");
  return first.length > 120 ? `${first.slice(0, 119)}…` : first;
}

/** A package can be in an image several times. */
function distinct(findings: Finding[]): Finding[] {
  return sorted([...new Map(findings.map((one) => [JSON.stringify([one.id, one.module, one.version]), one])).values()]);
}
