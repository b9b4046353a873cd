import { supplyChainSettings, type SupplyChainSettings } from "./schema/supply-chain.ts";
import { settingsIn, type Stack } from "./stack-file.ts";

/** Whether previews and the gate look for vulnerabilities, and deployments record them. */
export function requiresScans({ vulnerabilities, maxSeverity }: Pick<SupplyChainSettings, "vulnerabilities" | "maxSeverity">): boolean {
  return vulnerabilities?.scan ?? maxSeverity !== undefined;
}

/** Whether the stack needs the vulnerability database. */
export function needsDatabase(settings: SupplyChainSettings): boolean {
  return requiresScans(settings) || settings.attest?.vulnerabilities === true || (settings.require ?? []).includes("vulnerabilities");
}

/** What a stack file sets, for what must be quick. Undefined if it is invalid, which is reported elsewhere. */
export function supplyChainOf(stack: Stack): SupplyChainSettings | undefined {
  return supplyChainSettings.safeParse(settingsIn(stack, "supplyChain")).data;
}

/** Whether the previews of a stack look for vulnerabilities. */
export function scansPreviews(stack: Stack): boolean {
  const settings = supplyChainOf(stack);
  return settings !== undefined && requiresScans(settings);
}
