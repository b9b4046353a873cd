import type { WebServiceArgs } from "../web-service-args.ts";
import type { Problem, Report } from "../../lib/problem.ts";
import { resolve } from "../internal/web-service/defaults.ts";
import { checkConfiguration } from "../internal/web-service/rules/configuration.ts";
import { checkExposure } from "../internal/web-service/rules/exposure.ts";
import { checkIdentity } from "../internal/web-service/rules/identity.ts";
import { checkLife } from "../internal/web-service/rules/life.ts";
import { checkAccount, checkNetwork } from "../internal/web-service/rules/network.ts";
import { checkPlacement } from "../internal/web-service/rules/placement.ts";
import { checkPorts } from "../internal/web-service/rules/ports.ts";
import { checkResources } from "../internal/web-service/rules/resources.ts";
import { checkScaling } from "../internal/web-service/rules/scaling.ts";
import { checkVolumes } from "../internal/web-service/rules/volumes.ts";

export { routeKey } from "../internal/web-service/rules/exposure.ts";

/**
 * What is wrong with the arguments of a WebService, as far as their values are known: the rules that a stack file and a
 * program are held to alike. They refuse what Kubernetes would refuse later, and what it would take and could not work.
 */
export function problemsWithWebService(name: string, args: WebServiceArgs): Problem[] {
  const problems: Problem[] = [];
  const report: Report = (path, message) => {
    if (message) problems.push({ path, message });
  };
  const spec = resolve(name, args);
  checkIdentity(name, args, report);
  checkPorts(spec, report);
  checkScaling(args, spec, report);
  checkLife(args, spec, report);
  checkResources(args, spec, report);
  checkPlacement(args, report);
  checkConfiguration(args, report);
  checkVolumes(args, spec, report);
  checkNetwork(args, spec, report);
  checkAccount(args, report);
  checkExposure(args, spec, report);
  return problems;
}
